/** The control plane behaves like that of a real cluster. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  type V1Deployment,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1PodDisruptionBudget,
  type V1PodTemplateSpec,
  type V1Service,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { type ControlPlane, startControlPlane, zones } from "./control-plane.ts";
import { applyCrds } from "./control-plane-crds.ts";
import { assignLoadBalancers } from "./control-plane-load-balancers.ts";
import { scope } from "./scope.ts";
import { waitUntil } from "./wait.ts";

const namespace = "restricted";

let plane: ControlPlane;
const resources = scope({ after });

before(async () => {
  plane = resources.use(await startControlPlane());
  await plane.objects.create({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
});

const refused = (code: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiException);
  assert.equal(error.code, code);
  assert.match(error.body, message);
  return true;
};

/** Pods that meet the level `restricted` of Pod Security, one in each zone. */
const template = (app: string): V1PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    topologySpreadConstraints: [
      {
        topologyKey: "topology.kubernetes.io/zone",
        maxSkew: 1,
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app } },
      },
    ],
    containers: [
      {
        name: "test",
        image: "registry.test/nothing:1",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
});

test("rolls out a Deployment over the zones", async () => {
  const app = "deployed";
  const header = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: app, namespace } };
  const deployment: V1Deployment = {
    ...header,
    spec: { replicas: zones.length, selector: { matchLabels: { app } }, template: template(app) },
  };
  await plane.objects.create(deployment);
  await waitUntil("it is rolled out", async () => {
    const { status } = await plane.objects.read<V1Deployment>(header);
    return status?.availableReplicas === zones.length;
  });
  const { items } = await plane.objects.list<V1Pod>("v1", "Pod", namespace);
  const nodes = items.map(({ spec }) => spec?.nodeName).sort();
  assert.deepEqual(nodes, ["node-0", "node-1", "node-2"]);
});

test("creates a volume for each Pod of a StatefulSet, and protects the Pods from eviction by a budget", async () => {
  const app = "stateful";
  const metadata = { name: app, namespace };
  const setHeader = { apiVersion: "apps/v1", kind: "StatefulSet", metadata };
  const set: V1StatefulSet = {
    ...setHeader,
    spec: {
      serviceName: app,
      replicas: 2,
      selector: { matchLabels: { app } },
      template: template(app),
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
      ],
    },
  };
  const budgetHeader = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata };
  const budget: V1PodDisruptionBudget = {
    ...budgetHeader,
    spec: { minAvailable: 2, selector: { matchLabels: { app } } },
  };
  await plane.objects.create(set);
  await plane.objects.create(budget);
  await waitUntil("its Pods are ready, and the budget counts them", async () => {
    const { status } = await plane.objects.read<V1PodDisruptionBudget>(budgetHeader);
    return status?.currentHealthy === 2;
  });

  const { items } = await plane.objects.list<V1PersistentVolumeClaim>(
    "v1",
    "PersistentVolumeClaim",
    namespace,
  );
  const claims = items.map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`).sort();
  assert.deepEqual(claims, ["data-stateful-0 Bound", "data-stateful-1 Bound"]);

  const evicted = { name: "stateful-0", namespace };
  await assert.rejects(
    plane.config
      .makeApiClient(CoreV1Api)
      .createNamespacedPodEviction({ ...evicted, body: { metadata: evicted } }),
    refused(429, /violate the pod's disruption budget/),
  );
});

test("ends a deleted Pod before it removes the object", async () => {
  const name = "ending";
  const header = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace } };
  const core = plane.config.makeApiClient(CoreV1Api);
  // The finalizer keeps the object until the test removes it.
  const metadata = { name, finalizers: ["example.com/seen"] };
  await core.createNamespacedPod({ namespace, body: { ...template(name), metadata } });
  const becomes = (phase: string) =>
    waitUntil(phase, async () => (await plane.objects.read<V1Pod>(header)).status?.phase === phase);
  await becomes("Running");
  await core.deleteNamespacedPod({ name, namespace });
  await becomes("Succeeded");
  const letGo = [{ op: "remove", path: "/metadata/finalizers" }];
  await core.patchNamespacedPod({ name, namespace, body: letGo });
  await waitUntil("it is gone", async () => {
    const { items } = await core.listNamespacedPod({ namespace });
    return !items.some(({ metadata }) => metadata?.name === name);
  });
});

test("refuses a Pod that violates the namespace's Pod Security", async () => {
  const pod: V1Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "root", namespace },
    spec: { containers: [{ name: "root", image: "registry.test/nothing:1" }] },
  };
  await assert.rejects(
    plane.objects.create(pod),
    refused(403, /violates PodSecurity \\"restricted:latest\\"/),
  );
});

test("knows a user without rights, and allows them nothing", async () => {
  const config = new KubeConfig();
  config.loadFromFile(plane.kubeconfigWithoutRights);
  const objects = KubernetesObjectApi.makeApiClient(config);
  await assert.rejects(
    objects.list("v1", "Secret", namespace),
    refused(403, /User \\"nobody\\" cannot list/),
  );
});

test("gives a load balancer the cloud's address, whether it existed before or comes later", async () => {
  const service = (name: string): V1Service => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { type: "LoadBalancer", ports: [{ port: 443 }] },
  });
  await plane.objects.create(service("before"));
  resources.use(await assignLoadBalancers(plane, { hostname: "lb.example.com" }));
  await plane.objects.create(service("later"));
  for (const name of ["before", "later"]) {
    const [ingress] = await waitUntil(`${name} has an address`, async () => {
      const header = { apiVersion: "v1", kind: "Service", metadata: { name, namespace } };
      const { status } = await plane.objects.read<V1Service>(header);
      return status?.loadBalancer?.ingress;
    });
    assert.equal(ingress?.hostname, "lb.example.com");
  }
});

test("serves and validates applied kinds", async () => {
  await applyCrds(plane, "gateway-api", "cert-manager", "prometheus-operator");
  const object = (apiVersion: string, kind: string, spec: object) => ({
    apiVersion,
    kind,
    metadata: { name: "test", namespace },
    spec,
  });
  const selector = { matchLabels: { app: "test" } };
  const valid: KubernetesObject[] = [
    object("gateway.networking.k8s.io/v1", "HTTPRoute", { parentRefs: [{ name: "gateway" }] }),
    object("cert-manager.io/v1", "Certificate", { secretName: "tls", issuerRef: { name: "issuer" } }),
    object("monitoring.coreos.com/v1", "PodMonitor", {
      selector,
      podMetricsEndpoints: [{ port: "metrics" }],
    }),
    object("monitoring.coreos.com/v1", "PrometheusRule", { groups: [] }),
    object("monitoring.coreos.com/v1alpha1", "ScrapeConfig", {}),
  ];
  for (const it of valid) await plane.objects.create(it);
  const invalid = object("cert-manager.io/v1", "Certificate", { issuerRef: { name: "issuer" } });
  await assert.rejects(plane.objects.create(invalid), refused(422, /spec\.secretName: Required value/));
});
