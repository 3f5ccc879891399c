/** One replica on a volume: the changes that reach it in place, those that replace it, and its IP families. Then a region in an existing namespace, and the objects in clusters that stacks create. Each test continues from the state that the previous one leaves. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  CoreV1Api,
  type KubernetesObject,
  PatchStrategy,
  type V1ConfigMap,
  type V1Deployment,
  type V1LimitRange,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1ResourceQuota,
  type V1Secret,
  type V1ServiceSpec,
} from "@kubernetes/client-node";
import { execa } from "execa";
import { parse } from "yaml";
import { withoutContentHash } from "../../components/hosts/kubernetes/names.ts";
import { applyCrds } from "../support/control-plane-crds.ts";
import { allow, allowByRole, type KubernetesStack, kubernetesStack } from "../support/kubernetes-stack.ts";
import { projectDirectory, succeeds } from "../support/project.ts";
import { repeat } from "../support/repeat.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";
import { testClusterObjects } from "./cluster-objects.ts";

const parts = scope({ after });
let stack: KubernetesStack;
let deployer: AsyncDisposable | undefined;

const namespace = "cache-one";
const region = {
  name: "one",
  context: "test",
  namespace,
  storage: { kind: "disk", size: "20GiB" },
  replicas: { min: 1 },
  endpoint: { hostname: "one.example.com", tls: { mode: "private" } },
  expose: { kind: "loadBalancer", minReadySeconds: 1 },
  access: { clients: ["203.0.113.0/24"] },
};
const team = {
  name: "team",
  registry: "registry.example.com",
  repositories: ["team/**"],
  credentials: "login",
};
const keys = { provider: "kubernetes", upstreams: [team], regions: [region] };
const sealed = { username: { secure: "v1:x" }, password: { secure: "v1:x" } };

before(async () => {
  stack = parts.use(await kubernetesStack(keys));
  await allow(stack.plane, { ...keys, login: sealed });
});

async function configure(change: object = {}, password = "p4ss-of-the-upstream"): Promise<void> {
  await stack.configure({ ...keys, ...change });
  await stack.setSecrets({
    "registry-cache:login.username": "reader-of-images",
    "registry-cache:login.password": password,
  });
}

/** Brings the stack up with another configuration. @returns the changes without content hashes: `update ConfigMap one-edge-live`, sorted */
async function up(change: object = {}, regionChange: object = {}, password?: string, ...args: string[]) {
  await configure({ regions: [{ ...region, ...regionChange }], ...change }, password);
  const { changes } = await succeeds(stack, "up", args);
  const last = (text: string) => text.split(":").at(-1) ?? "";
  const said = changes.map(({ op, type, urn }) => withoutContentHash(`${op} ${last(type)} ${last(urn)}`));
  return [...new Set(said)].sort();
}

async function pod(): Promise<V1Pod> {
  const { items } = await stack.plane.objects.list<V1Pod>("v1", "Pod", namespace);
  const [only, ...others] = items;
  assert.ok(only && others.length === 0, `${items.length} Pods`);
  return only;
}

async function service(): Promise<V1ServiceSpec> {
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  const { spec } = await core.readNamespacedService({ name: "registry-cache", namespace });
  return spec ?? {};
}

async function isSamePod(before: V1Pod): Promise<boolean> {
  return (await pod()).metadata?.uid === before.metadata?.uid;
}

