/**
 * The workload on real nodes: its containers run, and every node's containerd pulls through it while the replicas change or fail. Each test continues
 * from the state that the previous one leaves.
 * The network of these nodes doesn't enforce NetworkPolicy.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiException,
  type CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Node,
  type V1Pod,
} from "@kubernetes/client-node";
import pMap from "p-map";
import { alertNames } from "../../components/config/alerts.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import type { Content } from "../../scripts/seed/content.ts";
import { registryName } from "../support/chain.ts";
import {
  type CachedCluster,
  cachedCluster,
  hostname,
  isReady,
  isReplica,
  namespace,
  region,
} from "../support/nodes/cached-cluster.ts";
import { isolated } from "../support/nodes/isolated.ts";
import type { RealNode } from "../support/nodes/nodes.ts";
import { hostsDirectory, keepPulling, pull } from "../support/nodes/pulls.ts";
import { clusterSession } from "../support/on-call-session.ts";
import { RunbookRuns, type Shell } from "../support/runbook-runs.ts";
import { blocksOf } from "../support/runbooks.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const surroundings = await isolated(import.meta.filename);

const parts = scope({ after });
let cluster: CachedCluster;
let nodes: readonly RealNode[];
let core: CoreV1Api;
let images: Content[];

before(async () => {
  cluster = await cachedCluster(parts, surroundings);
  ({ nodes, core } = cluster);
  images = await Promise.all(Array.from({ length: 5 }, (_, index) => cluster.pushed(`app-${index}`)));
});

const hasEnded = ({ status }: V1Pod) => status?.phase === "Failed" || status?.phase === "Succeeded";

function stateOf({ metadata, spec, status }: V1Pod): string {
  const conditions = status?.conditions?.flatMap(({ type, status, reason, message }) =>
    status === "True" ? [] : [`not ${type}: ${reason} ${message ?? ""}`],
  );
  const containers = status?.containerStatuses?.flatMap(({ name, state }) =>
    state?.running ? [] : [`${name}: ${JSON.stringify(state)}`],
  );
  const since = metadata?.deletionTimestamp ? ["about to end"] : [];
  const own = [status?.phase, status?.reason, status?.message, ...since].filter(Boolean).join(" ");
  return `${metadata?.name} on ${spec?.nodeName}: ${[own, ...(conditions ?? []), ...(containers ?? [])].join("; ")}`;
}

/** Waits until two replicas are ready, none of them on the given node, and the given Pods are gone. */
function settled(without: { readonly pods?: readonly V1Pod[]; readonly node?: string } = {}) {
  return waitUntil(
    "two replicas are ready",
    async () => {
      const { items } = await core.listNamespacedPod({ namespace });
      const uids = (without.pods ?? []).map(({ metadata }) => metadata?.uid);
      const left = items.filter(({ metadata }) => uids.includes(metadata?.uid));
      const ready = items.filter(isReplica).filter(isReady);
      const elsewhere = ready.every(({ spec }) => spec?.nodeName !== without.node);
      assert.ok(left.every(hasEnded) && ready.length === 2 && elsewhere, items.map(stateOf).join("\n"));
      return ready;
    },
    90_000,
    300,
  );
}

interface While {
  /** @default all nodes */
  readonly on?: readonly RealNode[];
  /** Whether a replica ends without notice, so that pulls continue at the registry. @default false */
  readonly without?: boolean;
}

/** Does something while nodes pull, and asserts that no pull fails. */
async function whilePulling(
  what: () => Promise<unknown>,
  { on = nodes, without = false }: While = {},
): Promise<void> {
  cluster.direct.forget();
  await using pulling = keepPulling(on, images);
  const began = Date.now();
  await what();
  const { ended, failures, slowestSeconds } = await pulling.end();
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `${ended} pulls in ${seconds} s, the slowest ${slowestSeconds} s, ${cluster.fellBack()} requests fell back`,
  );
  assert.deepEqual(failures, []);
  // Each pull has 12 requests. On a busy machine, a connection can take longer than the nodes wait.
  if (!without) assert.ok(cluster.fellBack() <= (12 * ended) / 100, "hardly anything falls back");
  assert.ok(ended * 10 > seconds, "the nodes have pulled all the time");
}

