/**
 * A real Kubernetes control plane on loopback, with simulated nodes: Pods are scheduled and become ready, but no container runs. Validation,
 * defaults, RBAC, Pod Security, scheduling and roll-outs are real. nodes/nodes.ts adds real nodes.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  Health,
  KubeConfig,
  KubernetesObjectApi,
  loadYaml,
  type V1Node,
  type V1StorageClass,
} from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { ensureFiles } from "../setup/go-files.ts";
import { ensureTool, type GoToolName } from "../setup/go-tools.ts";
import { hubAddress } from "./nodes/isolated.ts";
import { freePorts } from "./ports.ts";
import { type Process, startProcess } from "./process.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";

const loopback = "127.0.0.1";

/** The zones of the nodes in turn: `topology.kubernetes.io/zone`. */
export const zones = ["a", "b", "c"] as const;

/** The name of the user without rights. A test can bind rights to it. */
export const nobody = "nobody";

export interface ControlPlane extends AsyncDisposable {
  readonly url: URL;
  /** Path of a cluster administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the kubeconfig of {@link nobody}, whom the API server knows, and who may only ask which kinds it serves. */
  readonly kubeconfigWithoutRights: string;
  /** The administrator's configuration for typed clients: `plane.config.makeApiClient(AppsV1Api)`. */
  readonly config: KubeConfig;
  /** The administrator's client for objects of all kinds. */
  readonly objects: KubernetesObjectApi;
}

export interface ControlPlaneOptions {
  /** The number of simulated nodes, spread over {@link zones}; with 0, real ones can join. @default 3 */
  readonly nodes?: number;
  /** CIDR ranges of Services, one for each IP family. @default IPv4 first, and IPv6 */
  readonly serviceRanges?: readonly string[];
}

