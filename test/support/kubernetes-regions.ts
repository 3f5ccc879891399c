/** Stacks in existing clusters. Together, they use every part of the configuration. */
import { rootCertificates } from "node:tls";
import { parseConfig } from "../../components/config/parse.ts";
import type { KubernetesRegion } from "../../components/config/schema.ts";
import { type KubernetesPlan, planKubernetes, workloadPlan } from "../../components/hosts/kubernetes/plan.ts";
import type { NetworkPolicies, WorkloadPlanArgs } from "../../components/hosts/kubernetes/workload-args.ts";

type Keys = Readonly<Record<string, unknown>>;

const region = {
  name: "frankfurt",
  context: "production",
  endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
  access: { clients: ["203.0.113.0/24", "2001:db8::/32"] },
};

/** The certificate of an arbitrary authority. */
export const ca = rootCertificates[0] ?? "";

const bucket = {
  kind: "bucket",
  s3: { bucket: "cache", region: "eu-central-1" },
};

/** The regions as in a stack file. */
export const kubernetesRegions = {
  volumes: {
    ...region,
    storage: { kind: "disk", size: "200GiB", class: "fast" },
    scheduling: {
      nodeSelector: { "kubernetes.io/arch": "arm64" },
      tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }],
    },
  },
  /** Each replica stores a part of the objects. */
  sharing: {
    ...region,
    storage: { kind: "disk", size: "200GiB" },
    replicas: { min: 3, sharing: "hash" },
    access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
  },
  /** With one replica, so nothing serves while it is replaced. */
  "one-volume": { ...region, storage: { kind: "disk", size: "200GiB" }, replicas: { min: 1 } },
  bucket: {
    ...region,
    storage: { ...bucket, delivery: "redirect" },
    replicas: { min: 3, max: 9, cpuPercent: 60, connections: 2000 },
    endpoint: { hostname: "cache.example.com", port: 8443, tls: { mode: "issuer", name: "own", ca } },
    access: { clients: "public", metrics: ["10.0.0.0/8"] },
    expose: {
      kind: "loadBalancer",
      class: "example.com/lb",
      annotations: { "example.com/scheme": "internet-facing" },
      externalDns: false,
    },
    serviceAccount: { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/cache" } },
    operator: {
      podMonitor: true,
      prometheusRule: true,
      dashboard: true,
      labels: { release: "monitoring" },
      annotations: { "example.com/owner": "team" },
    },
  },
  /** With IPv4 and IPv6 addresses. */
  "dual-stack": {
    ...region,
    storage: { kind: "disk", size: "200GiB" },
    replicas: { sharing: "hash" },
    expose: { kind: "loadBalancer", ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv6", "IPv4"] },
  },
  "own-server": {
    ...region,
    storage: {
      kind: "bucket",
      s3: {
        bucket: "cache",
        region: "local",
        endpoint: "https://s3.example.com:9000",
        pathStyle: true,
        credentials: "bucket-login",
      },
    },
    endpoint: { hostname: "cache.example.com", tls: { mode: "provided", secretName: "wildcard" } },
    expose: { kind: "ingress", class: "nginx", proxies: ["10.1.0.0/16"], externalDns: false },
  },
  gateway: {
    ...region,
    storage: { kind: "bucket", azure: { account: "cache", container: "blobs" } },
    endpoint: { hostname: "cache.example.com", tls: { mode: "gateway" } },
    access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
    expose: {
      kind: "gateway",
      gateway: { name: "edge", namespace: "infra", listener: "https" },
      proxies: ["10.1.0.0/16"],
    },
    serviceAccount: {
      annotations: { "azure.workload.identity/client-id": "11111111-2222-3333-4444-555555555555" },
      podLabels: { "azure.workload.identity/use": "true" },
    },
    operator: { podMonitor: true },
  },
  /** In a cluster with Cilium's network. */
  cilium: {
    ...region,
    storage: bucket,
    expose: {
      kind: "ingress",
      proxies: [
        {
          namespaceLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
          podLabels: { "app.kubernetes.io/name": "ingress-nginx" },
        },
      ],
    },
    access: {
      clients: ["203.0.113.0/24"],
      metrics: ["10.0.0.0/8", { namespaceLabels: { "kubernetes.io/metadata.name": "monitoring" } }],
    },
  },
  /** In an existing namespace, on OpenShift, with everything that its platform team requires. */
  existing: {
    ...region,
    namespace: { name: "team-cache", create: false },
    storage: { ...bucket, scratch: { size: "100GiB", class: "fast" } },
    endpoint: { hostname: "cache.example.com", tls: { mode: "provided", secretName: "wildcard" } },
    expose: {
      kind: "ingress",
      class: "openshift-default",
      annotations: { "haproxy.router.openshift.io/timeout": "6h" },
      labels: { shard: "internal" },
      service: { annotations: { "example.com/protocol": "http" }, labels: { team: "platform" } },
      proxies: [{ namespaceLabels: { "policy-group.network.openshift.io/ingress": "" } }],
    },
    scheduling: {
      nodeSelector: { "node-role.kubernetes.io/infra": "" },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: "kubernetes.io/hostname",
              labelSelector: { matchLabels: { "app.kubernetes.io/name": "registry-cache" } },
            },
          ],
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              podAffinityTerm: {
                topologyKey: "example.com/rack",
                labelSelector: { matchLabels: { "app.kubernetes.io/name": "registry-cache" } },
              },
            },
          ],
        },
      },
      priorityClassName: "platform",
    },
    pods: {
      labels: { team: "platform" },
      annotations: { "example.com/owner": "platform" },
      imagePullSecrets: [{ name: "mirror" }],
      runAsUser: "cluster",
      readinessGates: [{ conditionType: "example.com/in-load-balancer" }],
      resources: {
        edge: { requests: { cpu: "3" }, limits: { memory: "6Gi" } },
        origin: { requests: { memory: "2Gi" } },
        prometheus: { limits: { cpu: "250m", memory: "256Mi" } },
      },
    },
  },
} satisfies Record<string, Keys>;