test("starts replicas in different zones, and nodes pull through them", async () => {
  await cluster.up();
  const [one, other] = await settled();
  assert.notEqual(one?.spec?.nodeName, other?.spec?.nodeName);

  const { cache, clients } = await cluster.outputs();
  for (const node of nodes) {
    await node.write(cache.ca?.file ?? "", cache.ca?.certificate ?? "");
    await node.write(`${hostsDirectory}/${registryName}/hosts.toml`, clients.containerd[registryName] ?? "");
  }
  await Promise.all(nodes.map((node) => pull(node, images[0] as Content)));
  assert.equal(cluster.fellBack(), 0);
  assert.ok(cluster.upstream.count("/v2/team/app-0/") > 0);
});

const runs = new RunbookRuns(import.meta.filename);

describe("somebody on call follows a runbook", () => {
  let shell: Shell;
  let administrator: Shell;
  before(async () => {
    const cache = { region, context: "test", namespace, endpoint: `https://${hostname}` };
    const image = `${registryName}/team/app-0:1`;
    ({ shell, administrator } = parts.use(await clusterSession({ ...cache, image }, cluster.kubeconfig)));
  });
  after(() => runs.assertComplete(alertNames));

  test("gets an answer from each look at a replica", async () => {
    // There is no metrics server, and no container has ended before.
    const options = {
      except: /certificaterequests/,
      values: { UPSTREAM: cluster.upstreamUrl },
      mayFail: /k top|--previous|^timeout/,
    };
    await waitUntil(
      "each replica has evaluated its rules",
      async () => (await shell("registry-cache firing")).output.match(/Watchdog/g)?.length === 2,
      90_000,
      3000,
    );
    const names = alertNames.filter((name) => name !== "RegistryCachePrefetchIncomplete");
    const printed = await pMap(
      names.filter((name) => blocksOf(name, "See", "kubernetes").length > 0),
      async (name) => [name, await runs.run(name, "See", "kubernetes", shell, options)] as const,
      { concurrency: 4 },
    );
    const by = new Map<string, string>(printed);
    assert.match(by.get("RegistryCacheDown") ?? "", /^verdict +serving/m);
    for (const name of ["RegistryCacheDown", "RegistryCacheProbeFailing"] as const) {
      const verified = await runs.run(name, "Verify", "kubernetes", shell, { except: /get services/ });
      assert.match(verified, /answers, \d+ of them hits/);
    }
    assert.match(by.get("RegistryCacheProbeFailing") ?? "", /^200$/m);
    assert.match(by.get("Watchdog") ?? "", /alertname="Watchdog"/);
  });

  test("cordons a node that pulls too much", async () => {
    const [{ name, address }] = nodes as [RealNode];
    const values = { CONTEXT: "test", CLIENT: address };
    await runs.run("RegistryCacheAbuse", "Do", "kubernetes", administrator, { values });
    assert.equal((await core.readNode({ name })).spec?.unschedulable, true);
    await cordon(name, false);
  });

  test("replaces one replica, then all, without a failed pull", async () => {
    for (const name of ["RegistryCacheProbeFailing", "RegistryCacheDown"] as const) {
      const before = await settled();
      const options = { matching: /registry-cache restart/ };
      await whilePulling(async () => {
        await runs.run(name, "Do", "kubernetes", shell, options);
        await settled({ pods: name === "RegistryCacheDown" ? before : before.slice(0, 1) });
      });
    }
  });
});

test("rolls out to every replica without a failed pull", async () => {
  const before = await cluster.replicas();
  await whilePulling(async () => {
    await cluster.up({ freshnessSeconds: 30 });
    await settled({ pods: before });
  });
});

test("drains a node one replica at a time, and its Pods move", async () => {
  const before = await settled();
  const evict = ({ metadata }: V1Pod) => {
    const of = { name: metadata?.name ?? "", namespace };
    return core.createNamespacedPodEviction({ ...of, body: { metadata: of } });
  };
  const [drained, other] = before as [V1Pod, V1Pod];
  const node = drained.spec?.nodeName ?? "";
  await cordon(node, true);
  await whilePulling(async () => {
    await evict(drained);
    await assert.rejects(evict(other), (error) => error instanceof ApiException && error.code === 429);
    await settled({ pods: [drained], node });
  });
  await cordon(node, false);
});

