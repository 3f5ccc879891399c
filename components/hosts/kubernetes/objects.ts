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

/** All objects of a cache in a cluster, except for its Secrets. */
export interface WorkloadObjects extends Controller, Exposure {
  /** Set if the stack creates the namespace. */
  readonly namespace?: Namespace;
  readonly serviceAccount: ServiceAccount;
  readonly networkPolicy: NetworkPolicy;
  /** In addition to the NetworkPolicy, if the cluster serves the kind. */
  readonly ciliumNetworkPolicy?: CiliumNetworkPolicy;
  /** Services by which replicas reach each other, if they share their blobs. */
  readonly peerServices: readonly Service[];
  /** By part, as in pod-files.ts. */
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
    ...(region.namespace.create && { namespace: namespace(region) }),
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

/** Enforces the `restricted` Pod Security Standard: https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
function namespace({ name: region, namespace }: WorkloadRegion): Namespace {
  const { name, labels, annotations } = namespace;
  const podSecurity = ["enforce", "audit", "warn"].map(
    (mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"] as const,
  );
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: { ...labels, ...objectLabels(region), ...Object.fromEntries(podSecurity) },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
  };
}

/** Has no API token, because the cache makes no requests to the API server. A cloud's webhook mounts the token for the cloud's identity by itself. */
function serviceAccount(region: WorkloadRegion): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: workloadMetadata(region),
    automountServiceAccountToken: false,
  };
}

/** Adds the annotations that link the ServiceAccount to the Pods' identity in a cloud. Their values can be outputs. */
export function withAnnotations<Annotations>(
  { metadata, ...account }: ServiceAccount,
  annotations: Annotations | undefined,
) {
  return { ...account, metadata: { ...metadata, ...(annotations && { annotations }) } };
}

/**
 * Requests the endpoint's certificate if cert-manager issues and renews it:
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
      issuerRef: { group: tls.group ?? "cert-manager.io", kind: tls.kind, name: tls.name },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  };
}
