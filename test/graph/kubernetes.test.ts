/** The resources of a region in an existing cluster. test/engine/kubernetes.test.ts tests what a cluster does with them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { V1ObjectMeta, V1StatefulSetSpec } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import type { FoundRegion } from "../../components/hosts/kind.ts";
import { kubernetes } from "../../components/hosts/kubernetes/kind.ts";
import { type Manifest, manifests } from "../../components/hosts/kubernetes/manifests.ts";
import { storeSecret, tlsSecretOf, withoutContentHash } from "../../components/hosts/kubernetes/names.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import { kubernetesProvider } from "../../components/hosts/kubernetes/provider.ts";
import { secretReferences } from "../../components/hosts/kubernetes/secret-references.ts";
import { type CacheOutputs, RegionalCache } from "../../components/regional-cache.ts";
import { changedPaths } from "../doubles/values.ts";
import { isOfUp, nameOf } from "../support/gitops.ts";
import { type RegisteredResource, registeredBy, secret, settled } from "../support/graph.ts";
import { kubernetesViolations } from "../support/kubernetes-posture.ts";
import {
  ca,
  type KubernetesCase,
  kubernetesCases,
  kubernetesKeys,
  kubernetesRegionPlan,
  networkPoliciesOf,
} from "../support/kubernetes-regions.ts";
import { planRequest } from "../support/plan-request.ts";
import { previousState } from "../support/previous-state.ts";

interface Graph {
  readonly resources: readonly RegisteredResource[];
  readonly cache: RegionalCache;
}

const ingress = [{ hostname: "lb.example.com" }];

/** @param state the outputs of the stack's ConfigMaps, by their resources' names. @default there is no state */
async function graphOf(name: KubernetesCase, state: Readonly<Record<string, object>> = {}): Promise<Graph> {
  const login = pulumi.secret({ username: "reader", password: "hunter2" });
  const secrets = { credentials: { login, "bucket-login": login }, remoteWriteCredentials: login };
  const { plan } = planKubernetes(planRequest("kubernetes", kubernetesKeys(name)));
  let cache: RegionalCache | undefined;
  const resources = await registeredBy(
    () => {
      const inCluster = { networkPolicies: networkPoliciesOf(name) };
      const provider = kubernetesProvider(plan.region, {});
      const found: FoundRegion = {
        plan,
        problems: [],
        provider,
        createHost: (secrets, options) =>
          kubernetes.create(plan.region.name, { plan, found: inCluster, secrets }, options),
      };
      cache = new RegionalCache({ found, secrets }, { providers: [provider] });
    },
    (type) => ({
      ...(type === "kubernetes:core/v1:Service" && { status: { loadBalancer: { ingress } } }),
      ...(type.endsWith(":PrivateAuthority") && { certificate: "AUTHORITY", key: "AUTHORITY-KEY" }),
      ...(type.endsWith(":PrivateCertificate") && { certificate: "CERTIFICATE", key: "KEY" }),
    }),
    (token) => {
      assert.equal(token, "pulumi:pulumi:readStackResourceOutputs");
      const entries = Object.entries(state).map(([own, outputs]) => [
        `kubernetes:core/v1:ConfigMap::${own}`,
        outputs,
      ]);
      return { outputs: previousState(Object.fromEntries(entries)) };
    },
  );
  assert.ok(cache);
  return { resources, cache };
}

function lastPart(type: string): string {
  return type.split(":").at(-1) ?? "";
}

/** The objects that a cluster gets. */
function placed({ resources }: Graph): RegisteredResource[] {
  return resources.filter(({ type }) => type.startsWith("kubernetes:"));
}

