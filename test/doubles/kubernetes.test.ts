/** The double of a cluster and its provider must refuse what they refuse. Otherwise, a stack that passes proves nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Thing } from "./cloud.ts";
import { kubernetesCloud, type Surroundings } from "./kubernetes/kubernetes.ts";
import { filling, type Made, testRefusals } from "./refusals.ts";
import type { Inputs } from "./values.ts";

const server = "https://cluster.test";

/** A cloud that refuses nothing. */
function surroundings(open = new Set<string>()): Surroundings {
  return {
    cluster: (url) => (url === server ? { id: "cluster", certificateAuthority: "Q0E=" } : undefined),
    network: () => "cilium",
    admitPods: () => {},
    openLoadBalancer() {
      open.add("balancer");
      return { id: "balancer", ingress: { ip: "203.0.113.10" } };
    },
    closeLoadBalancer: (_, id) => void open.delete(id),
  };
}

const metadata = { name: "cache", namespace: "cache" };
const pod = {
  serviceAccountName: "cache",
  containers: [{ env: [{ valueFrom: { secretKeyRef: { name: "cache-tls" } } }] }],
  volumes: [{ configMap: { name: "cache" } }],
};
const deployment = (change: Inputs) => ({
  spec: { selector: {}, template: { spec: { ...pod, ...change } } },
});

function make(open?: Set<string>): Made {
  const { cloud, things, add: put } = filling(kubernetesCloud(surroundings(open), []), server);
  const add = (name: string, apiVersion: string, kind: string, inputs: Inputs) => {
    const type = `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
    return put(name, type, { apiVersion, kind, metadata, ...inputs });
  };
  add("namespace", "v1", "Namespace", { metadata: { name: "cache" } });
  const chart = "oci://registry.test/charts/cert-manager";
  const release = { name: "cert-manager", namespace: "cache", chart, version: "v1.21.2", values: {} };
  put("release", "kubernetes:helm.sh/v3:Release", release);
  add("account", "v1", "ServiceAccount", {});
  add("map", "v1", "ConfigMap", { data: { file: "" }, immutable: true });
  add("certificate", "cert-manager.io/v1", "Certificate", {
    spec: { secretName: "cache-tls", issuerRef: { name: "issuer" }, dnsNames: ["cache.example.com"] },
  });
  add("policy", "networking.k8s.io/v1", "NetworkPolicy", {
    spec: {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 9443 }] }],
    },
  });
  add("deployment", "apps/v1", "Deployment", deployment({}));
  add("service", "v1", "Service", { spec: { type: "LoadBalancer", ports: [{ port: 443 }] } });
  return { cloud, things };
}

const named = { metadata: { ...metadata, name: "other" } };

testRefusals(make, {
  "an object of that name": { of: "map", with: {}, says: /AlreadyExists/ },
  "a name with capitals": {
    of: "map",
    with: { metadata: { ...metadata, name: "Cache" } },
    says: /metadata\.name/,
  },
  "another kind than its type's": {
    of: "map",
    with: { kind: "Secret" },
    says: /v1 Secret isn't v1 ConfigMap/,
  },
  "a namespace that there isn't": {
    of: "map",
    with: { metadata: { name: "cache", namespace: "other" } },
    says: /metadata\.namespace: there is no kubernetes:core\/v1:Namespace other/,
  },
  "a missing field": { of: "service", with: { spec: {} }, says: /spec\.ports\[0\]\.port: Required value/ },
  "a Pod without its ConfigMap": {
    of: "deployment",
    with: { ...named, ...deployment({ volumes: [{ configMap: { name: "other" } }] }) },
    says: /ConfigMap cache\/other isn't there/,
  },
  "a Pod without its Secret": {
    of: "deployment",
    with: { ...named, ...deployment({ volumes: [{ secret: { secretName: "other" } }] }) },
    says: /Secret cache\/other isn't there/,
  },
  "a Pod without its service account": {
    of: "deployment",
    with: { ...named, ...deployment({ serviceAccountName: "other" }) },
    says: /ServiceAccount cache\/other isn't there/,
  },
  "a Pod whose metrics nobody in the cluster reaches": {
    of: "deployment",
    with: {
      ...named,
      ...deployment({ containers: [{ ports: [{ name: "metrics", containerPort: 9443 }] }] }),
    },
    says: /PolicyDenied: nothing in the cluster reaches cache's Pods at port 9443/,
  },
  "a chart without a version": { of: "release", with: { version: "latest" }, says: /version latest/ },
});

test("refuses a chart's kinds without the chart", () => {
  const { cloud, things } = make();
  cloud.remove(things.release as Thing);
  const { type, inputs } = things.certificate as Thing;
  assert.throws(
    () => cloud.create(type, "other", { ...inputs, ...named }, server),
    /NoMatch: no matches for kind "Certificate"/,
  );
});

test("replaces an immutable object, or one that the provider treats as immutable, for new content, and refuses another selector of a Deployment", () => {
  const { cloud, things } = make();
  const map = things.map as Thing;
  const changed = { ...map.inputs, data: { file: "changed" } };
  const mutable = { enableConfigMapMutable: "true" };
  assert.deepEqual(
    [...cloud.diff(map.type, map.inputs, changed, mutable)],
    [["data.file", { replaces: true }]],
  );
  const [before, after] = [map.inputs, changed].map(({ immutable, ...inputs }: Inputs) => inputs);
  for (const [provider, replaces] of [[mutable, false] as const, [{}, true] as const]) {
    assert.deepEqual(
      [...cloud.diff(map.type, before ?? {}, after ?? {}, provider)],
      [["data.file", { replaces }]],
    );
  }
  const { type, id, inputs } = things.deployment as Thing;
  const spec = { ...(inputs.spec as Inputs), selector: { matchLabels: { app: "other" } } };
  assert.throws(() => cloud.update(type, id, { ...inputs, spec }, server), /spec\.selector.*not allowed/);
});

test("closes a load balancer with its Service, and with its namespace", () => {
  for (const name of ["service", "namespace"]) {
    const open = new Set<string>();
    const { cloud, things } = make(open);
    assert.deepEqual((things.service as Thing).outputs.status, {
      loadBalancer: { ingress: [{ ip: "203.0.113.10" }] },
    });
    assert.equal(open.size, 1);
    const { type, id } = things[name] as Thing;
    cloud.delete(type, id, server);
    assert.equal(open.size, 0, name);
  }
});

test("generates a name for an object without one", () => {
  const { cloud } = make();
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: "cache" } };
  const { id, outputs } = cloud.create("kubernetes:core/v1:Secret", "login", secret, server);
  assert.match(id, /^cache\/login-[0-9a-f]{8}$/);
  assert.equal((outputs.metadata as Inputs).name, id.slice("cache/".length));
});

test("refuses a provider of a missing cluster, and one that doesn't trust the cluster", () => {
  const { cloud } = make();
  const kubeconfig = (url: string, ca: string) =>
    JSON.stringify({
      clusters: [{ cluster: { server: url, "certificate-authority-data": ca } }],
      users: [{ user: { exec: {} } }],
    });
  const scopeOf = (url: string, ca: string) => cloud.definition.scopeOf({ kubeconfig: kubeconfig(url, ca) });
  assert.equal(scopeOf(server, "Q0E="), server);
  assert.throws(() => scopeOf("https://other.test", "Q0E="), /ConnectionRefused/);
  assert.throws(() => scopeOf(server, "b3RoZXI="), /unknown authority/);
});
