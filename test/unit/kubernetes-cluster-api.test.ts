/** Failed requests to a cluster, and answers that a control plane by itself never gives. test/engine/kubernetes.test.ts tests the others. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { OwnObjects } from "../../components/hosts/kubernetes/cluster-api.ts";
import { findInCluster } from "../../components/hosts/kubernetes/findings.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import { type KubernetesCase, kubernetesKeys, kubernetesRegions } from "../support/kubernetes-regions.ts";
import { planRequest } from "../support/plan-request.ts";
import { freePort } from "../support/ports.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";

const parts = scope({ after });
let kubeconfig: string;

/** The API server's answers by path. For all other paths, it answers that nothing is there. */
const answers = new Map<string, { status: number; body: string | object }>();
const nothing = { status: 404, body: { kind: "Status", code: 404, details: {} } };

async function startApi(): Promise<string> {
  const server = await startServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://server");
    const { status, body } = answers.get(pathname.replace(/\/$/, "")) ?? nothing;
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  return parts.use(server).url;
}

before(async () => {
  kubeconfig = join(parts.use(await tempDir()).path, "config");
  const cluster = (name: string, server: string) => ({
    name,
    cluster: { server, "insecure-skip-tls-verify": true },
  });
  const context = (name: string, cluster: string) => ({ name, context: { cluster, user: "me" } });
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [cluster("gone", `https://127.0.0.1:${await freePort()}`), cluster("there", await startApi())],
    contexts: [context("production", "gone"), context("nowhere", "none"), context("test", "there")],
    users: [{ name: "me", user: { token: "a-token-of-mine" } }],
  };
  await writeFile(kubeconfig, stringify(config));
});

function lookUp(change: Readonly<Record<string, unknown>>, name: KubernetesCase, own: OwnObjects = {}) {
  const request = planRequest("kubernetes", kubernetesKeys(name, { kubeconfig, ...change }));
  return findInCluster(planKubernetes(request).plan, own);
}

