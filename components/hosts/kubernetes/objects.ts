import type { Namespace, Service, ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicy } from "kubernetes-types/networking/v1.d.ts";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import { type CiliumNetworkPolicy, ciliumNetworkPolicy } from "./cilium-network-policy.ts";
import { autoscaler, type Controller, controller, disruptionBudget } from "./controller.ts";
import { type Exposure, exposure } from "./exposure.ts";
import { monitoringObjects } from "./monitoring.ts";
import { type CustomObject, objectLabels, tlsSecretOf, workloadMetadata } from "./names.ts";
import { networkPolicy } from "./network-policy.ts";
import { peerServices } from "./peers.ts";
import { workloadPod } from "./pod.ts";
import type { PodFiles } from "./pod-files.ts";
import type { WorkloadPlanArgs, WorkloadRegion } from "./workload-args.ts";

/** All that the cache is made of in a cluster, but its Secrets. */
export interface WorkloadObjects extends Controller, Exposure {
  /** Where the stack makes it. */
  readonly namespace?: Namespace;
  readonly serviceAccount: ServiceAccount;
  readonly networkPolicy: NetworkPolicy;
  /** Beside it, where the cluster serves the kind. */
  readonly ciliumNetworkPolicy?: CiliumNetworkPolicy;
  /** Of the replicas for each other, where they share their blobs. */
  readonly peerServices: readonly Service[];
  /** As pod-files.ts has them. */
  readonly configMaps: PodFiles["configMaps"];
  readonly certificate?: ReturnType<typeof certificate>;
  readonly autoscaler?: ReturnType<typeof autoscaler>;
  readonly disruptionBudget: PodDisruptionBudget;
  readonly monitoring: ReturnType<typeof monitoringObjects>;
}

export function renderWorkload(args: WorkloadPlanArgs): WorkloadObjects {
  const { region } = args;
  const { template, configMaps } = workloadPod(args);
  return {
    ...(region.createsNamespace !== false && { namespace: namespace(region) }),
    serviceAccount: serviceAccount(region),
    networkPolicy: networkPolicy(args),
    ...(region.networkPolicies === "cilium" && { ciliumNetworkPolicy: ciliumNetworkPolicy(args) }),
    peerServices: peerServices(region),
    configMaps,
    certificate: certificate(region),
    ...controller(region, template, args.replica.diskGiB),
    autoscaler: autoscaler(region),
    disruptionBudget: disruptionBudget(region),
    ...exposure(region),
    monitoring: monitoringObjects(args),
  };
}

/** https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
function namespace({
  name,
  namespace,
  namespaceLabels,
  namespaceAnnotations = {},
}: WorkloadRegion): Namespace {
  const podSecurity = ["enforce", "audit", "warn"].map(
    (mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"] as const,
  );
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespace,
      labels: { ...namespaceLabels, ...objectLabels(name), ...Object.fromEntries(podSecurity) },
      ...(Object.keys(namespaceAnnotations).length > 0 && { annotations: namespaceAnnotations }),
    },
  };
}

/** The cache asks nothing of the cluster. What proves who it is to a cloud, the cloud's webhook mounts by itself. */
function serviceAccount(region: WorkloadRegion): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: workloadMetadata(region),
    automountServiceAccountToken: false,
  };
}

/** With what the cloud knows the Pods by, which only the cloud may know. */
export function withAnnotations<Annotations>(
  { metadata, ...account }: ServiceAccount,
  annotations: Annotations | undefined,
) {
  return { ...account, metadata: { ...metadata, ...(annotations && { annotations }) } };
}

/**
 * For a region whose certificate is cert-manager's to get and to renew:
 * https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
 */
function certificate(region: WorkloadRegion): CustomObject<"Certificate"> | undefined {
  const { hostname, tls } = region.endpoint;
  if (tls.mode !== "issuer") return undefined;
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: workloadMetadata(region),
    spec: {
      secretName: tlsSecretOf(region.endpoint),
      dnsNames: [hostname],
      issuerRef: { group: "cert-manager.io", kind: tls.kind, name: tls.name },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  };
}