/** The names of the ConfigMaps with a container's files, from the Pod's volume. */
function sourcesOf({ spec }: V1Pod, container: string): string[] {
  const volume = spec?.volumes?.find(({ name }) => name === `registry-cache-${container}`);
  return (volume?.projected?.sources ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
}

/** The content that kubelet writes into a file of the Pod. */
async function fileOf(of: V1Pod, container: string, file: string): Promise<string> {
  const { items } = await stack.plane.objects.list<V1ConfigMap>("v1", "ConfigMap", namespace);
  const names = sourcesOf(of, container);
  const data = Object.assign(
    {},
    ...items.filter((it) => names.includes(it.metadata?.name ?? "")).map((it) => it.data),
  );
  return data[file] ?? "";
}

/** Changes that the edge or Prometheus reloads. */
const upstreams = [{ ...team, repositories: ["team/**", "base/**"] }];
const ofRegion = {
  access: { clients: ["203.0.113.0/24", "192.0.2.0/24", "2001:db8::/32"] },
  expose: { ...region.expose, ipFamilyPolicy: "RequireDualStack" },
  freshnessSeconds: 30,
};
const monitoring = { labels: { installation: "other" } };

test("updates the same object with a change that the edge or Prometheus reloads", async () => {
  await up();
  const first = await pod();
  assert.match(await fileOf(first, "edge", "edge.sh"), /^#!\/bin\/sh/);
  // Without the keys, the Service has the cluster's first family.
  const { ipFamilies, ipFamilyPolicy, clusterIPs } = await service();
  assert.deepEqual([ipFamilyPolicy, ipFamilies, clusterIPs?.length], ["SingleStack", ["IPv4"], 1]);

  const changes = await up({ upstreams }, ofRegion);
  assert.deepEqual(changes, [
    "update ConfigMap one-edge-live",
    "update NetworkPolicy one",
    "update Service one",
  ]);
  assert.ok(await isSamePod(first));
  assert.match(await fileOf(first, "edge", "nginx.conf"), /192\.0\.2\.0\/24 1;/);
  const { ipFamilies: both, loadBalancerSourceRanges } = await service();
  assert.deepEqual([both, loadBalancerSourceRanges], [["IPv4", "IPv6"], ofRegion.access.clients]);

  assert.deepEqual(await up({ upstreams, monitoring }, ofRegion), ["update ConfigMap one-prometheus-live"]);
  assert.ok(await isSamePod(first));
  assert.match(await fileOf(first, "prometheus", "prometheus.yml"), /installation: other/);
});

test("updates the same Secret for another password", async () => {
  const first = await pod();
  assert.deepEqual(await up({ upstreams, monitoring }, ofRegion, "an0ther-password"), [
    "update Secret one-credentials-team",
  ]);
  assert.ok(await isSamePod(first));
  const { items } = await stack.plane.objects.list<V1Secret>("v1", "Secret", namespace);
  const secret = items.find(({ metadata }) => metadata?.name === "registry-cache-credentials-team");
  assert.match(Buffer.from(secret?.data?.get ?? "", "base64").toString(), /an0ther-password/);
  assert.ok(!(await stack.state()).includes("an0ther-password"));
});

test("gives a new Pod files that the previous one doesn't see", async () => {
  const first = await pod();
  const base = { name: "base", registry: "base.example.com", repositories: ["base/**"] };
  const changes = await up({ upstreams: [base, team] });
  for (const expected of ["update StatefulSet one", "create ConfigMap one-edge-live"]) {
    assert.ok(changes.includes(expected), changes.join("\n"));
  }
  assert.ok(!changes.includes("update ConfigMap one-edge-live"));
  const second = await pod();
  assert.notEqual(second.metadata?.uid, first.metadata?.uid);
  assert.match(await fileOf(second, "edge", "nginx.conf"), /origin-base/);
  const { items } = await stack.plane.objects.list<V1ConfigMap>("v1", "ConfigMap", namespace);
  const live = items.filter(({ metadata }) => metadata?.name?.startsWith("registry-cache-edge-live-"));
  assert.equal(live.length, 1, "the old one goes with the old Pod");
});

test("reverts a failed roll-out, and keeps the files of the Pod that stays", async () => {
  await up({ upstreams });
  const before = await pod();
  const base = { name: "base", registry: "base.example.com", repositories: ["base/**"] };
  await refusingRollOuts(async () => {
    await configure({ upstreams: [base, team] });
    const { failed, messages } = await stack.run("up");
    assert.ok(failed);
    assert.match(messages, /no roll-outs now/);
  });
  await up({ upstreams });
  assert.ok(await isSamePod(before));
  const { items } = await stack.plane.objects.list<V1ConfigMap>("v1", "ConfigMap", namespace);
  const there = items.map(({ metadata }) => metadata?.name ?? "");
  const mounted = ["edge", "prometheus", "origin-team"].flatMap((container) => sourcesOf(before, container));
  assert.ok(mounted.length > 0);
  assert.deepEqual(
    mounted.filter((name) => !there.includes(name)),
    [],
  );
  assert.deepEqual(await up({ upstreams }), []);
});

/** Runs `during` while the API server refuses changes of a StatefulSet. */
async function refusingRollOuts(during: () => Promise<void>): Promise<void> {
  const api = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "no-roll-outs" } };
  const policy = {
    ...api,
    kind: "ValidatingAdmissionPolicy",
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["statefulsets"] },
        ],
      },
      validations: [{ expression: "false", message: "no roll-outs now" }],
    },
  };
  const binding = {
    ...api,
    kind: "ValidatingAdmissionPolicyBinding",
    spec: { policyName: api.metadata.name, validationActions: ["Deny"] },
  };
  const { objects } = stack.plane;
  const metadata = { name: "registry-cache", namespace, annotations: { "example.com/try": "true" } };
  const change = { apiVersion: "apps/v1", kind: "StatefulSet", metadata };
  const isRefused = async () => {
    try {
      await objects.patch(change, undefined, "All", undefined, undefined, PatchStrategy.MergePatch);
      return false;
    } catch (error) {
      return String(error).includes("no roll-outs now");
    }
  };
  for (const object of [policy, binding]) await objects.create<KubernetesObject>(object);
  await waitUntil("changes are refused", isRefused);
  try {
    await during();
  } finally {
    for (const object of [binding, policy]) await objects.delete(object);
    await waitUntil("changes are taken", async () => !(await isRefused()));
  }
}

