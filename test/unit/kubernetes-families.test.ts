/** The IP families of a region in an existing cluster. test/engine/kubernetes-reload.test.ts tests a cluster's answers, and kubernetes.test.ts a cluster with only IPv4. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import {
  type KubernetesCase,
  kubernetesKeys,
  kubernetesPlan,
  kubernetesRegions,
} from "../support/kubernetes-regions.ts";
import { planRequest } from "../support/plan-request.ts";

const both = ["203.0.113.0/24", "2001:db8::/32"];

function planned(expose: object, clients: unknown = both, name: KubernetesCase = "volumes") {
  const keys = kubernetesKeys(name, { access: { clients }, expose });
  const { problems, warnings } = planKubernetes(planRequest("kubernetes", keys));
  const texts = (all: typeof problems) =>
    all.filter(({ path }) => path !== "storage.size").map(({ path, message }) => `${path}: ${message}`);
  return { problems: texts(problems), warnings: texts(warnings) };
}

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";
const dualStack = `${prefix}ip-address-type: dualstack`;
/** A load balancer of AWS, with these additional annotations. */
const inAws = (families: object, annotations: Record<string, string> = {}) => ({
  kind: "loadBalancer",
  ...families,
  annotations: Object.fromEntries(
    Object.entries({ type: "external", ...annotations }).map(([key, value]) => [prefix + key, value]),
  ),
});
const loadBalancer = (families: object = {}) => ({ kind: "loadBalancer", ...families });
const nothing = { problems: [], warnings: [] };

test("sets the configured families only on the Service for clients", () => {
  const families = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6", "IPv4"] };
  const services = (name: KubernetesCase, expose: object) => {
    const { service, peerServices } = renderWorkload(kubernetesPlan(name, { expose }));
    return [service, ...peerServices].map(({ spec }) => [spec?.ipFamilyPolicy, spec?.ipFamilies]);
  };
  const asked = [families.ipFamilyPolicy, families.ipFamilies];
  const unasked = [undefined, undefined];
  assert.deepEqual(services("sharing", loadBalancer(families)), [asked, unasked, unasked, unasked]);
  assert.deepEqual(services("sharing", loadBalancer()), [unasked, unasked, unasked, unasked]);
  const { expose } = kubernetesRegions["own-server"];
  assert.deepEqual(services("own-server", { ...expose, service: families }), [asked]);
  assert.deepEqual(services("own-server", expose), [unasked]);
});

test("requires a policy with both for two families", () => {
  const ipFamilies = ["IPv4", "IPv6"];
  const told =
    "names two families, and a Service has one without `expose.ipFamilyPolicy`: set that to PreferDualStack or RequireDualStack";
  assert.deepEqual(planned(loadBalancer({ ipFamilies })).problems, [`expose.ipFamilies: ${told}`]);
  assert.equal(planned(loadBalancer({ ipFamilies, ipFamilyPolicy: "SingleStack" })).problems.length, 1);
  assert.deepEqual(planned(loadBalancer({ ipFamilies, ipFamilyPolicy: "PreferDualStack" })), nothing);
  const { expose } = kubernetesRegions["own-server"];
  assert.match(
    planned({ ...expose, service: { ipFamilies } }, both, "own-server").problems[0] ?? "",
    /^expose\.service\.ipFamilies: .*`expose\.service\.ipFamilyPolicy`/,
  );
  assert.throws(
    () => planned(loadBalancer({ ipFamilies: ["IPv4", "IPv4"] })),
    /expose\.ipFamilies: names a family twice/,
  );
});

test("refuses a range of a family that the load balancer lacks", () => {
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv4"] })).problems, [
    `access.clients[1]: 2001:db8::/32 is IPv6, and \`expose.ipFamilies\` names IPv4 only: leave it out, or set \`expose.ipFamilyPolicy\` to PreferDualStack or RequireDualStack, on AWS instead the annotation \`${dualStack}\``,
  ]);
  assert.match(
    planned(loadBalancer({ ipFamilies: ["IPv6"] })).problems.join(),
    /^access\.clients\[0\]: 203.0.113.0\/24 is IPv4/,
  );
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv6"] }), ["2001:db8::/32"]), nothing);
  // The cluster adds the other family.
  assert.deepEqual(
    planned(loadBalancer({ ipFamilies: ["IPv6"], ipFamilyPolicy: "PreferDualStack" })),
    nothing,
  );
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv6"] }), "public"), nothing);
});