export type KubernetesCase = keyof typeof kubernetesRegions;

export const kubernetesCases = Object.keys(kubernetesRegions) as KubernetesCase[];

const sealed = { username: "reader", password: { secure: "v1:x" } };

/** The configuration of a stack with one region. */
export function kubernetesKeys(name: KubernetesCase, change: Keys = {}) {
  return {
    provider: "kubernetes",
    regions: [{ ...kubernetesRegions[name], ...change }],
    upstreams: [
      { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"], credentials: "login" },
    ],
    monitoring: {
      alertmanagers: ["https://alerts.example.com:9093"],
      remoteWrite: {
        url: name === "cilium" ? "http://10.20.30.40/push" : "https://metrics.example.com/push",
        credentials: "metrics-login",
      },
    },
    login: sealed,
    "metrics-login": sealed,
    ...(name === "own-server" && { "bucket-login": sealed }),
  };
}

/** The plan of a stack's only region. */
export function kubernetesPlan(
  name: KubernetesCase,
  change: Keys = {},
  networkPolicies = networkPoliciesOf(name),
): WorkloadPlanArgs {
  return workloadPlan(kubernetesRegionPlan(name, change), { networkPolicies });
}

/** The same plan before the look-up in the cluster. */
export function kubernetesRegionPlan(name: KubernetesCase, change: Keys = {}): KubernetesPlan {
  const { regions, ...shared } = parseConfig(kubernetesKeys(name, change));
  return planKubernetes({ ...shared, region: regions[0] as KubernetesRegion, stack: "test" }).plan;
}

/** The kind of policies in the region's cluster. */
export function networkPoliciesOf(name: KubernetesCase): NetworkPolicies {
  return name === "cilium" ? "cilium" : "kubernetes";
}
