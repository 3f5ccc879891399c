/** Who can reach the Pods, and whom they can reach, in a cluster with Kubernetes's own policies and in one with Cilium. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NetworkPolicy } from "kubernetes-types/networking/v1.d.ts";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import type { NetworkPolicies } from "../../components/hosts/kubernetes/workload-args.ts";
import { type Flow, type Peer, passes } from "../doubles/kubernetes/cilium.ts";
import type { Inputs } from "../doubles/values.ts";
import { type KubernetesCase, kubernetesPlan, kubernetesRegions } from "../support/kubernetes-regions.ts";

type Change = Readonly<Record<string, unknown>>;

function policies(name: KubernetesCase, change: Change, kind: NetworkPolicies): Inputs[] {
  const { networkPolicy, ciliumNetworkPolicy } = renderWorkload(kubernetesPlan(name, change, kind));
  return [networkPolicy, ...(ciliumNetworkPolicy ? [ciliumNetworkPolicy] : [])] as unknown as Inputs[];
}

function kubernetesPolicy(name: KubernetesCase, change: Change = {}): NetworkPolicy {
  return renderWorkload(kubernetesPlan(name, change, "kubernetes")).networkPolicy;
}

test("lets the configured sources reach the Pods, and the Pods reach the configured servers", () => {
  const sources = (name: KubernetesCase) =>
    kubernetesPolicy(name).spec?.ingress?.map(({ from, ports }) => [
      ports?.map(({ port }) => port),
      from?.map(({ ipBlock }) => ipBlock?.cidr),
    ]);
  const targets = (name: KubernetesCase) =>
    kubernetesPolicy(name).spec?.egress?.map(({ to, ports }) => [
      ports?.map(({ port }) => port),
      to?.map(({ ipBlock }) => ipBlock?.cidr) ?? "anywhere",
    ]);
  assert.deepEqual(sources("volumes"), [[[8443], ["203.0.113.0/24", "2001:db8::/32"]]]);
  assert.deepEqual(sources("bucket"), [
    [[8443], ["0.0.0.0/0", "::/0"]],
    [[9443], ["10.0.0.0/8"]],
  ]);
  assert.deepEqual(sources("gateway"), [
    [[8443], ["10.1.0.0/16"]],
    [[9443], ["10.0.0.0/8"]],
  ]);
  const names = [[53, 53], "anywhere"];
  assert.deepEqual(targets("volumes"), [names, [[443, 9093], "anywhere"]]);
  assert.deepEqual(targets("own-server"), [names, [[443, 9000, 9093], "anywhere"]]);
  assert.deepEqual(targets("bucket"), [
    names,
    [[443, 9093], "anywhere"],
    [[80], ["169.254.170.23/32", "fd00:ec2::23/128"]],
  ]);
});

test("allows any port of a server behind a Service, in its namespace", () => {
  // The URL doesn't show the Service's Pods, or their port.
  const { s3 } = kubernetesRegions["own-server"].storage;
  const storage = { kind: "bucket", s3: { ...s3, endpoint: "http://minio.storage.svc:9000" } };
  assert.deepEqual(kubernetesPolicy("own-server", { storage }).spec?.egress?.at(-1), {
    to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "storage" } } }],
  });
  const anywhere = kubernetesPolicy("own-server", { storage }).spec?.egress?.filter(({ to }) => !to);
  assert.deepEqual(
    anywhere?.map(({ ports }) => ports?.map(({ port }) => port)),
    [
      [53, 53],
      [443, 9093],
    ],
  );
  const flow = (namespace: string): Flow => ({
    direction: "egress",
    peer: { kind: "pod", namespace: { "kubernetes.io/metadata.name": namespace }, labels: {} },
    port: 9001,
  });
  const cilium = policies("own-server", { storage }, "cilium");
  assert.deepEqual(
    ["storage", "default"].map((namespace) => passes(cilium, flow(namespace))),
    [true, false],
  );
});

test("opens the port of a server with an address there and in the cluster, and not at the node's metadata service", () => {
  const { s3 } = kubernetesRegions["own-server"].storage;
  const world = (address: string): Peer => ({ kind: "world", address });
  const pod: Peer = { kind: "pod", namespace: {}, labels: {} };
  for (const [endpoint, server, cidr] of [
    ["http://10.20.30.40", "10.20.30.40", "10.20.30.40/32"],
    ["http://[fd00::7]:80", "fd00::7", "fd00::7/128"],
  ] as const) {
    const storage = { kind: "bucket", s3: { ...s3, endpoint } };
    assert.deepEqual(kubernetesPolicy("own-server", { storage }).spec?.egress?.at(-1), {
      to: [{ ipBlock: { cidr } }, { namespaceSelector: {} }],
      ports: [{ port: 80, protocol: "TCP" }],
    });
    for (const kind of ["kubernetes", "cilium"] as const) {
      const reaches = (peer: Peer, port = 80) =>
        passes(policies("own-server", { storage }, kind), { direction: "egress", peer, port });
      assert.deepEqual(
        [world(server), pod].map((peer) => reaches(peer)),
        [true, true],
        kind,
      );
      const others = ["169.254.169.254", "fd00:ec2::254", "10.20.30.41", "203.0.113.7"].map(world);
      assert.ok(!others.some((peer) => reaches(peer)), kind);
      assert.ok(!reaches(world(server), 9000), kind);
    }
    // In Cilium, a range matches no node.
    assert.ok(
      passes(policies("own-server", { storage }, "cilium"), {
        direction: "egress",
        peer: { kind: "remote-node" },
        port: 80,
      }),
    );
  }
});

test("opens no port for a server in the Pod itself", () => {
  const { s3 } = kubernetesRegions["own-server"].storage;
  for (const endpoint of ["http://localhost", "http://127.0.0.1:80"]) {
    const { egress } =
      kubernetesPolicy("own-server", { storage: { kind: "bucket", s3: { ...s3, endpoint } } }).spec ?? {};
    assert.deepEqual(
      egress?.map(({ ports }) => ports?.map(({ port }) => port)),
      [
        [53, 53],
        [443, 9093],
      ],
    );
  }
});

test("lets replicas that share their blobs reach each other, and nobody else reach them there", () => {
  const replica: Peer = {
    kind: "pod",
    namespace: { "kubernetes.io/metadata.name": "registry-cache" },
    labels: { "app.kubernetes.io/name": "registry-cache", "app.kubernetes.io/instance": "frankfurt" },
  };
  const strangers: Peer[] = [
    { ...replica, namespace: { "kubernetes.io/metadata.name": "default" } },
    { ...replica, labels: { ...replica.labels, "app.kubernetes.io/instance": "other" } },
    { kind: "remote-node" },
    { kind: "world", address: "203.0.113.7" },
  ];
  for (const kind of ["kubernetes", "cilium"] as const) {
    const flow = (peer: Peer, direction: Flow["direction"]): Flow => ({ direction, peer, port: 8444 });
    const through = (name: KubernetesCase, ...flows: Flow[]) =>
      flows.map((it) => passes(policies(name, {}, kind), it));
    const both: Flow[] = [flow(replica, "ingress"), flow(replica, "egress")];
    assert.deepEqual(through("sharing", ...both), [true, true], kind);
    const incoming = strangers.map((peer) => flow(peer, "ingress"));
    assert.deepEqual(through("sharing", ...incoming), [false, false, false, false], kind);
    assert.deepEqual(through("volumes", ...both), [false, false], kind);
  }
});

test("selects Pods by labels in any namespace, unless one is named", () => {
  const access = {
    clients: ["203.0.113.0/24"],
    metrics: ["10.0.0.0/8", { podLabels: { app: "prometheus" } }, { namespaceLabels: { team: "sre" } }],
  };
  assert.deepEqual(kubernetesPolicy("volumes", { access }).spec?.ingress?.[1]?.from, [
    { ipBlock: { cidr: "10.0.0.0/8" } },
    { namespaceSelector: {}, podSelector: { matchLabels: { app: "prometheus" } } },
    { namespaceSelector: { matchLabels: { team: "sre" } } },
  ]);
});

describe("by Cilium's rules", () => {
  const pod = (namespace: string): Peer => ({
    kind: "pod",
    namespace: { "kubernetes.io/metadata.name": namespace },
    labels: { "app.kubernetes.io/name": namespace },
  });
  const client: Peer = { kind: "world", address: "203.0.113.7" };
  const others: Peer[] = [{ kind: "world", address: "198.51.100.7" }];
  const from = (peer: Peer, port: number): Flow => ({ direction: "ingress", peer, port });
  const agent: Flow = { direction: "egress", peer: { kind: "host" }, port: 80 };

  const byRange = {
    expose: { kind: "ingress", proxies: ["10.1.0.0/16"] },
    access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
  };
  const byLabels = {
    expose: {
      kind: "ingress",
      proxies: [{ namespaceLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } }],
    },
    access: {
      clients: ["203.0.113.0/24"],
      metrics: [{ podLabels: { "app.kubernetes.io/name": "monitoring" } }],
    },
  };
  /** Whether flows pass. The bucket is reached by EKS Pod Identity. */
  const passed = (change: Change, kind: NetworkPolicies, ...flows: Flow[]) =>
    flows.map((flow) => passes(policies("cilium", change, kind), flow));

  test("blocks an Ingress, a Prometheus and the agent of Pod Identity with only ranges", () => {
    const cutOff = [from(pod("ingress-nginx"), 8443), from(pod("monitoring"), 9443), agent];
    assert.deepEqual(passed(byRange, "kubernetes", ...cutOff), [false, false, false]);
    assert.deepEqual(passed(byRange, "cilium", ...cutOff), [true, true, true]);
    assert.deepEqual(passed(byLabels, "cilium", ...cutOff), [true, true, true]);
  });

  test("lets in only the Pods that labels select", () => {
    for (const kind of ["kubernetes", "cilium"] as const) {
      const [ingress, monitoring] = [pod("ingress-nginx"), pod("monitoring")];
      assert.deepEqual(
        passed(byLabels, kind, from(ingress, 8443), from(monitoring, 9443)),
        [true, true],
        kind,
      );
      const strangers = [from(monitoring, 8443), from(ingress, 9443), from(pod("default"), 8443)];
      assert.deepEqual(passed(byLabels, kind, ...strangers), [false, false, false], kind);
      const remote: Peer = { kind: "remote-node" };
      assert.deepEqual(passed(byLabels, kind, from(remote, 8443), from(client, 8443)), [false, false], kind);
    }
  });

  test("keeps Kubernetes's own policy for a cluster that serves Cilium's kind and no longer runs Cilium", () => {
    for (const change of [byRange, byLabels]) {
      const [own, ciliums, ...more] = policies("cilium", change, "cilium");
      assert.deepEqual([own, more], [kubernetesPolicy("cilium", change), []]);
      // With Cilium, it opens nothing that Cilium's own doesn't.
      const pods = ["ingress-nginx", "monitoring", "x"].map(pod);
      const peers: Peer[] = [...pods, client, ...others, { kind: "remote-node" }];
      for (const flow of peers.flatMap((peer) => [8443, 9443, 15000].map((port) => from(peer, port)))) {
        assert.equal(passes([own, ciliums] as Inputs[], flow), passes([ciliums] as Inputs[], flow));
      }
    }
  });

  test("lets in a load balancer's clients, the nodes and the Pod's own node, and no other addresses and ports", () => {
    const loadBalancer = { expose: { kind: "loadBalancer" }, access: byRange.access };
    const nodes: Peer[] = [{ kind: "host" }, { kind: "remote-node" }];
    const wanted = [client, ...nodes].map((peer) => from(peer, 8443));
    assert.deepEqual(passed(loadBalancer, "cilium", ...wanted), [true, true, true]);
    const unwanted = [...others.map((peer) => from(peer, 8443)), from(client, 9443), from(pod("x"), 15000)];
    assert.deepEqual(passed(loadBalancer, "cilium", ...unwanted), [false, false, false]);
  });

  test("lets the Pods reach names, registries and Azure's identity anywhere, and no other port", () => {
    const to = (peer: Peer, port: number): Flow => ({ direction: "egress", peer, port });
    const reached = [to(pod("kube-system"), 53), to(client, 443), to({ kind: "host" }, 53)];
    assert.deepEqual(passed(byLabels, "cilium", ...reached), [true, true, true]);
    assert.deepEqual(passed(byLabels, "cilium", to(client, 80), to({ kind: "remote-node" }, 6443)), [
      false,
      false,
    ]);
  });
});