for (const name of kubernetesCases) {
  describe(name, () => {
    let graph: Graph;
    before(async () => {
      graph = await graphOf(name);
    });

    test("is closed except for what its configuration opens", () => {
      const objects = placed(graph).map(({ inputs: props, ...it }) => ({ ...it, props }));
      assert.deepEqual(kubernetesViolations(objects, kubernetesKeys(name).regions as unknown[]), []);
    });

    test("has the same objects for GitOps as for the engine", () => {
      const all = placed(graph).filter(({ type }) => /^kubernetes:(?!kubernetes:)/.test(type));
      const [secrets, objects] = [true, false].map((isSecret) =>
        all.filter(({ type }) => (lastPart(type) === "Secret") === isSecret),
      );
      const plan = kubernetesRegionPlan(name);
      const rendered = Object.values(manifests(plan, { networkPolicies: networkPoliciesOf(name) }));
      const byName = (manifests: readonly Manifest[]) =>
        Object.fromEntries(manifests.map((it) => [nameOf(it), JSON.parse(JSON.stringify(it))]));
      const differing = changedPaths(byName((objects ?? []).map(({ inputs }) => inputs)), byName(rendered));
      assert.deepEqual(
        differing.filter((path) => !isOfUp(path)),
        [],
      );
      assert.equal(objects?.length, rendered.length);

      const wanted = secretReferences(plan).map(({ name, templates }) => [name, Object.keys(templates)]);
      const made = (secrets ?? []).flatMap(({ inputs, secrets }) => {
        const { name = storeSecret } = inputs.metadata as { name?: string };
        const isTls = name === tlsSecretOf(plan.region.endpoint);
        return isTls ? [] : [[name, Object.keys(secrets.stringData as object)]];
      });
      assert.deepEqual(made.sort(), wanted.sort());
    });

    test("has no secret in plain text", () => {
      const text = JSON.stringify(graph.resources.map(({ inputs }) => inputs));
      for (const value of ["hunter2", "AUTHORITY-KEY", '"KEY"']) assert.ok(!text.includes(value), value);
      const secrets = graph.resources.filter(({ type }) => type === "kubernetes:core/v1:Secret");
      assert.ok(secrets.length >= 2);
      for (const { inputs } of secrets) assert.equal(inputs.stringData, secret);
    });

    test("gives Pulumi as much time as a roll-out, and the end of the Pods, may take", () => {
      const [workload] = graph.resources.filter(({ type }) => type.startsWith("kubernetes:apps/v1:"));
      const namespaces = graph.resources.filter(({ type }) => lastPart(type) === "Namespace");
      assert.ok(workload);
      const { template, minReadySeconds, replicas } = workload.inputs.spec as V1StatefulSetSpec;
      const end = template.spec?.terminationGracePeriodSeconds ?? 0;
      const steps = lastPart(workload.type) === "StatefulSet" ? (replicas ?? 1) : 4;
      const { update } = workload.customTimeouts;
      assert.ok(Number.parseInt(update, 10) > steps * (end + (minReadySeconds ?? 0)), update);
      for (const { customTimeouts } of [workload, ...namespaces]) {
        assert.ok(Number.parseInt(customTimeouts.delete, 10) > end, customTimeouts.delete);
      }
    });

    test("puts all objects under the workload, after and with a namespace that the stack creates", () => {
      const isExisting = name === "existing";
      assert.equal(
        placed(graph).some(({ type }) => lastPart(type) === "Namespace"),
        !isExisting,
      );
      for (const { type, name: own, parent, deletedWith, dependencies } of placed(graph)) {
        if (lastPart(type) === "Namespace") continue;
        assert.equal(parent, "registry-cache:kubernetes:Workload frankfurt");
        assert.equal(deletedWith, isExisting ? "" : "kubernetes:core/v1:Namespace frankfurt", own);
        if (isExisting) continue;
        assert.ok(
          dependencies.includes("kubernetes:core/v1:Namespace frankfurt") ||
            dependencies.includes("kubernetes:core/v1:ServiceAccount frankfurt"),
          own,
        );
      }
    });
  });
}

test("puts a private certificate into a Secret that isn't cert-manager's, before all that refers to it", async () => {
  const { resources } = await graphOf("cilium");
  const { inputs } = resources.find(({ name }) => name === "frankfurt-private-tls") ?? assert.fail();
  assert.equal((inputs.metadata as V1ObjectMeta).name, "registry-cache-private-tls");
  for (const kind of ["Deployment", "Ingress"]) {
    const { dependencies } = resources.find(({ type }) => lastPart(type) === kind) ?? assert.fail();
    assert.ok(dependencies.includes("kubernetes:core/v1:Secret frankfurt-private-tls"), kind);
  }
});

test("has these resources for a region with volumes, whose types and names never change", async () => {
  const { resources } = await graphOf("volumes");
  assert.deepEqual(resources.map(({ type, name }) => `${type} ${withoutContentHash(name)}`).sort(), [
    "kubernetes:apps/v1:StatefulSet frankfurt",
    "kubernetes:core/v1:ConfigMap frankfurt-blackbox",
    "kubernetes:core/v1:ConfigMap frankfurt-edge",
    "kubernetes:core/v1:ConfigMap frankfurt-exporter",
    "kubernetes:core/v1:ConfigMap frankfurt-janitor",
    "kubernetes:core/v1:ConfigMap frankfurt-origin-gsoci",
    "kubernetes:core/v1:ConfigMap frankfurt-prometheus",
    "kubernetes:core/v1:Namespace frankfurt",
    "kubernetes:core/v1:PersistentVolumeClaim frankfurt-data-0",
    "kubernetes:core/v1:PersistentVolumeClaim frankfurt-data-1",
    "kubernetes:core/v1:Secret frankfurt-credentials-gsoci",
    "kubernetes:core/v1:Secret frankfurt-private-tls",
    "kubernetes:core/v1:Secret frankfurt-remote-write",
    "kubernetes:core/v1:Service frankfurt",
    "kubernetes:core/v1:ServiceAccount frankfurt",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy frankfurt",
    "kubernetes:policy/v1:PodDisruptionBudget frankfurt",
    "pulumi-nodejs:dynamic/kubernetes:PrivateCertificate frankfurt",
    "pulumi-nodejs:dynamic/vm:PrivateAuthority frankfurt",
    "pulumi:providers:kubernetes frankfurt",
    "registry-cache:index:RegionalCache frankfurt",
    "registry-cache:kubernetes:Workload frankfurt",
  ]);
});