test("adds the other IP family to the Service and removes it, in place", async () => {
  // Without the key, the API server keeps the families. The last `up` had no key, and the one before did nothing.
  const before = await service();
  assert.deepEqual([before.ipFamilyPolicy, before.ipFamilies], ["RequireDualStack", ["IPv4", "IPv6"]]);
  assert.equal(before.clusterIPs?.length, 2);
  await up({}, { expose: { ...region.expose, ipFamilyPolicy: "SingleStack" } });
  const after = await service();
  assert.deepEqual(after.ipFamilies, ["IPv4"]);
  assert.equal(after.clusterIP, before.clusterIP);
});

test("refuses another first family for an existing Service", async () => {
  const ipFamilies = ["IPv6", "IPv4"];
  const change = { expose: { ...region.expose, ipFamilyPolicy: "RequireDualStack", ipFamilies } };
  await configure({ regions: [{ ...region, ...change }] });
  const { failed, messages } = await stack.run("preview");
  assert.ok(failed);
  assert.match(
    messages,
    /regions\[0\]\.expose\.ipFamilies: begins with IPv6, and the Service has IPv4 first, which Kubernetes can't change: write IPv4 first/,
  );
  // As in docs/kubernetes.md.
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  await core.deleteNamespacedService({ name: "registry-cache", namespace });
  await up({}, change, undefined, "--refresh");
  assert.deepEqual((await service()).ipFamilies, ipFamilies);
});

/** An example of docs/kubernetes.md, by its heading. */
function documented(heading: string): Record<string, object> {
  const page = readFileSync(join(projectDirectory, "docs/kubernetes.md"), "utf8");
  const [, text] = new RegExp(`^### ${heading}$[^]*?^\`\`\`yaml$([^]*?)^\`\`\`$`, "m").exec(page) ?? [];
  assert.ok(text, heading);
  return parse(text);
}

