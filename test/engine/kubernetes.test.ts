/** The life of regions in an existing cluster, from their first mistakes to their destruction. Each test continues from the state that the previous one leaves. */
import assert from "node:assert/strict";
import { readFile, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubernetesObject,
  PatchStrategy,
  StorageV1Api,
  setHeaderOptions,
  type V1Deployment,
  type V1Pod,
  type V1Secret,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { execa } from "execa";
import { alertNames } from "../../components/config/alerts.ts";
import type { Manifest } from "../../components/hosts/kubernetes/manifests.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { graphOf } from "../graph/aws-cluster-region.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { applyCrds } from "../support/control-plane-crds.ts";
import { type GitOpsPage, gitOpsPage, isOfUp, newsOf, plainObjects } from "../support/gitops.ts";
import {
  allow,
  furnish,
  type KubernetesStack,
  kubernetesStack,
  loadBalancerAddress,
} from "../support/kubernetes-stack.ts";
import { clusterSession } from "../support/on-call-session.ts";
import { type EngineRun, projectDirectory, succeeds, withPolicies } from "../support/project.ts";
import { repeat } from "../support/repeat.ts";
import { RunbookRuns, type Shell } from "../support/runbook-runs.ts";
import { commandsIn } from "../support/runbooks.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope({ after });
let stack: KubernetesStack;

const secrets = {
  "registry-cache:login.username": "reader-of-images",
  "registry-cache:login.password": "p4ss-of-the-upstream",
  "registry-cache:bucket.username": "access-key-of-the-bucket",
  "registry-cache:bucket.password": "s3cret-of-the-bucket",
};

/** No real load balancer needs time to notice the Pods. */
const minReadySeconds = 1;

const access = { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] };

/** With a volume per replica, shared blobs, its own authority, and a load balancer. */
const onVolumes = {
  name: "volumes",
  context: "test",
  namespace: "cache-volumes",
  storage: { kind: "disk", size: "20GiB" },
  replicas: { sharing: "hash" },
  endpoint: { hostname: "volumes.example.com", tls: { mode: "private" } },
  expose: { kind: "loadBalancer", minReadySeconds },
  access,
};

/** With a bucket, an issuer, an autoscaler, and everything for a monitoring stack. */
const onBucket = {
  name: "bucket",
  context: "test",
  namespace: "cache-bucket",
  storage: {
    kind: "bucket",
    s3: {
      bucket: "cache",
      region: "eu-central-1",
      endpoint: "https://s3.example.com",
      credentials: "bucket",
    },
  },
  replicas: { max: 5, connections: 1000 },
  endpoint: { hostname: "bucket.example.com", tls: { mode: "issuer", name: "authority" } },
  expose: { kind: "loadBalancer", minReadySeconds },
  operator: { podMonitor: true, prometheusRule: true, dashboard: true, labels: { release: "monitoring" } },
  access,
};

/** Behind a Gateway. */
const behindGateway = {
  name: "gateway",
  context: "test",
  namespace: "cache-gateway",
  storage: { kind: "bucket", azure: { account: "cache", container: "cache" } },
  expose: {
    kind: "gateway",
    gateway: { name: "edge", namespace: "default" },
    proxies: ["10.1.0.0/16"],
    minReadySeconds,
  },
  endpoint: { hostname: "gateway.example.com", tls: { mode: "gateway" } },
  serviceAccount: { podLabels: { "azure.workload.identity/use": "true" } },
  access,
};

/** Behind an Ingress controller, which the cluster lacks. */
const behindIngress = {
  ...onBucket,
  name: "ingress",
  namespace: "cache-ingress",
  storage: { ...onBucket.storage, s3: { ...onBucket.storage.s3, bucket: "cache-ingress" } },
  expose: { kind: "ingress", class: "nginx", proxies: ["10.1.0.0/16"] },
  endpoint: { ...onBucket.endpoint, hostname: "ingress.example.com" },
};

