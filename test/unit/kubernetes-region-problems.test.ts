import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialReferences, parseConfig } from "../../components/config/parse.ts";
import { ConfigError } from "../../components/config/problems.ts";
import type { KubernetesRegion } from "../../components/config/schema.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import { regionProblems } from "../../components/hosts/kubernetes/region-problems.ts";
import { type KubernetesCase, kubernetesKeys, kubernetesRegions } from "../support/kubernetes-regions.ts";
import { planRequest } from "../support/plan-request.ts";

function problems(name: KubernetesCase, change = {}, keys = {}): string[] {
  const { regions, ...stack } = parseConfig({ ...kubernetesKeys(name, change), ...keys });
  return regionProblems({ ...stack, region: regions[0] as KubernetesRegion }).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

test("accepts the examples", () => {
  for (const name of Object.keys(kubernetesRegions)) assert.deepEqual(problems(name as KubernetesCase), []);
});

test("refuses disks for autoscaled replicas", () => {
  assert.deepEqual(problems("volumes", { replicas: { min: 2, max: 3 } }), [
    "replicas.max: replicas that come and go can't share disks: leave it out, or use a bucket (`storage: { kind: bucket }`)",
  ]);
  assert.deepEqual(problems("volumes", { replicas: { min: 3, max: 3 } }), []);
});

test("requires several replicas, each with a volume, to share blobs", () => {
  const replicas = (min: number) => ({ replicas: { min, sharing: "hash" } });
  assert.deepEqual(problems("volumes", replicas(2)), []);
  assert.deepEqual(problems("volumes", replicas(1)), [
    "replicas.sharing: can be `hash` only with two replicas or more: set `replicas.min`",
  ]);
  assert.deepEqual(problems("cilium", replicas(2)), [
    "replicas.sharing: can be `hash` only with volumes: in a bucket, replicas share all that there is",
  ]);
  const prefetch = { images: ["gsoci.azurecr.io/giantswarm/alpine:1"] };
  assert.deepEqual(problems("volumes", replicas(2), { prefetch }), [
    "replicas.sharing: can't be `hash` together with `prefetch`: leave one of them out",
  ]);
});

test("reports all contradictions at once", () => {
  const { endpoint } = kubernetesRegions.volumes;
  assert.deepEqual(
    problems("own-server", {
      replicas: { connections: 100 },
      operator: { podMonitor: true },
      endpoint: { ...endpoint, port: 8443, tls: { mode: "gateway" } },
    }),
    [
      "replicas.connections: adds no replica as long as `max` is not more than `min`",
      "access.metrics: is empty, and the PodMonitor's Prometheus must be in it: write the labels or the address range of its Pods",
      "endpoint.port: must be 443: an Ingress has no other for TLS",
      "endpoint.tls.mode: can be `gateway` only with `expose: { kind: gateway, … }`",
    ],
  );
  assert.deepEqual(problems("gateway", { endpoint }), [
    "endpoint.tls.mode: must be `gateway`: the Gateway ends TLS with a certificate of its own",
  ]);
});

test("requires enough memory of the edge for its workers", () => {
  const told = (edge: object) => {
    const keys = kubernetesKeys("bucket", { pods: { resources: { edge } } });
    return planKubernetes(planRequest("kubernetes", keys)).problems.map(
      ({ path, message }) => `${path}: ${message}`,
    );
  };
  assert.deepEqual(told({ requests: { cpu: "8" }, limits: { memory: "256Mi" } }), [
    "pods.resources.edge.limits.memory: 256Mi are too little for the edge: nginx with 8 workers takes 280Mi, without what it caches in memory",
  ]);
  assert.deepEqual(told({ limits: { memory: "256Mi" } }), []);
});

test("refuses a role by IRSA together with an address of S3", () => {
  const { serviceAccount, storage } = kubernetesRegions.bucket;
  const s3 = { ...storage.s3, endpoint: "https://s3.eu-central-1.amazonaws.com" };
  assert.deepEqual(problems("bucket", { storage: { ...storage, s3 } }), [
    "storage.s3.endpoint: can't be said together with eks.amazonaws.com/role-arn: leave it out, or use EKS Pod Identity",
  ]);
  assert.deepEqual(problems("own-server", { serviceAccount }), []);
});

test("refuses two regions in one namespace of a cluster", () => {
  const keys = kubernetesKeys("volumes");
  const second = (change: object) => ({
    ...kubernetesRegions.volumes,
    name: "second",
    endpoint: { ...kubernetesRegions.volumes.endpoint, hostname: "second.example.com" },
    ...change,
  });
  const parse = (change: object) => () =>
    parseConfig({ ...keys, regions: [kubernetesRegions.volumes, second(change)] });
  assert.throws(parse({ namespace: "registry-cache" }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.problems, [
      {
        path: "regions[1].namespace",
        message: "is that of regions[0], in the same cluster: each region needs one of its own",
      },
    ]);
    return true;
  });
  parse({ namespace: "second" })();
  parse({ context: "another" })();
  parse({ kubeconfig: "/another" })();
});

test("refuses two regions with one bucket, and with one container", () => {
  const problemsOf = (...stores: object[]) => {
    const regions = stores.map((storage, index) => ({
      ...kubernetesRegions.volumes,
      name: `region-${index}`,
      namespace: `namespace-${index}`,
      endpoint: { ...kubernetesRegions.volumes.endpoint, hostname: `region-${index}.example.com` },
      storage: { kind: "bucket", ...storage },
    }));
    try {
      parseConfig({ ...kubernetesKeys("volumes"), regions });
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    }
  };
  const s3 = { bucket: "blobs", region: "eu-central-1" };
  const azure = { account: "blobs", container: "blobs" };
  const message = "is that of regions[0]: each region needs one of its own";
  // The names of buckets are unique in all regions of AWS.
  assert.deepEqual(problemsOf({ s3 }, { s3: { ...s3, region: "eu-north-1" } }), [
    `regions[1].storage.s3.bucket: ${message}`,
  ]);
  assert.deepEqual(
    problemsOf(
      { s3: { ...s3, endpoint: "https://s3.example.com" } },
      { s3: { ...s3, endpoint: "https://s3.example.com:443/" } },
    ),
    [`regions[1].storage.s3.bucket: ${message}`],
  );
  assert.deepEqual(problemsOf({ azure }, { azure }), [`regions[1].storage.azure.container: ${message}`]);
  assert.deepEqual(
    problemsOf(
      { s3 },
      { s3: { ...s3, endpoint: "https://s3.example.com" } },
      { azure },
      { azure: { ...azure, account: "others" } },
      { azure: { ...azure, container: "others" } },
    ),
    [],
  );
});

test("requires a bucket's credentials in the stack", () => {
  const { "bucket-login": _, ...keys } = kubernetesKeys("own-server");
  assert.throws(
    () => parseConfig(keys),
    /regions\[0\]\.storage\.s3\.credentials: names the key "bucket-login", which this stack doesn't have/,
  );
  const paths = credentialReferences(kubernetesKeys("own-server")).map(({ path }) => path);
  assert.deepEqual(paths, [
    "upstreams[0].credentials",
    "regions[0].storage.s3.credentials",
    "monitoring.remoteWrite.credentials",
  ]);
});