test("renames a ConfigMap's resource of an earlier version only if it has the same content", async () => {
  const filesOf = ({ resources }: Graph) =>
    resources.filter(({ type, name }) => lastPart(type) === "ConfigMap" && withoutContentHash(name) !== name);
  const nameIn = ({ inputs }: RegisteredResource) => (inputs.metadata as { name: string }).name;
  const [edge, janitor] = ["edge", "janitor"].map((part) => `frankfurt-${part}`) as [string, string];
  const now = filesOf(await graphOf("volumes"));
  const same = now.find(({ name }) => withoutContentHash(name) === edge);
  assert.ok(same);
  const state = {
    [edge]: { metadata: { name: nameIn(same) } },
    [janitor]: { metadata: { name: "registry-cache-janitor-0123456789" } },
  };
  const renamed = filesOf(await graphOf("volumes", state)).filter(({ name, aliases }) => aliases[0] !== name);
  assert.deepEqual(
    renamed.map(({ name, aliases }) => [name, aliases]),
    [[same.name, [edge]]],
  );
});

test("leaves the number of replicas to an autoscaler, a StatefulSet's claims to it, and a claim's class unchanged", async () => {
  const ignored = async (name: KubernetesCase, kind: string) => {
    const { resources } = await graphOf(name);
    return resources.find(({ type }) => lastPart(type) === kind)?.ignoreChanges;
  };
  assert.deepEqual(await ignored("bucket", "Deployment"), ["spec.replicas"]);
  assert.deepEqual(await ignored("own-server", "Deployment"), []);
  assert.deepEqual(await ignored("volumes", "StatefulSet"), ["spec.volumeClaimTemplates"]);
  assert.deepEqual(await ignored("volumes", "PersistentVolumeClaim"), ["spec.storageClassName"]);
});

test("replaces the load balancer for another scheme, and changes another subnet in place", async () => {
  const { resources } = await graphOf("volumes");
  const service = resources.find(({ type }) => lastPart(type) === "Service");
  assert.deepEqual(
    service?.replaceOnChanges,
    ["aws-load-balancer-scheme", "azure-load-balancer-internal"].map(
      (name) => `metadata.annotations["service.beta.kubernetes.io/${name}"]`,
    ),
  );
});

test("outputs the load balancer's address, and elsewhere the endpoint's name", async () => {
  const cacheOf = async (name: KubernetesCase) =>
    (await settled((await graphOf(name)).cache.cache)) as CacheOutputs;
  const volumes = await cacheOf("volumes");
  assert.equal(volumes.address, "lb.example.com");
  assert.deepEqual(volumes.ca, {
    file: "/etc/registry-cache/cache.example.com.crt",
    certificate: "AUTHORITY",
  });
  assert.equal(volumes.endpoint, "https://cache.example.com");
  const gateway = await cacheOf("gateway");
  assert.equal(gateway.address, "cache.example.com");
  assert.equal(gateway.ca, undefined);
  const bucket = await cacheOf("bucket");
  assert.equal(bucket.endpoint, "https://cache.example.com:8443");
  assert.equal(bucket.ca?.certificate, ca);
});

test("gives the Pods an identity in each cloud's own form", async () => {
  const { resources } = await graphOf("gateway");
  const find = (kind: string) => resources.find(({ type }) => lastPart(type) === kind)?.inputs;
  const { metadata } = find("ServiceAccount") as { metadata: { annotations: object } };
  assert.deepEqual(metadata.annotations, {
    "azure.workload.identity/client-id": "11111111-2222-3333-4444-555555555555",
  });
  const { spec } = find("Deployment") as { spec: { template: { metadata: { labels: object } } } };
  assert.deepEqual(spec.template.metadata.labels, {
    "azure.workload.identity/use": "true",
    "app.kubernetes.io/name": "registry-cache",
    "app.kubernetes.io/instance": "frankfurt",
  });
});