const regions = [onVolumes, onBucket, behindGateway];
const namespaces = regions.map(({ namespace }) => namespace);
const keys = {
  provider: "kubernetes",
  upstreams: [
    { name: "team", registry: "registry.example.com", repositories: ["team/**"], credentials: "login" },
  ],
  regions,
};
const sealed = { username: { secure: "v1:x" }, password: { secure: "v1:x" } };

before(async () => {
  stack = parts.use(await kubernetesStack(keys, undefined, { serviceRanges: ["10.96.0.0/16"] }));
});

/** Writes the stack's file with its secrets. */
async function configure(change: object = {}, region: object = {}, others: object = {}): Promise<void> {
  await stack.configure({ ...keys, regions: regions.map((it) => ({ ...it, ...region })), ...change });
  await stack.setSecrets({ ...secrets, ...others });
}

/** The changes as `update Deployment bucket`, sorted. */
function said({ changes }: EngineRun): string[] {
  const last = (text: string) => text.split(":").at(-1) ?? "";
  return [...new Set(changes.map(({ op, type, urn }) => `${op} ${last(type)} ${last(urn)}`))].sort();
}

async function existing(): Promise<string[]> {
  const { items } = await stack.plane.objects.list<KubernetesObject>("v1", "Namespace");
  return items.map(({ metadata }) => metadata?.name ?? "").filter((name) => namespaces.includes(name));
}

function deployment(namespace: string): Promise<V1Deployment> {
  const metadata = { name: "registry-cache", namespace };
  return stack.plane.objects.read<V1Deployment>({ apiVersion: "apps/v1", kind: "Deployment", metadata });
}

function statefulSet(): Promise<V1StatefulSet> {
  const metadata = { name: "registry-cache", namespace: onVolumes.namespace };
  return stack.plane.objects.read<V1StatefulSet>({ apiVersion: "apps/v1", kind: "StatefulSet", metadata });
}

test("reports what the cluster lacks, or what the user may not do, before it creates anything", async () => {
  await configure({
    regions: [
      { ...onVolumes, context: "tset" },
      onBucket,
      { ...behindGateway, storage: { kind: "disk", class: "fast" } },
    ],
  });
  await stack.plane.objects.create({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "cache-bucket" },
  });
  const { failed, messages } = await stack.run("up");
  assert.ok(failed);
  for (const told of [
    /regions\[0\]\.context: the kubeconfig has no context "tset": did you mean "test"\?/,
    /regions\[1\]\.context: its user may not create, get, list, watch, patch and delete namespaces, configmaps, .*docs\/kubernetes\.md/,
    /regions\[1\]\.endpoint\.tls\.mode: the cluster doesn't serve Certificate of cert-manager\.io: install cert-manager/,
    /regions\[1\]\.replicas\.max: the cluster doesn't serve metrics\.k8s\.io: install the metrics server/,
    /regions\[1\]\.operator\.podMonitor: .*install the Prometheus Operator/,
    /regions\[1\]\.operator\.prometheusRule: .*install the Prometheus Operator/,
    /regions\[2\]\.expose\.kind: the cluster doesn't serve HTTPRoute of gateway\.networking\.k8s\.io: install the Gateway API/,
  ]) {
    assert.match(messages, told);
  }

  await allow(stack.plane, { ...keys, regions: [...regions, behindIngress], login: sealed, bucket: sealed });
  await furnish(stack.plane);
  await configure({
    regions: [
      {
        ...onBucket,
        endpoint: { ...onBucket.endpoint, tls: { mode: "issuer", name: "nobody" } },
        expose: { ...onBucket.expose, ipFamilyPolicy: "RequireDualStack" },
      },
      {
        ...behindGateway,
        storage: { kind: "disk", class: "fast" },
        endpoint: { ...behindGateway.endpoint, port: 8443 },
      },
      behindIngress,
      {
        ...onVolumes,
        expose: { ...onVolumes.expose, ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6"] },
      },
    ],
  });
  const second = await stack.run("preview");
  assert.ok(second.failed);
  for (const told of [
    /regions\[0\]\.endpoint\.tls\.name: the cluster has no ClusterIssuer nobody/,
    /regions\[0\]\.expose\.ipFamilyPolicy: the cluster refuses it: spec\.ipFamilyPolicy: .*not configured for dual-stack/,
    /regions\[0\]\.namespace: "cache-bucket" already exists, and isn't this region's/,
    /regions\[1\]\.storage\.class: the cluster has no StorageClass "fast": it has kwok-volume/,
    /regions\[1\]\.endpoint\.port: the Gateway has no HTTPS listener there; those it has are at: 443/,
    /regions\[2\]\.expose\.class: the cluster has no IngressClass "nginx": it has none/,
    /regions\[3\]\.expose\.ipFamilies: the cluster refuses it: spec\.ipFamilies\[0\]: .*"IPv6"/,
  ]) {
    assert.match(second.messages, told);
  }
  assert.doesNotMatch(second.messages, /may not/);
  assert.deepEqual(await existing(), ["cache-bucket"]);
  await stack.plane.objects.delete({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "cache-bucket" },
  });
  await waitUntil("the namespace is gone", async () => (await existing()).length === 0);
});