async function problems(
  change: Readonly<Record<string, unknown>>,
  name: KubernetesCase = "volumes",
): Promise<string[]> {
  const found = await lookUp(change, name);
  return found.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("reports a missing kubeconfig", async () => {
  const [told = ""] = await problems({ kubeconfig: "/nowhere/config" });
  assert.match(told, /^kubeconfig: can't be read: ENOENT/);
});

test("reports a context that is missing, or that has no cluster", async () => {
  assert.deepEqual(await problems({ context: "prodution" }), [
    'context: the kubeconfig has no context "prodution": did you mean "production"?',
  ]);
  assert.deepEqual(await problems({ context: "staging" }), [
    'context: the kubeconfig has no context "staging": it has production, nowhere, test',
  ]);
  assert.deepEqual(await problems({ context: "nowhere" }), [
    'context: the kubeconfig has no cluster for "nowhere"',
  ]);
});

test("reports a cluster that doesn't answer, without the user's token", async () => {
  const [told = "", ...others] = await problems({});
  assert.match(told, /^context: its cluster can't be checked: connect ECONNREFUSED/);
  assert.deepEqual(others, []);
  assert.ok(!told.includes("a-token-of-mine"));
});

describe("a cluster", () => {
  const review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const version = { major: "1", minor: "36", gitVersion: "v1.36.3" };

  const served = (resources: readonly string[] = []) => ({
    status: 200,
    body: { resources: resources.map((kind) => ({ kind })) },
  });

  beforeEach(() => {
    answers.clear();
    answers.set("/version", { status: 200, body: version });
    answers.set(review, { status: 201, body: { status: { allowed: true } } });
  });

  test("is refused if it is too old", async () => {
    answers.set("/version", {
      status: 200,
      body: { ...version, minor: "29+", gitVersion: "v1.29.8-eks" },
    });
    assert.deepEqual(await problems({ context: "test" }), [
      "context: its cluster has Kubernetes v1.29.8-eks, and the cache needs 1.30 or later",
    ]);
  });

  test("is refused if it doesn't know the user", async () => {
    answers.set("/version", { status: 401, body: "Unauthorized" });
    assert.deepEqual(await problems({ context: "test" }), [
      "context: its cluster can't be checked: the server answers 401 Unauthorized",
    ]);
  });

  test("is refused if it fails during the look-up", async () => {
    answers.set(review, { status: 500, body: "the webhook is down" });
    assert.deepEqual(await problems({ context: "test" }), [
      "context: its cluster can't be checked: the server answers 500 Internal Server Error: the webhook is down",
    ]);
  });

  test("uses Kubernetes's own policies if its network is Cilium's and the user may not use Cilium's", async () => {
    const change = { context: "test", storage: { kind: "disk" } };
    const found = async () => (await lookUp(change, "volumes")).found;
    assert.deepEqual(await found(), { networkPolicies: "kubernetes" });
    // Cilium of GKE serves only some of its kinds.
    answers.set("/apis/cilium.io/v2", served(["CiliumEndpoint"]));
    assert.deepEqual(await found(), { networkPolicies: "kubernetes" });
    answers.set("/apis/cilium.io/v2", served(["CiliumEndpoint", "CiliumNetworkPolicy"]));
    assert.deepEqual(await found(), { networkPolicies: "cilium" });
    answers.set(review, { status: 201, body: { status: { allowed: false } } });
    assert.match((await problems(change)).join(), /may not .*ciliumnetworkpolicies\.cilium\.io/);
  });

  describe("with an existing namespace", () => {
    const change = { context: "test" };
    const core = "/api/v1/namespaces/team-cache";
    const there = (uid: string) => ({ status: 200, body: { metadata: { uid } } });
    const told = async (own: OwnObjects = {}) =>
      (await lookUp(change, "existing", own)).problems
        .filter(({ path }) => path === "namespace")
        .map(({ message }) => message);

    test("is refused if the namespace is missing", async () => {
      assert.deepEqual(await told(), [
        '"team-cache" doesn\'t exist: create it first, or let the stack create it by `create: true`',
      ]);
    });

    test("is refused if the namespace has another cache", async () => {
      answers.set(core, there("namespace"));
      assert.deepEqual(await told(), []);
      answers.set(`${core}/services/registry-cache`, there("service"));
      assert.deepEqual(await told({ service: "service" }), []);
      assert.deepEqual(await told({ service: "older" }), [
        "\"team-cache\" has a Service registry-cache already, which isn't this region's: each cache needs a namespace of its own",
      ]);
    });

    test("causes a warning if the region's Service is missing, as in another cluster", async (t) => {
      const warn = t.mock.method(pulumi.log, "warn", async () => {});
      answers.set(core, there("namespace"));
      const service = `${core}/services/registry-cache`;
      answers.set(service, { status: 404, body: { details: {} } });
      assert.deepEqual(await told({ service: "service" }), []);
      assert.match(
        String(warn.mock.calls.at(-1)?.arguments[0]),
        /context: "test" leads to a cluster without the Service registry-cache of the last update\./,
      );
      answers.set(service, { status: 403, body: {} });
      warn.mock.resetCalls();
      assert.deepEqual(await told({ service: "service" }), []);
      assert.equal(warn.mock.callCount(), 0);
    });

    test("is refused if the stack itself created the namespace", async () => {
      answers.set(core, there("namespace"));
      assert.deepEqual(await told({ namespace: "namespace" }), [
        '"team-cache" is this stack\'s own, and `create: false` would delete it with all that is in it: leave it out',
      ]);
    });
  });

  test("is recognized as OpenShift or another", async () => {
    const user = async (pods: object) =>
      (await problems({ context: "test", pods })).filter((it) => it.startsWith("pods.runAsUser"));
    assert.deepEqual(await user({}), []);
    assert.deepEqual(await user({ runAsUser: "cluster" }), [
      "pods.runAsUser: can't be `cluster`: this isn't OpenShift, so nothing gives the Pods a user. Leave it out",
    ]);
    answers.set("/apis/security.openshift.io/v1", served(["SecurityContextConstraints"]));
    assert.deepEqual(await user({ runAsUser: "cluster" }), []);
    assert.deepEqual(await user({}), [
      "pods.runAsUser: must be `cluster`: this is OpenShift, which lets Pods run only as a user of their namespace's range",
    ]);
  });

  test("causes a warning if nothing has the named labels, or enough space", async (t) => {
    const warn = t.mock.method(pulumi.log, "warn", async () => {});
    const list = (...items: object[]) => ({ status: 200, body: { items } });
    const warnings = async (name: KubernetesCase, change: object = {}) => {
      warn.mock.resetCalls();
      await lookUp({ context: "test", ...change }, name);
      return warn.mock.calls.map((call) => String(call.arguments[0]));
    };
    answers.set("/api/v1/nodes", list());
    answers.set("/api/v1/namespaces", list());
    assert.deepEqual(await warnings("volumes"), [
      "frankfurt: scheduling.nodeSelector: no node has kubernetes.io/os=linux,kubernetes.io/arch=arm64: the replicas wait until one has",
    ]);
    const disk = (size: string) => list({ status: { allocatable: { "ephemeral-storage": size } } });
    answers.set("/api/v1/nodes", disk("18242267924"));
    const [scratch, proxies, metrics] = await warnings("cilium");
    assert.match(scratch ?? "", /storage\.scratch: each replica needs 21GiB .* no node has more than 16GiB/);
    assert.match(
      metrics ?? "",
      /expose\.proxies: no namespace has kubernetes\.io\/metadata\.name=ingress-nginx, so /,
    );
    assert.match(
      proxies ?? "",
      /access\.metrics: no namespace has kubernetes\.io\/metadata\.name=monitoring, so /,
    );
    answers.set("/api/v1/nodes", disk("47093746Ki"));
    answers.set("/api/v1/namespaces", list({}));
    answers.set("/api/v1/pods", list());
    assert.deepEqual(await warnings("cilium"), [
      "frankfurt: expose.proxies: no Pod has app.kubernetes.io/name=ingress-nginx, so the network admits nobody for this entry yet",
    ]);
    // Without the right to look, there is no warning.
    for (const path of ["nodes", "namespaces", "pods"])
      answers.set(`/api/v1/${path}`, { status: 403, body: "" });
    assert.deepEqual(await warnings("cilium"), []);
  });

  test("is refused if it refuses the replicas' manifest, and not if it only seems to", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const refusal = async (status: number, body: object) => {
      answers.set(path, { status, body });
      return (await problems({ context: "test" }, "cilium")).filter((it) => it.includes("refuses"));
    };
    const field = "spec.template.spec.containers[0].resources.requests";
    const details = { causes: [{ field, message: 'Invalid value: "1": must be less' }] };
    assert.deepEqual(await refusal(422, { message: "Deployment is invalid", details }), [
      `pods.resources: the cluster refuses it: ${field}: Invalid value: "1": must be less`,
    ]);
    const webhook = 'admission webhook "a.example.com"';
    assert.deepEqual(await refusal(400, { message: `${webhook} denied the request: no team` }), []);
    const policy = `deployments.apps "registry-cache" is forbidden: ValidatingAdmissionPolicy 'team' with binding 'all'`;
    assert.deepEqual(await refusal(422, { message: `${policy} denied request: no team` }), []);
    assert.deepEqual(await refusal(403, { message: "forbidden" }), []);
    assert.deepEqual(await refusal(409, { message: "already exists" }), []);
  });

  test("is refused if it refuses a Pod for the namespace's rules, or for a policy that doesn't apply to the replicas", async () => {
    const namespace = { name: "team", create: false };
    answers.set("/api/v1/namespaces/team", { status: 200, body: { metadata: { name: "team", uid: "1" } } });
    const refusal = async (message: string, own: OwnObjects = {}) => {
      answers.set("/api/v1/namespaces/team/pods", { status: 403, body: { message } });
      const { problems } = await lookUp({ context: "test", namespace }, "volumes", own);
      return problems.filter((it) => it.message.includes("refuses")).map(({ path }) => path);
    };
    assert.deepEqual(await refusal("forbidden: exceeded quota: team, requested: pods=1"), ["pods.resources"]);
    assert.deepEqual(
      await refusal("forbidden: exceeded quota: team, requested: pods=1", { service: "2" }),
      [],
    );
    assert.deepEqual(await refusal('forbidden: violates PodSecurity "restricted:latest"'), ["namespace"]);
    assert.deepEqual(await refusal('admission webhook "bare-pods" denied the request: no owner'), []);
    assert.deepEqual(await refusal('pods is forbidden: User "me" cannot create resource "pods"'), []);
  });

  test("is asked only for issuers of cert-manager's own", async () => {
    answers.set("/apis/cert-manager.io/v1", served(["Certificate"]));
    const told = (issuer: object) => {
      const tls = { mode: "issuer", name: "own", ...issuer };
      return problems({ context: "test", endpoint: { hostname: "cache.example.com", tls } }, "cilium");
    };
    assert.deepEqual(await told({}), ["endpoint.tls.name: the cluster has no ClusterIssuer own"]);
    assert.deepEqual(await told({ kind: "StepClusterIssuer", group: "certmanager.step.sm" }), []);
  });

  test("has the newest of several default StorageClasses as its default", async () => {
    const mark = "storageclass.kubernetes.io/is-default-class";
    const storageClass = (name: string, month: string, annotations: object) => ({
      metadata: { name, creationTimestamp: `2026-${month}-01T00:00:00Z`, annotations },
    });
    const items = [
      storageClass("beta", "02", { "storageclass.beta.kubernetes.io/is-default-class": "true" }),
      storageClass("old", "01", { [mark]: "true" }),
      storageClass("other", "03", { [mark]: "false" }),
      storageClass("same", "02", { [mark]: "true" }),
    ];
    answers.set("/apis/storage.k8s.io/v1/storageclasses", { status: 200, body: { items } });
    answers.set("/api/v1/namespaces/team", { status: 200, body: { metadata: { name: "team", uid: "1" } } });
    const told = async (storageClassName: string) => {
      const claim = { spec: { storageClassName, resources: { requests: { storage: "200Gi" } } } };
      const path = "/api/v1/namespaces/team/persistentvolumeclaims";
      answers.set(path, { status: 200, body: { items: [claim] } });
      const namespace = { name: "team", create: false };
      return problems({ context: "test", namespace, storage: { kind: "disk", size: "200GiB" } });
    };
    assert.deepEqual(await told("beta"), []);
    assert.deepEqual(await told("old"), [
      "storage.class: the volumes have the StorageClass old, which can't change: set it, or remove the region first",
    ]);
  });

  test("is reported if its metrics server is down", async () => {
    answers.set("/apis/metrics.k8s.io/v1beta1", { status: 503, body: "service unavailable" });
    const change = {
      context: "test",
      endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
      operator: {},
      replicas: { min: 2, max: 3 },
    };
    assert.deepEqual(await problems(change, "bucket"), [
      "replicas.max: the cluster doesn't serve metrics.k8s.io: install the metrics server",
    ]);
  });

  test("is refused if its Gateway doesn't accept the route", async (t) => {
    const warn = t.mock.method(pulumi.log, "warn", async () => {});
    const path = "/apis/gateway.networking.k8s.io/v1";
    answers.set(path, served(["HTTPRoute"]));
    answers.set("/apis/monitoring.coreos.com/v1", served(["PodMonitor"]));
    const told = (change: object, gatewayClassName = "istio", region = {}) => {
      const listener = {
        name: "https",
        port: 443,
        protocol: "HTTPS",
        allowedRoutes: { namespaces: { from: "All" } },
        ...change,
      };
      const body = {
        spec: { gatewayClassName, listeners: [{ ...listener, name: "http", protocol: "HTTP" }, listener] },
      };
      for (const namespace of ["infra", "registry-cache"]) {
        answers.set(`${path}/namespaces/${namespace}/gateways/edge`, { status: 200, body });
      }
      return problems({ context: "test", ...region }, "gateway");
    };
    for (const hostname of ["cache.example.com", "*.example.com", "*.com"]) {
      assert.deepEqual(await told({ hostname }), []);
    }
    assert.deepEqual(await told({ allowedRoutes: { namespaces: { from: "Selector" } } }), []);
    assert.deepEqual(await told({ name: "tls" }), [
      'expose.gateway.listener: the Gateway has no listener "https"; it has http, tls',
    ]);
    const { expose } = kubernetesRegions.gateway;
    const gateway = { name: "edge", namespace: "infra" };
    const anyListener = { expose: { ...expose, gateway } };
    assert.deepEqual(await told({ port: 8443 }, "traefik", anyListener), [
      "endpoint.port: the Gateway has no HTTPS listener there; those it has are at: 8443. If the Gateway's Service forwards this port to one, name it as `expose.gateway.listener`",
    ]);
    warn.mock.resetCalls();
    assert.deepEqual(await told({ port: 8443 }, "traefik"), []);
    assert.deepEqual(
      warn.mock.calls.map((call) => String(call.arguments[0])),
      [
        "frankfurt: endpoint.port: clients use 443, and the listener https is at 8443: the Gateway's Service must forward 443 to it",
      ],
    );
    assert.deepEqual(await told({ protocol: "TLS" }), [
      "endpoint.port: the Gateway has no HTTPS listener there; those it has are at: none",
    ]);
    assert.deepEqual(await told({ hostname: "*.example.net" }), [
      "endpoint.hostname: the Gateway doesn't listen for it; it does for *.example.net",
    ]);
    const same = { allowedRoutes: { namespaces: { from: "Same" } } };
    const inSame = { expose: { ...expose, gateway: { ...gateway, namespace: "registry-cache" } } };
    assert.deepEqual(await told(same, "istio", inSame), []);
    assert.deepEqual(await told({ allowedRoutes: { namespaces: { from: "None" } } }, "istio", inSame), [
      "expose.gateway: its listener accepts no routes from the namespace registry-cache: set `allowedRoutes.namespaces` there",
    ]);
    assert.deepEqual(await told(same), [
      "expose.gateway: its listener accepts no routes from the namespace registry-cache: set `allowedRoutes.namespaces` there",
    ]);
    const gke = "gke-l7-rilb";
    assert.deepEqual(await told({}, gke), [
      "expose.timeouts: a Gateway of GKE refuses a route that has them: set `false`, and its limit as docs/kubernetes.md says",
    ]);
    assert.deepEqual(await told({}, gke, { expose: { ...expose, timeouts: false } }), []);
  });
});
