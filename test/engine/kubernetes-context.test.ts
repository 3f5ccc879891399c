/** Which cluster a region's context leads to: other kubeconfigs, other names and other clusters. Each test continues from the state that the previous one leaves. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { assignLoadBalancers } from "../support/control-plane-load-balancers.ts";
import { type KubernetesStack, kubernetesStack, loadBalancerAddress } from "../support/kubernetes-stack.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope({ after });
const namespace = "cache-lab";
const region = {
  name: "lab",
  namespace,
  storage: {
    kind: "bucket",
    azure: { account: "cache", container: "cache" },
    scratch: { size: "21GiB", class: "kwok-volume" },
  },
  endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
  expose: { kind: "loadBalancer", minReadySeconds: 1 },
  access: { clients: ["203.0.113.0/24"] },
};

let planes: readonly [ControlPlane, ControlPlane];
let stack: KubernetesStack;

before(async () => {
  const [first, second] = await Promise.all([startControlPlane(), startControlPlane()]);
  planes = [parts.use(first), parts.use(second)];
  parts.use(await assignLoadBalancers(second, { ip: loadBalancerAddress }));
  stack = parts.use(await kubernetesStack(keys("first"), first));
});

function keys(context: string) {
  const upstreams = [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }];
  return { provider: "kubernetes", upstreams, regions: [{ ...region, context }] };
}

/** Writes a kubeconfig in a directory of its own. @param clusters by the names of their contexts @returns its path */
async function kubeconfig(clusters: Readonly<Record<string, ControlPlane>>): Promise<string> {
  const entries = await Promise.all(
    Object.entries(clusters).map(async ([name, plane]) => {
      const { clusters, users } = parse(await readFile(plane.kubeconfig, "utf8"));
      return { name, cluster: clusters[0].cluster, user: users[0].user };
    }),
  );
  const directory = join(parts.use(await tempDir()).path, ".kube");
  await mkdir(directory);
  const file = join(directory, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: entries.map(({ name, cluster }) => ({ name, cluster })),
    users: entries.map(({ name, user }) => ({ name, user })),
    contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  };
  await writeFile(file, stringify(config));
  return file;
}

/** The environment of a machine on which kubectl finds the file by default. */
function byDefault(file: string): NodeJS.ProcessEnv {
  return { KUBECONFIG: "", HOME: join(file, "..", "..") };
}

/** Which of the clusters have the region's namespace. */
function placed(): Promise<boolean[]> {
  return Promise.all(
    planes.map(async ({ objects }) => {
      const { items } = await objects.list<KubernetesObject>("v1", "Namespace");
      return items.some(({ metadata }) => metadata?.name === namespace);
    }),
  );
}

test("a stack finds its cluster by each machine's own kubeconfigs", async () => {
  const [first, second] = planes;
  const [one, other] = [await kubeconfig({ second }), await kubeconfig({ first })];
  await succeeds(stack, "up", [], { KUBECONFIG: `${one}:${other}` });
  assert.deepEqual(await placed(), [true, false]);
  const elsewhere = byDefault(await kubeconfig({ first }));
  await succeeds(stack, "preview", ["--expect-no-changes"], elsewhere);
  await succeeds(stack, "refresh", ["--preview-only", "--expect-no-changes"], elsewhere);
});

test("another name of the same cluster is refused", async () => {
  const [first] = planes;
  await stack.configure(keys("renamed"));
  const { failed, messages } = await stack.run(
    "preview",
    [],
    byDefault(await kubeconfig({ renamed: first })),
  );
  assert.ok(failed);
  assert.match(
    messages,
    /regions\[0\]\.context: "renamed" leads to the cluster that the stack knows as "first"/,
  );
});

test("a context that leads to another cluster than before causes a warning", async () => {
  const [, second] = planes;
  await stack.configure(keys("first"));
  const { messages } = await stack.run("preview", [], byDefault(await kubeconfig({ first: second })));
  assert.match(
    messages,
    /lab: context: "first" leads to a cluster without the namespace cache-lab of the last/,
  );
});

test("the context of another cluster moves the cache there", async () => {
  const [first, second] = planes;
  const environment = byDefault(await kubeconfig({ first, second }));
  await stack.configure(keys("second"));
  await succeeds(stack, "up", [], environment);
  assert.deepEqual(await placed(), [false, true]);
});

test("a deleted namespace is created again with --refresh", async () => {
  const [first, second] = planes;
  const environment = byDefault(await kubeconfig({ first, second }));
  await second.objects.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await waitUntil("it is gone", async () => !(await placed())[1]);
  const { messages } = await succeeds(stack, "preview", [], environment);
  assert.match(messages, /if the namespace was deleted, run `pulumi up --refresh`/);
  const { changes } = await succeeds(stack, "preview", ["--refresh"], environment);
  assert.ok(changes.some(({ op, type }) => op === "create" && type === "kubernetes:core/v1:Namespace"));
});