test("waits in up for the replicas and for the load balancers", async () => {
  await configure();
  const { messages, violations } = await succeeds(stack, "up", withPolicies);
  assert.doesNotMatch(messages, /violate PodSecurity/);
  assert.deepEqual(violations, []);
  assert.equal((await statefulSet()).status?.readyReplicas, 2);
  for (const namespace of ["cache-bucket", "cache-gateway"]) {
    assert.equal((await deployment(namespace)).status?.availableReplicas, 2);
  }
  const { caches } = await stack.outputs();
  assert.equal(caches.volumes.address, loadBalancerAddress);
  assert.match(caches.volumes.ca.certificate, /^-----BEGIN CERTIFICATE-----/);
  assert.equal(caches.bucket.address, loadBalancerAddress);
  assert.equal(caches.gateway.address, "gateway.example.com");
});

test("removes the endpoint's record and restores it by external-dns, while another up changes nothing", async (t) => {
  const { path } = scope(t).use(await tempDir());
  await symlink(await ensureTool("kubectl"), join(path, "kubectl"));
  const onCall = async (...args: string[]) => {
    const { exitCode, all } = await execa("node", ["scripts/oncall.ts", "kubernetes", ...args], {
      cwd: projectDirectory,
      env: { ...stack.environment, PATH: [path, stack.environment.PATH].join(delimiter) },
      stdin: "ignore",
      reject: false,
      all: true,
    });
    assert.equal(exitCode, 0, all);
    return all;
  };
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  const annotations = async () => {
    const { metadata } = await core.readNamespacedService({
      name: "registry-cache",
      namespace: "cache-volumes",
    });
    return metadata?.annotations ?? {};
  };
  const before = await annotations();
  assert.match(await onCall("volumes", "bypass", "--yes"), /external-dns is told$/m);
  const controller = "external-dns.alpha.kubernetes.io/controller";
  assert.deepEqual(await annotations(), { ...before, [controller]: "none" });
  await succeeds(stack, "up", ["--expect-no-changes"]);
  assert.match(await onCall("volumes", "bypass", "--yes"), /external-dns is told already/);
  assert.match(await onCall("volumes", "unbypass", "--yes"), /external-dns is told$/m);
  assert.deepEqual(await annotations(), before);
  assert.match(await onCall("volumes", "k", "get", "pods"), /registry-cache-1 /);
});