/** The region of a team that has a namespace, and only the rights of docs/kubernetes-namespaced-role.yaml in it. */
const settings = documented("Settings of the Pods");
const inNamespace = {
  ...region,
  ...documented("An existing namespace"),
  ...documented("Room on the nodes"),
  ...settings,
  name: "existing",
  replicas: { min: 2 },
  expose: { ...settings.expose, minReadySeconds: 1 },
};

const inTeam = (name: string) => ({ name, namespace: "team-cache" });
const workload = { apiVersion: "apps/v1", kind: "Deployment", metadata: inTeam("registry-cache") };

async function previewProblems(change: object = {}): Promise<string> {
  await configure({ regions: [{ ...inNamespace, ...change }] });
  const { failed, messages } = await stack.run("preview");
  assert.ok(failed);
  return messages;
}

test("reports what an existing namespace lacks before it creates anything", async () => {
  await succeeds(stack, "destroy");
  const { objects } = stack.plane;
  const metadata = { name: "team-cache", labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
  await objects.delete({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "registry-cache" },
  });
  assert.match(
    await previewProblems(),
    /regions\[0\]\.context: its user may not get namespaces in the namespace team-cache; create, .* in the namespace team-cache; list storageclasses\.storage\.k8s\.io, priorityclasses\.scheduling\.k8s\.io \(docs\/kubernetes\.md has a role\)/,
  );

  await objects.create({ apiVersion: "v1", kind: "Namespace", metadata });
  deployer = await allowByRole(stack.plane, "docs/kubernetes-namespaced-role.yaml");
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "registry-cache", namespace: "team-cache" },
    spec: { ports: [{ port: 80 }] },
  };
  await objects.create(service);
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "Is", values: ["cache"] }] }],
    },
  };
  const messages = await previewProblems({
    scheduling: { ...settings.scheduling, affinity: { nodeAffinity } },
    pods: { ...settings.pods, runAsUser: "cluster" },
  });
  for (const told of [
    "endpoint.tls.secretName: the Secret wildcard isn't in the namespace team-cache",
    "namespace: \"team-cache\" has a Service registry-cache already, which isn't this region's",
    "pods.imagePullSecrets[0].name: the Secret mirror isn't in the namespace team-cache",
    "pods.runAsUser: can't be `cluster`: this isn't OpenShift",
    'scheduling.affinity: the cluster refuses it: spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Is"',
    'scheduling.priorityClassName: the cluster has no PriorityClass "platform": it has',
  ]) {
    assert.ok(messages.includes(`regions[0].${told}`), messages);
  }
  assert.doesNotMatch(messages, /may not/);
  assert.match(
    await previewProblems({ scheduling: { affinity: { podAffinity: { require: {} } } } }),
    /scheduling\.affinity: the cluster refuses it: .*unknown field "spec\.template\.spec\.affinity\.podAffinity\.require"/,
  );
  await objects.delete(service);
});

/** Expects that the namespace refuses the Pods of a Deployment and those of a StatefulSet. */
async function assertRefused(message: RegExp): Promise<void> {
  const told = new RegExp(`pods\\.resources: the cluster refuses it: .*${message.source}`);
  for (const change of [{}, { storage: region.storage }]) assert.match(await previewProblems(change), told);
}

test("reports what a namespace requires of its Pods before it creates anything", async () => {
  const { objects } = stack.plane;
  await objects.create({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "platform" },
    value: 1000,
  } as KubernetesObject);
  const metadata = { name: "asks", namespace: "team-cache" };
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata };
  await objects.create<V1ResourceQuota>({ ...quota, spec: { hard: { "limits.cpu": "64" } } });
  const quotaRefuses = (message: RegExp) =>
    waitUntil("the quota is enforced", async () => {
      await assertRefused(message);
      return true;
    });
  await quotaRefuses(/ is forbidden: failed quota: asks: must specify limits\.cpu for: edge/);
  await objects.delete(quota);
  // Enough for one replica.
  await objects.create<V1ResourceQuota>({ ...quota, spec: { hard: { "requests.memory": "4Gi" } } });
  await quotaRefuses(/ is forbidden: exceeded quota: asks, requested: requests\.memory=/);
  await objects.delete(quota);
  const range = { apiVersion: "v1", kind: "LimitRange", metadata };
  for (const [limits, message] of [
    [{ max: { memory: "64Mi" } }, /maximum memory usage per Container is 64Mi/],
    [{ _default: { cpu: "50m" } }, /"150m": must be less than or equal to cpu limit of 50m/],
  ] as const) {
    await objects.create<V1LimitRange>({ ...range, spec: { limits: [{ type: "Container", ...limits }] } });
    await assertRefused(message);
    await objects.delete(range);
  }
});