test("warns of ranges of both families with a single one, and of ranges of one family with both", () => {
  const oneOfBoth = (perhaps: string) =>
    `access.clients: has IPv4 and IPv6 ranges, and the load balancer has one family${perhaps}. AWS's controller then makes none at all, and Google Cloud's probably none without backend services. Leave out the ranges of the other family, or set \`expose.ipFamilyPolicy\`, on AWS instead the annotation \`${dualStack}\``;
  // After the key was removed, the Service keeps both.
  const kept = ", unless an earlier update gave it both";
  assert.deepEqual(planned(loadBalancer()), { problems: [], warnings: [oneOfBoth(kept)] });
  assert.deepEqual(planned(loadBalancer({ ipFamilyPolicy: "SingleStack" })).warnings, [oneOfBoth("")]);
  const ipFamilyPolicy = "RequireDualStack";
  assert.deepEqual(planned(loadBalancer({ ipFamilyPolicy }), ["203.0.113.0/24"]).warnings, [
    "access.clients: has no IPv6 range, and the load balancer gets an IPv6 address where the cluster has both families: the cache refuses all clients that use it. Add their ranges, or leave out `expose.ipFamilyPolicy`",
  ]);
  assert.match(
    planned(loadBalancer({ ipFamilyPolicy }), ["2001:db8::/32"]).warnings.join(),
    /has no IPv4 range/,
  );
  for (const clients of ["public", ["203.0.113.0/24"]])
    assert.deepEqual(planned(loadBalancer(), clients), nothing);
  assert.deepEqual(planned(loadBalancer({ ipFamilyPolicy }), "public"), nothing);
  // The clients' families are those of the proxy in front of the cache.
  const { expose } = kubernetesRegions["own-server"];
  assert.deepEqual(planned(expose, both, "own-server"), nothing);
});

describe("on AWS", () => {
  const dualstack = { "ip-address-type": "dualstack" };
  const withPods = { ...dualstack, "nlb-target-type": "ip" };
  const replaced = (other: string, targets: string) =>
    `access.clients: has ${other} ranges, and the load balancer's targets have ${targets} addresses: AWS replaces the addresses of ${other} clients by its own, and the cache refuses those. Leave out the ranges, or serve these clients by a region of their own`;

  test("gives a load balancer both families by its annotation, whatever the Service has", () => {
    assert.deepEqual(planned(inAws({}, dualstack)), nothing);
    assert.deepEqual(planned(inAws({ ipFamilyPolicy: "SingleStack" }, dualstack)), nothing);
    assert.deepEqual(planned(inAws({ ipFamilies: ["IPv4"] }, dualstack)), {
      problems: [],
      warnings: [replaced("IPv6", "IPv4")],
    });
    assert.deepEqual(planned(inAws({ ipFamilies: ["IPv4"] }, dualstack), ["203.0.113.0/24"]), nothing);
    assert.deepEqual(planned(inAws({}, dualstack), "public"), nothing);
  });

  test("requires that annotation for IPv6 ranges", () => {
    const told = `access.clients: has IPv6 ranges, and AWS's controller makes no load balancer for them without the annotation \`${dualStack}\`. Set it, or leave out the ranges`;
    for (const clients of [both, ["2001:db8::/32"]])
      assert.deepEqual(planned(inAws({}), clients), { problems: [], warnings: [told] });
    assert.deepEqual(planned(inAws({}, { "ip-address-type": "ipv4" })).warnings, [told]);
    assert.deepEqual(planned(inAws({}), ["203.0.113.0/24"]), nothing);
    assert.deepEqual(planned(inAws({ ipFamilies: ["IPv4"] })).problems, [
      `access.clients[1]: 2001:db8::/32 is IPv6, and \`expose.ipFamilies\` names IPv4 only: leave it out, or set the annotation \`${dualStack}\``,
    ]);
  });

  test("refuses a Service with IPv6 without it", () => {
    const refused = [
      `expose.annotations: lacks \`${dualStack}\`: with IPv6 in the Service, AWS's controller makes no load balancer without it. Set it, or leave out \`expose.ipFamilyPolicy\` and \`expose.ipFamilies\``,
    ];
    const asked = [
      { ipFamilyPolicy: "RequireDualStack" },
      { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4"] },
      { ipFamilies: ["IPv6"] },
    ];
    for (const families of asked) {
      assert.deepEqual(planned(inAws(families, { "nlb-target-type": "ip" })), {
        problems: refused,
        warnings: [],
      });
      assert.equal(planned(inAws(families)).warnings.length, 1);
      assert.deepEqual(planned(inAws(families), "public").problems, refused);
      for (const name of ["eks.amazonaws.com/nlb", "service.k8s.aws/nlb"])
        assert.deepEqual(planned(loadBalancer({ class: name, ...families })).problems, refused);
    }
    assert.deepEqual(planned(inAws({ ipFamilies: ["IPv4"] }), ["203.0.113.0/24"]), nothing);
  });

  test("serves only IPv6 clients with IPv6 in the Service, with Pods as targets", () => {
    const lacking =
      "expose.annotations: lacks `service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip`: otherwise, AWS takes only nodes with a primary IPv6 address as IPv6 targets";
    for (const families of [{ ipFamilyPolicy: "RequireDualStack" }, { ipFamilies: ["IPv6"] }]) {
      const ofBoth = { problems: [], warnings: [replaced("IPv4", "IPv6")] };
      assert.deepEqual(planned(inAws(families, withPods)), ofBoth);
      assert.deepEqual(planned(inAws(families, { ...dualstack, type: "nlb-ip" })), ofBoth);
      assert.deepEqual(planned(inAws(families, withPods), ["2001:db8::/32"]), nothing);
      assert.deepEqual(planned(inAws(families, withPods), "public"), nothing);
      for (const target of [{}, { "nlb-target-type": "instance" }])
        assert.deepEqual(planned(inAws(families, { ...dualstack, ...target }), ["2001:db8::/32"]).warnings, [
          lacking,
        ]);
    }
  });
});