async function cordon(name: string, unschedulable: boolean): Promise<void> {
  const body = { spec: { unschedulable } } satisfies V1Node;
  await core.patchNode({ name, body }, setHeaderOptions("Content-Type", PatchStrategy.MergePatch));
}

test("keeps a replica ready without its Prometheus", async () => {
  const [pod] = (await settled()) as [V1Pod, V1Pod];
  const name = pod.metadata?.name;
  await cluster.inPod(
    pod,
    `for it in $processes; do [ "$(cat /proc/$it/comm)" != prometheus ] || kill -KILL "$it"; done`,
  );
  const restarted = await waitUntil("Prometheus is started again", async () => {
    const now = (await cluster.replicas()).find(({ metadata }) => metadata?.name === name);
    assert.ok(now && isReady(now));
    const status = now.status?.containerStatuses?.find((it) => it.name === "prometheus");
    return status?.restartCount === 1 && status.state?.running && now;
  });
  assert.ok(isReady(restarted));
});

test("keeps a replica ready with an origin that ends repeatedly", async () => {
  const [pod] = (await settled()) as [V1Pod, V1Pod];
  const now = async () => {
    const found = (await cluster.replicas()).find(({ metadata }) => metadata?.name === pod.metadata?.name);
    const origin = found?.status?.containerStatuses?.find(({ name }) => name.startsWith("origin-"));
    return { isReady: found && isReady(found), restarts: origin?.restartCount };
  };
  /** The processes of the origin's registry, except the registry that knows only the bucket. */
  const registries = (act: string) =>
    cluster.inPod(
      pod,
      `for it in $processes; do
        [ "$(cat /proc/$it/comm)" != registry ] || ! grep -q -a origin- /proc/$it/cmdline || ${act}
      done`,
    );
  const before = await now();
  for (let ends = 1; ends <= 3; ends++) {
    const former = await registries('echo "$it"');
    await registries('kill -KILL "$it"');
    await waitUntil("the registry is started again", async () => {
      const found = await registries('echo "$it"');
      assert.deepEqual(await now(), { ...before, isReady: true });
      return found !== "" && found !== former;
    });
  }
});

test("uses another password of the upstream in the running Pods", async () => {
  const before = await settled();
  const image = await cluster.pushed("later");
  cluster.login.password = "the second one";
  cluster.asksForPassword.rotate(cluster.login);
  await whilePulling(() => cluster.up({ freshnessSeconds: 30 }));
  await waitUntil(
    "the replicas get what is new",
    async () => {
      cluster.direct.forget();
      const [node] = nodes as [RealNode];
      await pull(node, image);
      await node.run("ctr", [
        "--namespace",
        "pulls",
        "images",
        "remove",
        "--sync",
        `${registryName}/team/later:1`,
      ]);
      return cluster.fellBack() === 0;
    },
    90_000,
  );
  const uids = (pods: V1Pod[]) => pods.map(({ metadata }) => metadata?.uid).sort();
  assert.deepEqual(uids(await cluster.replicas()), uids(before));
});