test("creates a region in the namespace with the namespaced role's rights", async () => {
  const { objects } = stack.plane;
  const provided = ["mirror", "wildcard"];
  for (const name of provided) {
    await objects.create({ apiVersion: "v1", kind: "Secret", metadata: inTeam(name) });
  }
  const changes = await up({ regions: [inNamespace] });
  assert.ok(!changes.some((change) => change.includes("Namespace")), changes.join("\n"));

  const { status } = await objects.read<V1Deployment>(workload);
  assert.equal(status?.availableReplicas, 2);
  const { items } = await objects.list<V1Pod>("v1", "Pod", "team-cache");
  for (const { metadata, spec } of items) {
    assert.equal(metadata?.labels?.team, "platform");
    assert.equal(metadata?.annotations?.["example.com/owner"], "platform");
    assert.equal(spec?.priority, 1000);
    assert.deepEqual(
      spec?.imagePullSecrets?.map(({ name }) => name),
      ["mirror"],
    );
  }
  const claims = await objects.list<V1PersistentVolumeClaim>("v1", "PersistentVolumeClaim", "team-cache");
  assert.deepEqual(
    claims.items.map(({ metadata }) => metadata?.name).sort(),
    items.map(({ metadata }) => `${metadata?.name}-data`).sort(),
  );
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: inTeam("full") };
  await objects.create<V1ResourceQuota>({ ...quota, spec: { hard: { pods: "2" } } });
  await waitUntil(
    "the quota is full",
    async () => (await objects.read<V1ResourceQuota>(quota)).status?.used?.pods === "2",
  );
  assert.deepEqual(await up({ regions: [inNamespace] }), [], "it has the replicas in it already");
  await objects.delete(quota);
});

