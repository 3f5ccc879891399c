/** By which IP families a region in an existing cluster is reached. What a cluster says of them: test/engine/kubernetes-families.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
  const texts = (all: typeof problems) => all.map(({ path, message }) => `${path}: ${message}`);
  return { problems: texts(problems), warnings: texts(warnings) };
}

const loadBalancer = (families: object = {}) => ({ kind: "loadBalancer", ...families });
const nothing = { problems: [], warnings: [] };

test("the Service that clients reach has the families that the configuration asks for, and no other Service", () => {
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

test("two families need a policy that has both", () => {
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

test("a range of a family that the load balancer lacks is refused", () => {
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv4"] })).problems, [
    "access.clients[1]: 2001:db8::/32 is IPv6, and the load balancer has IPv4 only: leave it out, or set `expose.ipFamilyPolicy` to PreferDualStack or RequireDualStack",
  ]);
  assert.match(
    planned(loadBalancer({ ipFamilies: ["IPv6"] })).problems.join(),
    /^access\.clients\[0\]: 203.0.113.0\/24 is IPv4/,
  );
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv6"] }), ["2001:db8::/32"]), nothing);
  // The cluster adds the other.
  assert.deepEqual(
    planned(loadBalancer({ ipFamilies: ["IPv6"], ipFamilyPolicy: "PreferDualStack" })),
    nothing,
  );
  assert.deepEqual(planned(loadBalancer({ ipFamilies: ["IPv6"] }), "public"), nothing);
});

test("ranges of both families are a warning where there is one family, and those of one where there are both", () => {
  const oneOfBoth =
    "access.clients: has IPv4 and IPv6 ranges, and the load balancer has one family only. AWS's controller makes none at all then. Leave out the ranges of the other family, or set `expose.ipFamilyPolicy`";
  assert.deepEqual(planned(loadBalancer()), { problems: [], warnings: [oneOfBoth] });
  assert.deepEqual(planned(loadBalancer({ ipFamilyPolicy: "SingleStack" })).warnings, [oneOfBoth]);
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
  // The clients' families are those of what is before the cache.
  const { expose } = kubernetesRegions["own-server"];
  assert.deepEqual(planned(expose, both, "own-server"), nothing);
});