test("serves another certificate from the running Pods", async () => {
  const directory = join(surroundings.directory, "another");
  const authority = await makeAuthority([hostname], directory);
  const files = { certificateFile: join(directory, "tls.crt"), keyFile: join(directory, "tls.key") };
  await issue(authority, [hostname], files);
  const text = (file: string) => readFile(file, "utf8");
  const ca = await text(authority.certificateFile);
  const { cache } = await cluster.outputs();
  for (const node of nodes) await node.write(cache.ca?.file ?? "", cache.ca?.certificate + ca);
  const body = {
    stringData: {
      "tls.crt": await text(files.certificateFile),
      "tls.key": await text(files.keyFile),
      "ca.crt": ca,
    },
  };
  await whilePulling(async () => {
    await core.patchNamespacedSecret(
      { name: "registry-cache-private-tls", namespace, body },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
    const [node] = nodes as [RealNode];
    await node.write("/etc/another-ca.crt", ca);
    await waitUntil(
      "both replicas serve it",
      async () => {
        for (const { status } of await cluster.replicas()) {
          const to = ["-connect", `${status?.podIP}:8443`, "-servername", hostname];
          await node.run(
            "openssl",
            ["s_client", "-verify_return_error", "-CAfile", "/etc/another-ca.crt", ...to],
            {
              input: "",
            },
          );
        }
        return true;
      },
      90_000,
    );
  });
});

test("replaces a replica that is evicted for its use of the node's disk", async () => {
  const before = await settled();
  const [pod] = before as [V1Pod];
  await whilePulling(
    async () => {
      await cluster.inPod(
        pod,
        'fallocate --length 2200M "$directory/volumes/kubernetes.io~empty-dir/data/ballast"',
      );
      const evicted = await waitUntil(
        "kubelet evicts it",
        async () => {
          const name = pod.metadata?.name ?? "";
          const { status } = await core.readNamespacedPod({ name, namespace });
          return status?.reason === "Evicted" && status.message;
        },
        60_000,
      );
      assert.match(evicted, /exceeds the limit/);
      await settled({ pods: [pod] });
    },
    { without: true },
  );
});

test("limits memory, and the replica keeps serving", async () => {
  const [pod] = (await settled()) as [V1Pod];
  await whilePulling(async () => {
    // A process in the edge's cgroup that takes all memory.
    const hungry = cluster.inPod(
      pod,
      `for it in $processes; do
        if [ "$(cat "/proc/$it/comm")" != nginx ]; then continue; fi
        group=/sys/fs/cgroup/memory$(sed -n 's/.*:memory://p' "/proc/$it/cgroup")
        exec sh -c 'echo 0 > "$1/cgroup.procs"; exec tail /dev/zero' sh "$group"
      done`,
    );
    await assert.rejects(hungry, { signal: "SIGKILL" });
  });
  await settled();
  assert.ok(!(await isRestarted(pod)));
});

/** Whether the edge of a Pod has restarted since. */
async function isRestarted(pod: V1Pod): Promise<boolean> {
  const now = (await cluster.replicas()).find(({ metadata }) => metadata?.uid === pod.metadata?.uid);
  assert.ok(now, "the Pod is there");
  return restarts(now) > restarts(pod);
}

function restarts({ status }: V1Pod): number {
  return status?.containerStatuses?.find(({ name }) => name === "edge")?.restartCount ?? 0;
}

test("removes a replica that hangs from the Service, and restarts it", async () => {
  const [pod] = (await settled()) as [V1Pod];
  await whilePulling(
    async () => {
      await cluster.inPod(
        pod,
        `for it in $processes; do [ "$(cat /proc/$it/comm)" != nginx ] || kill -STOP "$it"; done`,
      );
      const ready = async () => (await cluster.replicas()).filter(isReady).length;
      await waitUntil("it isn't ready", async () => (await ready()) === 1);
      await waitUntil("it is started again", () => isRestarted(pod), 90_000);
      await settled();
    },
    { without: true },
  );
});

test("loses no pull with a replica that is killed", async () => {
  const [pod] = (await settled()) as [V1Pod];
  await whilePulling(
    async () => {
      // A container's processes end with its first process.
      await cluster.inPod(pod, "kill -KILL $processes || true");
      await waitUntil("kubelet has started it again", () => isRestarted(pod));
      await settled();
    },
    { without: true },
  );
});

test("fails no pull of other nodes when a node loses power, and the node's replica returns", async () => {
  const [pod] = (await settled()) as [V1Pod];
  const node = cluster.nodeOf(pod);
  const others = nodes.filter((it) => it !== node);
  await whilePulling(
    async () => {
      await node.powerOff();
      await waitUntil(
        "the cluster has noticed",
        async () => {
          const { status } = await core.readNode({ name: node.name });
          return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "Unknown");
        },
        90_000,
      );
    },
    { on: others, without: true },
  );
  await whilePulling(() => sleep(5000), { on: others });
  await node.powerOn();
  await settled();
  await pull(node, images[0] as Content);
});