describe("somebody on call follows a runbook", () => {
  const runs = new RunbookRuns(import.meta.filename);
  const { namespace } = onBucket;
  let shell: Shell;
  let administrator: Shell;
  before(async () => {
    const cache = {
      region: onBucket.name,
      context: "test",
      namespace,
      endpoint: "https://bucket.example.com",
    };
    ({ shell, administrator } = parts.use(await clusterSession(cache, stack.plane.kubeconfig)));
  });
  after(() => runs.assertComplete(alertNames));

  test("retries a failed certificate with cert-manager", async () => {
    const expiring = "RegistryCacheCertificateExpiring";
    // No issuer runs here. This is the condition that cert-manager writes after a failure.
    await stack.plane.config.makeApiClient(CustomObjectsApi).patchNamespacedCustomObjectStatus(
      {
        ...{ group: "cert-manager.io", version: "v1", plural: "certificates", namespace },
        name: "registry-cache",
        body: { status: { conditions: [notReady] } },
      },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
    const matching = /certificaterequests/;
    const seen = await runs.run(expiring, "See", "kubernetes", shell, { matching, mayFail: /cert-manager/ });
    assert.match(seen, /The authority refuses/);
    await runs.run(expiring, "Do", "kubernetes", shell, { matching: /patch certificate/ });
    const { output } = await shell(`registry-cache k get certificate registry-cache --output json`);
    const conditions = JSON.parse(output).status.conditions.map(({ type, status }: Condition) => [
      type,
      status,
    ]);
    assert.deepEqual(conditions, [
      ["Ready", "False"],
      ["Issuing", "True"],
    ]);
  });

  test("replaces a Secret with another certificate", async (t) => {
    const { path } = scope(t).use(await tempDir());
    const authority = await makeAuthority(["bucket.example.com"], path);
    const [CHAIN, KEY] = [join(path, "tls.crt"), join(path, "tls.key")];
    const core = stack.plane.config.makeApiClient(CoreV1Api);
    const name = "registry-cache-certificate";
    for (let count = 0; count < 2; count++) {
      await issue(authority, ["bucket.example.com"], { certificateFile: CHAIN, keyFile: KEY });
      const values = { SECRET: name, CHAIN, KEY };
      const options = { matching: /create secret/, values };
      await runs.run("RegistryCacheCertificateExpiring", "Do", "kubernetes", shell, options);
      const { data = {} } = await core.readNamespacedSecret({ name, namespace });
      assert.equal(Buffer.from(data["tls.crt"] ?? "", "base64").toString(), await readFile(CHAIN, "utf8"));
    }
    await core.deleteNamespacedSecret({ name, namespace });
  });

  test("finds why a Pod or a volume is Pending", async () => {
    const down = "RegistryCacheDown";
    const matching = /describe --show-events pods,/;
    const look = () => runs.run(down, "Do", "kubernetes", shell, { matching });
    for (const object of pendingObjects) await stack.plane.objects.create(object);
    const why = [/Insufficient cpu/, /storageclass\S* "nowhere" not found/];
    const core = stack.plane.config.makeApiClient(CoreV1Api);
    await waitUntil("it is known why", async () => {
      const { items } = await core.listNamespacedEvent({ namespace });
      return why.every((told) => items.some(({ message = "" }) => told.test(message)));
    });
    const seen = await look();
    for (const told of [...why, /too-large .* Pending/]) assert.match(seen, told);
    for (const object of pendingObjects) await stack.plane.objects.delete(object);
    await waitUntil("they are gone", async () => {
      const there = await Promise.all(
        pendingObjects.map(({ kind = "" }) =>
          stack.plane.objects.list<KubernetesObject>("v1", kind, namespace),
        ),
      );
      const names = there.flatMap(({ items }) => items.map(({ metadata }) => metadata?.name));
      return !pendingObjects.some(({ metadata }) => names.includes(metadata?.name));
    });
    assert.doesNotMatch(await look(), /Pending/);
  });

  test("finds the address of a cache behind a load balancer without its name", async () => {
    const seen = await runs.run("RegistryCacheDown", "Verify", "kubernetes", shell, {
      matching: /get services/,
    });
    assert.match(seen, new RegExp(`registry-cache .* ${loadBalancerAddress} `));
    assert.match(seen, /^default +edge /m);
  });

  test("scales the workload to 0 and back by docs/runbooks/README.md", async () => {
    const [scale = ""] = commandsIn("runbooks/README.md").filter((text) => text.includes(" k scale "));
    const { replicas = 0 } = (await deployment(namespace)).spec ?? {};
    assert.ok(replicas > 0);
    for (const count of [0, replicas]) {
      const { exitCode, output } = await shell(scale.replace("--replicas=0", `--replicas=${count}`));
      assert.equal(exitCode, 0, output);
      await waitUntil(
        "there are as many replicas",
        async () => ((await deployment(namespace)).status?.availableReplicas ?? 0) === count,
      );
    }
  });

  test("moves the replicas of a dead node once an administrator has declared it dead", async () => {
    const { objects } = stack.plane;
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "dead" } };
    await objects.create(node);
    const options = { matching: /taint/, values: { NODE: "dead" } };
    assert.match(
      await runs.run("RegistryCacheDown", "Do", "kubernetes", administrator, options),
      /node\/dead tainted/,
    );
    await objects.delete(node);
  });

  interface Condition {
    readonly type: string;
    readonly status: string;
  }

  const notReady = {
    ...{ type: "Ready", status: "False", reason: "Failed" },
    message: "The authority refuses",
    lastTransitionTime: "2026-11-28T03:00:00Z",
  };

  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };

  const pendingObjects: readonly (KubernetesObject & { readonly spec: object })[] = [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "no-class", namespace },
      spec: {
        storageClassName: "nowhere",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "too-large", namespace },
      spec: {
        containers: [
          { name: "any", image: "any", securityContext, resources: { requests: { cpu: "5000" } } },
        ],
      },
    },
  ];
});

