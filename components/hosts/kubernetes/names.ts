import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { sha256 } from "../naming.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** Name of every object of which a namespace has only one. A namespace belongs to one region, so the name needs no more parts. */
export const workloadName = "registry-cache";

/**
 * The Secret with the certificate. Its keys are `tls.crt` and `tls.key`, and `ca.crt` for a private authority. Each mode has its own, so that a roll-out finds the old and the new one,
 * and cert-manager never writes to the stack's.
 */
export function tlsSecretOf({ tls }: WorkloadRegion["endpoint"]): string {
  if (tls.mode === "provided") return tls.secretName;
  return `${workloadName}-${tls.mode === "private" ? "private-tls" : "tls"}`;
}

/** The Secret with the credentials for an S3-compatible server. Its keys are `accessKey` and `secretKey`. */
export const storeSecret = `${workloadName}-bucket`;

/** Annotation of IRSA: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
export const roleAnnotation = "eks.amazonaws.com/role-arn";

/** The Secret for one of the names in pod/secrets.ts. Its key is {@link secretFile}. */
export function podSecretName(secret: string): string {
  return `${workloadName}-${secret}`;
}

/** The name that a StatefulSet gives to a replica's claim: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage */
export function claimName(replica: number): string {
  return `${dataVolume}-${workloadName}-${replica}`;
}

/** The only data volume. Its directories hold all data of the containers. */
export const dataVolume = "data";

/** The labels by which selectors find the Pods of one region. */
export function selectorLabels(region: string): Record<string, string> {
  return { "app.kubernetes.io/name": workloadName, "app.kubernetes.io/instance": region };
}

/** The labels of all objects. */
export function objectLabels(region: string): Record<string, string> {
  return { ...selectorLabels(region), "app.kubernetes.io/managed-by": "pulumi" };
}

/** Metadata of an object that has the workload's name. */
export function workloadMetadata(
  { name, namespace }: Pick<WorkloadRegion, "name" | "namespace">,
  annotations: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
) {
  return {
    name: workloadName,
    namespace: namespace.name,
    labels: { ...labels, ...objectLabels(name) },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** An object of a kind that not every cluster serves. */
export interface CustomObject<Kind extends string> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

/** A name that changes with the content, so that everything that refers to it changes, too. */
export function withContentHash(name: string, content: unknown): string {
  return `${name}-${sha256(JSON.stringify(content)).slice(0, 10)}`;
}

/** The original name of a result of {@link withContentHash}. */
export function withoutContentHash(name: string): string {
  return name.replace(/-[0-9a-f]{10}$/, "");
}

/** For an object that doesn't have to be ready before other objects are created: https://www.pulumi.com/registry/packages/kubernetes/#await-logic */
export const withoutWaiting = { "pulumi.com/skipAwait": "true" } as const;