test("previews, and shows drift, by the role for previews, which isn't enough for an update", async () => {
  await deployer?.[Symbol.asyncDispose]();
  const page = readFileSync(join(projectDirectory, "docs/kubernetes.md"), "utf8");
  const [written] = /^sed .*kubernetes-namespaced-role\.yaml/m.exec(page) ?? [];
  const { stdout } = await execa("sh", ["-c", written ?? "false"], { cwd: projectDirectory });
  await using directory = await tempDir();
  const file = join(directory.path, "preview-role.yaml");
  await writeFile(file, stdout);
  const { objects } = stack.plane;
  const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: inTeam("registry-cache") };
  {
    await using _ = await allowByRole(stack.plane, file);
    const base = { name: "base", registry: "base.example.com", repositories: ["base/**"] };
    const access = { clients: ["192.0.2.0/24"] };
    await configure({ upstreams: [base, team], regions: [{ ...inNamespace, access }] });
    const lacks = "existing: context: its user may not create, patch and delete configmaps, secrets, ";
    const previewed = await stack.run("preview");
    assert.ok(!previewed.failed, previewed.messages);
    assert.ok(previewed.messages.includes(lacks), previewed.messages);
    const shown = previewed.changes.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`);
    assert.deepEqual([...new Set(shown)].sort(), [
      "create ConfigMap",
      "delete ConfigMap",
      "update Deployment",
      "update NetworkPolicy",
      "update Service",
    ]);

    const updated = await stack.run("up");
    assert.ok(updated.failed);
    assert.match(
      updated.messages,
      /regions\[0\]\.context: its user may not create, patch and delete configmaps, .*docs\/kubernetes\.md has a role/,
    );

    await objects.delete(budget);
    await configure({ regions: [inNamespace] });
    const drift = await stack.run("refresh", ["--preview-only"]);
    assert.ok(!drift.failed, drift.messages);
    assert.deepEqual(
      drift.changes.map(({ op, type }) => `${op} ${type}`),
      ["delete kubernetes:policy/v1:PodDisruptionBudget"],
    );
  }
  deployer = await allowByRole(stack.plane, "docs/kubernetes-namespaced-role.yaml");
  await up({ regions: [inNamespace] }, {}, undefined, "--refresh");
  await objects.read(budget);
});

test("changes tls.mode without touching the Secret that the Pods mount, or one that is cert-manager's", async () => {
  const { objects } = stack.plane;
  await applyCrds(stack.plane, "cert-manager");
  const issuer = { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name: "authority" } };
  await objects.create({ ...issuer, spec: { selfSigned: {} } } as KubernetesObject);
  const authorityIn = async (name = "") => {
    const { items } = await objects.list<V1Secret>("v1", "Secret", "team-cache");
    const found = items.find(({ metadata }) => metadata?.name === name);
    return found && atob(found.data?.["ca.crt"] ?? "");
  };
  const mounted = async () => {
    const { spec } = await objects.read<V1Deployment>(workload);
    return authorityIn(spec?.template.spec?.volumes?.find(({ name }) => name === "tls")?.secret?.secretName);
  };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: inTeam("registry-cache-tls") };
  let isIssued = false;
  /** As cert-manager: writes the Certificate's Secret, and again when it has other content. It takes longer to notice that the Secret is gone. */
  const issue = async () => {
    const { items } = await objects.list(issuer.apiVersion, "Certificate", "team-cache");
    if (items.length === 0 || (isIssued && (await authorityIn(secret.metadata.name)) === undefined)) return;
    const body = { ...secret, data: { "ca.crt": btoa("issued") } };
    await objects.patch(body, undefined, undefined, "issuer", true, PatchStrategy.ServerSideApply);
    isIssued = true;
  };
  const change = async (tls: object) => {
    const endpoint = { ...inNamespace.endpoint, tls };
    await using _ = repeat(100, issue);
    await up({ regions: [{ ...inNamespace, endpoint }] });
  };

  await change({ mode: "private" });
  const first = await mounted();
  assert.match(String(first), /^-----BEGIN CERTIFICATE-----/);
  // docs/day-2.md
  const { changes } = await succeeds(stack, "up", ["--replace", "**:PrivateAuthority::**"]);
  const others = changes.filter(({ type }) => !/:Private(?:Authority|Certificate)$/.test(type));
  // The engine reports a resource again when what it depends on is replaced.
  const kinds = new Set(others.map(({ op, type }) => `${op} ${type}`));
  assert.deepEqual([...kinds], ["update kubernetes:core/v1:Secret"]);
  assert.notEqual(await mounted(), first);
  await change({ mode: "issuer", name: "authority" });
  assert.equal(await mounted(), "issued");
  await change({ mode: "private" });
  const { caches } = await stack.outputs();
  assert.equal(await mounted(), caches.existing.ca.certificate);
  await objects.delete(secret);
});

test("leaves the namespace as it was", async () => {
  const { objects } = stack.plane;
  await succeeds(stack, "destroy");
  const left = await Promise.all(
    ["Secret", "ConfigMap", "Service", "ServiceAccount", "Pod", "PersistentVolumeClaim"].map(async (kind) => {
      const { items } = await objects.list<KubernetesObject>("v1", kind, "team-cache");
      return items.map(({ metadata }) => `${kind} ${metadata?.name}`);
    }),
  );
  assert.deepEqual(left.flat().sort(), [
    "ConfigMap kube-root-ca.crt",
    "Secret mirror",
    "Secret wildcard",
    "ServiceAccount default",
  ]);
});

describe("a stack with a cluster", () => testClusterObjects(() => stack.plane));