test("changes nothing in the cluster when GitOps applies the same objects", async () => {
  const objects = await plainObjects({ ...keys, login: sealed, bucket: sealed });
  const news = await newsOf(stack.plane, objects);
  assert.ok(news.some((path) => path.endsWith(".secretKeyRef.name")));
  assert.deepEqual(
    news.filter((path) => !isOfUp(path)),
    [],
  );
});

test("places replicas in different zones, with their own volumes", async () => {
  const { items } = await stack.plane.objects.list<V1Pod>("v1", "Pod", onVolumes.namespace);
  assert.equal(new Set(items.map(({ spec }) => spec?.nodeName)).size, 2);
  const claims = items.flatMap(({ spec }) =>
    (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
  );
  assert.deepEqual(claims.sort(), ["data-registry-cache-0", "data-registry-cache-1"]);
});

test("gives secrets only to the Pods, and keeps them out of the stack's state", async () => {
  const state = await stack.state();
  const { items } = await stack.plane.objects.list<V1Secret>("v1", "Secret", onBucket.namespace);
  const held = items.map(({ data = {} }) =>
    Object.values(data).map((value) => Buffer.from(value, "base64").toString()),
  );
  for (const value of Object.values(secrets)) {
    assert.ok(!state.includes(value) && !state.includes(Buffer.from(value).toString("base64")));
    assert.ok(held.flat().some((text) => text.includes(value)));
  }
  assert.doesNotMatch(state, /PRIVATE KEY/);
});

/** A setting of all regions from here on. */
const rolledOut = { freshnessSeconds: 30 };

test("rolls out another configuration with the minimum number of replicas ready at any time", async () => {
  const onVolumesSeen: number[] = [];
  const onBucketSeen: number[] = [];
  const look = async () => {
    onVolumesSeen.push((await statefulSet()).status?.availableReplicas ?? 0);
    onBucketSeen.push((await deployment(onBucket.namespace)).status?.availableReplicas ?? 0);
  };
  const before = await statefulSet();
  await configure({}, rolledOut);
  {
    await using _ = repeat(100, look);
    const changes = said(await succeeds(stack, "up"));
    for (const expected of ["update Deployment bucket", "update StatefulSet volumes"]) {
      assert.ok(changes.includes(expected), changes.join("\n"));
    }
    assert.ok(
      changes.some((change) => /^create ConfigMap bucket-edge-[0-9a-f]{10}$/.test(change)),
      changes.join("\n"),
    );
    assert.deepEqual(
      changes.filter((change) => /Service|Namespace|Secret/.test(change)),
      [],
    );
  }
  assert.ok(onBucketSeen.length > 5 && Math.min(...onBucketSeen) >= 2, onBucketSeen.join(" "));
  // Replicas with volumes of their own restart one after the other.
  assert.ok(Math.min(...onVolumesSeen) >= 1, onVolumesSeen.join(" "));
  const after = await statefulSet();
  assert.notEqual(after.status?.currentRevision, before.status?.currentRevision);
  const { items } = await stack.plane.objects.list<KubernetesObject>("v1", "ConfigMap", onBucket.namespace);
  const edges = items.filter(({ metadata }) => metadata?.name?.startsWith("registry-cache-edge-"));
  assert.equal(edges.length, 1);
});

test("grows volumes in place if their class allows it, rolls out a new Secret where it is used, and keeps the autoscaler's number of replicas", async () => {
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  const storageApi = stack.plane.config.makeApiClient(StorageV1Api);
  const [standard] = (await storageApi.listStorageClass()).items;
  assert.ok(standard?.metadata?.name);
  const { name: className } = standard.metadata;
  const grown = (change: object = {}) => ({
    regions: [
      { ...onVolumes, storage: { kind: "disk", size: "30GiB", class: className }, ...change },
      onBucket,
      behindGateway,
    ].map((it) => ({ ...it, ...rolledOut })),
  });
  await configure(grown());
  const refused = await stack.run("preview");
  assert.match(
    refused.messages,
    /regions\[0\]\.storage\.size: the volumes have 20GiB, and their StorageClass/,
  );

  await storageApi.replaceStorageClass({
    name: className,
    body: { ...standard, allowVolumeExpansion: true },
  });
  const apps = stack.plane.config.makeApiClient(AppsV1Api);
  const target = { name: "registry-cache", namespace: onBucket.namespace };
  const scale = await apps.readNamespacedDeploymentScale(target);
  await apps.replaceNamespacedDeploymentScale({ ...target, body: { ...scale, spec: { replicas: 4 } } });
  const another = { "registry-cache:bucket.password": "another" };
  await configure(grown(), {}, another);
  const changes = said(await succeeds(stack, "up"));
  const ofVolumes = (change: string) => / volumes\b/.test(change);
  assert.deepEqual(
    changes.filter((change) => !ofVolumes(change)),
    [
      "create-replacement Secret bucket-bucket",
      "delete-replaced Secret bucket-bucket",
      "replace Secret bucket-bucket",
      "update Deployment bucket",
    ],
  );
  assert.equal((await deployment(onBucket.namespace)).spec?.replicas, 4);
  assert.deepEqual(
    changes.filter((change) => change.includes("PersistentVolumeClaim")),
    ["update PersistentVolumeClaim volumes-data-0", "update PersistentVolumeClaim volumes-data-1"],
  );
  assert.ok(!changes.includes("replace StatefulSet volumes"), changes.join("\n"));
  const name = "data-registry-cache-0";
  const { namespace } = onVolumes;
  const { spec } = await core.readNamespacedPersistentVolumeClaim({ name, namespace });
  assert.equal(spec?.resources?.requests?.storage, "30Gi");

  const { metadata: _, ...likeStandard } = standard;
  await storageApi.createStorageClass({ body: { ...likeStandard, metadata: { name: "other" } } });
  const { hostname } = onVolumes.endpoint;
  await configure(
    grown({
      endpoint: { hostname, tls: { mode: "provided", secretName: "nowhere" } },
      storage: { kind: "disk", size: "20GiB", class: "other" },
    }),
  );
  const { messages } = await stack.run("preview");
  for (const told of [
    `storage.class: the volumes have the StorageClass ${className}, which can't change`,
    "storage.size: the volumes have 30GiB and can't shrink to 20GiB: set 30GiB",
    `endpoint.tls.secretName: the Secret nowhere isn't in the namespace ${namespace}`,
  ]) {
    assert.ok(messages.includes(`regions[0].${told}`), messages);
  }
  await configure(grown(), {}, another);
});

test("detects manual edits with up --refresh, and reverts them", async () => {
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const { namespace } = onVolumes;
  const body = { spec: { loadBalancerSourceRanges: ["0.0.0.0/0"] } };
  await core.patchNamespacedService({ name: "registry-cache", namespace, body }, options);
  // Without the refresh, the engine would compare only with the state, and change nothing.
  assert.deepEqual(said(await succeeds(stack, "up", ["--refresh"])), ["update Service volumes"]);
  const { spec } = await core.readNamespacedService({ name: "registry-cache", namespace });
  assert.deepEqual(spec?.loadBalancerSourceRanges, access.clients);
});

test("leaves nothing after destroy", async () => {
  await succeeds(stack, "destroy");
  assert.deepEqual(await existing(), []);
  const { items } = await stack.plane.objects.list<KubernetesObject>("v1", "PersistentVolume");
  assert.deepEqual(
    items.map(({ metadata }) => metadata?.name),
    [],
  );
});

/** The region of docs/gitops.md, with the objects in a namespace of the default name. */
const frankfurt = { ...onBucket, name: "frankfurt", namespace: "registry-cache" };
let page: GitOpsPage;

/** Writes the file that `render` reads. */
function configureFrankfurt(change: object = {}, region: object = {}): Promise<void> {
  const regions = [{ ...frankfurt, ...region }];
  return page.configure({ ...keys, ...change, regions, login: sealed, bucket: sealed });
}

async function configMaps(): Promise<string[]> {
  const { items } = await stack.plane.objects.list<KubernetesObject>("v1", "ConfigMap", frankfurt.namespace);
  return items.map(({ metadata }) => metadata?.name ?? "");
}

async function uninstallFrankfurt(): Promise<void> {
  await page.paste("uninstall");
  await waitUntil("the namespace is gone", async () => {
    const { items } = await stack.plane.objects.list<KubernetesObject>("v1", "Namespace");
    return !items.some(({ metadata }) => metadata?.name === frankfurt.namespace);
  });
}

test("creates and deletes a region with the chart from a registry, by docs/gitops.md", async () => {
  const { plane } = stack;
  const { namespace } = frankfurt;
  await applyCrds(plane, "external-secrets");
  page = parts.use(await gitOpsPage(plane));
  await configureFrankfurt();
  await page.paste("publish", "install");
  // It starts with one replica. The autoscaler then adds those up to the minimum.
  await waitUntil(
    "the autoscaler has looked",
    async () => (await deployment(namespace)).spec?.replicas === 2,
  );
  const first = await page.values("frankfurt");
  assert.equal(first.filter(({ kind }) => kind === "ExternalSecret").length, 2);
  // Helm adds this label.
  const news = (await newsOf(plane, first)).filter(
    (path) => !path.endsWith(`labels["app.kubernetes.io/managed-by"]`),
  );
  assert.deepEqual(news, []);
  const service = { name: "registry-cache", namespace };
  const controller = async () => {
    const { metadata } = await plane.config.makeApiClient(CoreV1Api).readNamespacedService(service);
    return metadata?.annotations?.["external-dns.alpha.kubernetes.io/controller"];
  };
  await page.paste("onCall", "bypass");
  assert.equal(await controller(), "none");
  await page.paste("unbypass");
  assert.equal(await controller(), undefined);

  await uninstallFrankfurt();
});

test("keeps the number of replicas when a region gets an autoscaler, by docs/gitops.md", async () => {
  await configureFrankfurt({}, { replicas: { min: 4 } });
  await page.paste("values", "install", "keepReplicas");
  await configureFrankfurt();
  await page.paste("values", "install");
  assert.equal((await deployment(frankfurt.namespace)).spec?.replicas, 4);
  await uninstallFrankfurt();
});

test("lets Helm take over a region that up has created, and then change it alone, by docs/gitops.md", async () => {
  const { namespace } = frankfurt;
  const other = { name: "other", registry: "other.example.com", repositories: ["other/**"] };
  const both = { upstreams: [...keys.upstreams, other] };
  await configure({ ...both, regions: [frankfurt] });
  await succeeds(stack, "up");
  await configureFrankfurt(both);
  await page.paste("plainYaml", "values", "takeOver", "disown");
  assert.ok((await page.files("clusters/frankfurt")).includes("kustomization.yaml"));
  await stack.pulumi("state", "delete", "--all", "--yes");

  const apps = stack.plane.config.makeApiClient(AppsV1Api);
  const target = { name: "registry-cache", namespace };
  // A merge patch, because controllers write the Deployment's status at the same time.
  const merged = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  await apps.patchNamespacedDeploymentScale({ ...target, body: { spec: { replicas: 4 } } }, merged);
  await configureFrankfurt({}, { freshnessSeconds: 30 });
  await page.paste("values", "install");
  assert.equal((await deployment(namespace)).spec?.replicas, 4);
  const podOf = (it?: Manifest | V1Deployment) => (it as V1Deployment | undefined)?.spec?.template.spec;
  const values = await page.values("frankfurt");
  const wanted = podOf(values.find(({ kind }) => kind === "Deployment"));
  const { containers, volumes } = podOf(await deployment(namespace)) ?? assert.fail();
  const names = (all: readonly { name: string }[] = []) => all.map(({ name }) => name);
  assert.deepEqual(names(containers), names(wanted?.containers));
  assert.deepEqual(names(volumes), names(wanted?.volumes));
  const there = await configMaps();
  for (const { configMap } of volumes ?? []) assert.ok(!configMap || there.includes(configMap.name ?? ""));
  const isEdge = (name = "") => name.startsWith("registry-cache-edge-");
  assert.deepEqual(there.filter(isEdge), values.map(({ metadata }) => metadata?.name).filter(isEdge));
  await uninstallFrankfurt();
});

test("gives each replica in EKS a Linux machine of its own, for which it waits, also after a roll-out", async () => {
  const { config, objects } = stack.plane;
  const [core, apps] = [config.makeApiClient(CoreV1Api), config.makeApiClient(AppsV1Api)];
  const merged = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const become = (name: string, os: string) => {
    const labels = { "kubernetes.io/arch": "arm64", "kubernetes.io/os": os };
    return core.patchNode({ name, body: { metadata: { labels } } }, merged);
  };
  await become("node-0", "linux");
  await become("node-2", "windows");

  const { resource } = await graphOf();
  const { spec } = resource("kubernetes:apps/v1:Deployment").inputs as unknown as Required<V1Deployment>;
  const [namespace, name] = ["eks", "registry-cache"];
  await objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await objects.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
  const body = { metadata: { name }, spec: { ...spec, minReadySeconds } };
  await apps.createNamespacedDeployment({ namespace, body });
  const pods = async () => (await core.listNamespacedPod({ namespace })).items;
  const machines = async () => (await pods()).map((pod) => pod.spec?.nodeName ?? "none").sort();
  await waitUntil("one of two replicas waits for a machine", async () => {
    const waiting = (await pods()).flatMap(({ status }) => status?.conditions ?? []);
    const isUnschedulable = waiting.some(({ reason }) => reason === "Unschedulable");
    return isUnschedulable && (await machines()).join() === "node-0,none";
  });

  await become("node-1", "linux");
  const isDone = async () => {
    const { metadata, status } = await deployment(namespace);
    const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
    return status?.observedGeneration === metadata?.generation && counts.every((count) => count === 2);
  };
  await waitUntil("both run", isDone);
  assert.deepEqual(await machines(), ["node-0", "node-1"]);
  const annotations = { changed: "true" };
  const changed = { spec: { template: { metadata: { annotations } } } };
  await apps.patchNamespacedDeployment({ namespace, name, body: changed }, merged);
  await waitUntil("both are replaced", async () => (await isDone()) && (await pods()).length === 2);
  assert.deepEqual(await machines(), ["node-0", "node-1"]);
});