/** Starts a control plane, and waits until its API server and its simulated nodes are ready. */
export async function startControlPlane({
  nodes = 3,
  serviceRanges = ["10.96.0.0/16", "fd00:10:96::/112"],
}: ControlPlaneOptions = {}): Promise<ControlPlane> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await tempDir());
  const file = (name: string) => join(dir.path, name);
  const start = async (name: GoToolName, args: readonly string[]): Promise<Process> =>
    parts.use(await startProcess(await ensureTool(name), args, { logFile: file(`${name}.log`) }));

  const first = await freePorts(4);
  const [etcd, etcdPeer, api, kubelet] = [0, 1, 2, 3].map((it) => `${loopback}:${first + it}`);
  const url = new URL(`https://${api}`);
  const { ca, serving, serviceAccountKey } = await makeKeys(dir.path);
  const tokens = { admin: newToken(), [nobody]: newToken() };
  const access = async (name: string, token: string) => {
    await writeFile(file(name), kubeconfig(url, ca, token), { mode: 0o600 });
    return file(name);
  };
  const adminKubeconfig = await access("kubeconfig", tokens.admin);
  const kubeconfigWithoutRights = await access("kubeconfig-nobody", tokens[nobody]);
  // https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
  const users = [`${tokens.admin},admin,admin,system:masters`, `${tokens[nobody]},${nobody},${nobody}`];
  await writeFile(file("tokens.csv"), users.join("\n"), { mode: 0o600 });

  await start("etcd", [
    `--data-dir=${file("etcd")}`,
    `--listen-client-urls=http://${etcd}`,
    `--advertise-client-urls=http://${etcd}`,
    `--listen-peer-urls=http://${etcdPeer}`,
    `--initial-advertise-peer-urls=http://${etcdPeer}`,
    `--initial-cluster=default=http://${etcdPeer}`,
    "--unsafe-no-fsync",
  ]);
  const apiServer = await start("kube-apiserver", [
    `--etcd-servers=http://${etcd}`,
    `--bind-address=${loopback}`,
    `--advertise-address=${loopback}`,
    `--secure-port=${url.port}`,
    "--endpoint-reconciler-type=none",
    `--tls-cert-file=${serving.certificateFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--kubelet-preferred-address-types=InternalIP",
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-cluster-ip-range=${serviceRanges.join()}`,
  ]);

  const config = new KubeConfig();
  config.loadFromFile(adminKubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const health = new Health(config);
  await waitUntil("the API server is ready", async () => {
    if (!apiServer.running()) throw new Error(await apiServer.log());
    // The controllers exit unless this namespace exists within 10 s of their start.
    if (!(await health.readyz({}))) return false;
    return objects.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  });

  // Single instances without ports.
  const alone = [`--kubeconfig=${adminKubeconfig}`, "--leader-elect=false", "--secure-port=0"];
  await start("kube-controller-manager", [
    ...alone,
    `--service-account-private-key-file=${serviceAccountKey}`,
    `--root-ca-file=${ca}`,
    // Instead of every 15 s.
    "--horizontal-pod-autoscaler-sync-period=3s",
    // Real nodes renew their lease every 2 s, so 20 s without a sign of life are enough, instead of 50 s.
    ...(nodes === 0 ? ["--node-monitor-grace-period=20s"] : []),
  ]);
  await start("kube-scheduler", alone);
  if (nodes > 0) {
    await writeFile(file("stages.yaml"), await stages());
    await start("kwok", [
      `--kubeconfig=${adminKubeconfig}`,
      `--config=${file("stages.yaml")}`,
      "--manage-all-nodes=true",
      `--node-ip=${loopback}`,
      `--server-address=${kubelet}`,
      "--node-lease-duration-seconds=40",
    ]);
    await objects.create(await storageClass());
    for (let index = 0; index < nodes; index++) await objects.create(node(index));
    await waitUntil("the nodes are ready", () => assertReady(objects, nodes));
  }

  const all = parts.move();
  return {
    url,
    kubeconfig: adminKubeconfig,
    kubeconfigWithoutRights,
    config,
    objects,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const newToken = () => randomBytes(16).toString("hex");

/** Makes the files of an authority, of the API server's certificate, and of the key that signs service accounts' tokens. */
async function makeKeys(directory: string) {
  const names = [loopback, hubAddress];
  const authority = await makeAuthority(names, directory);
  const serving = { certificateFile: join(directory, "api.crt"), keyFile: join(directory, "api.key") };
  await issue(authority, names, serving);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serviceAccountKey = join(directory, "service-accounts.key");
  await writeFile(serviceAccountKey, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  return { ca: authority.certificateFile, serving, serviceAccountKey };
}

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
function kubeconfig(url: URL, ca: string, token: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    // The API server's descriptions of its kinds are megabytes, which each client reads.
    clusters: [
      {
        name: "test",
        cluster: { server: url.origin, "certificate-authority": ca, "disable-compression": true },
      },
    ],
    users: [{ name: "test", user: { token } }],
  });
}

/** The stages of nodes, Pods and volumes without delays, as one file. */
async function stages(): Promise<string> {
  const directory = await ensureFiles("kwok-stages");
  const files = [
    "node/fast/*.yaml",
    "node/heartbeat-with-lease/*.yaml",
    "pod/fast/*.yaml",
    "volume/fast/*.yaml",
  ]
    .flatMap((pattern) => globSync(join(directory, pattern)))
    .sort();
  const contents = await Promise.all(files.map(async (file) => parse(await readFile(file, "utf8"))));
  const found = contents.filter((it): it is Stage => it.kind === "Stage");
  return found
    .flatMap(endingPods)
    .map((it) => stringify(it))
    .join("---\n");
}

/** https://kwok.sigs.k8s.io/docs/user/stages-configuration/ */
interface Stage {
  readonly kind: "Stage";
  readonly metadata: { readonly name: string };
  readonly spec: { readonly selector: { readonly matchExpressions: readonly object[] } };
}

/**
 * Ends a deleted Pod before its object is removed, as a kubelet does. Otherwise, what waits for the end, such as the deletion of its volume claims,
 * could miss it.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow
 */
function endingPods(stage: Stage): Stage[] {
  const isDeleted = { key: ".metadata.deletionTimestamp", operator: "Exists" };
  const runs = (operator: "In" | "NotIn") => ({ key: ".status.phase", operator, values: ["Running"] });
  const when = (...matchExpressions: object[]) => ({
    spec: { ...stage.spec, selector: { matchExpressions } },
  });
  switch (stage.metadata.name) {
    case "pod-complete":
      return [stage, { ...stage, metadata: { name: "pod-end" }, ...when(isDeleted, runs("In")) }];
    case "pod-delete":
      return [{ ...stage, ...when(isDeleted, runs("NotIn")) }];
    default:
      return [stage];
  }
}

/** The cluster's default class, whose volumes the stages provide. */
async function storageClass(): Promise<V1StorageClass> {
  const file = join(await ensureFiles("kwok-stages"), "volume", "fast", "storage-class.yaml");
  return loadYaml(await readFile(file, "utf8"));
}

function node(index: number): V1Node {
  const name = `node-${index}`;
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "topology.kubernetes.io/zone": zones[index % zones.length] as string,
  };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

/** Asserts that all nodes are ready, and without their initial taint. @throws AssertionError with each other node and its reason */
export async function assertReady(objects: KubernetesObjectApi, count: number): Promise<true> {
  const { items } = await objects.list<V1Node>("v1", "Node");
  const problems = items.flatMap(({ metadata, spec, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const taints = (spec?.taints ?? []).map(({ key }) => key);
    if (ready?.status === "True" && taints.length === 0) return [];
    return `${metadata?.name}: ${ready?.message ?? "says nothing"} (taints: ${taints.join(", ") || "none"})`;
  });
  assert.deepEqual([items.length, problems], [count, []]);
  return true;
}
