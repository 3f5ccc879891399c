import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { sha256 } from "../naming.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** Of all objects of which a namespace has one. It belongs to one region alone, so nothing else is needed. */
export const workloadName = "registry-cache";

/** The Secret with the certificate: the keys `tls.crt` and `tls.key`, and `ca.crt` by a private authority. */
export function tlsSecretOf({ tls }: WorkloadRegion["endpoint"]): string {
  return tls.mode === "provided" ? tls.secretName : `${workloadName}-tls`;
}

/** The Secret with what an S3-compatible server knows the cache by: the keys `accessKey` and `secretKey`. */
export const storeSecret = `${workloadName}-bucket`;

/** The Secret with what pod/secrets.ts calls by a name: the key {@link secretFile}. */
export function podSecretName(secret: string): string {
  return `${workloadName}-${secret}`;
}

/** The claim of a replica, as its StatefulSet names it: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage */
export function claimName(replica: number): string {
  return `${dataVolume}-${workloadName}-${replica}`;
}

/** The one volume whose directories are all that the containers keep. */
export const dataVolume = "data";

/** The Pods of one region, as selectors know them. */
export function selectorLabels(region: string): Record<string, string> {
  return { "app.kubernetes.io/name": workloadName, "app.kubernetes.io/instance": region };
}

/** Labels of all objects. */
export function objectLabels(region: string): Record<string, string> {
  return { ...selectorLabels(region), "app.kubernetes.io/managed-by": "pulumi" };
}

/** Of an object that is called as the workload is. */
export function workloadMetadata(
  { name, namespace }: Pick<WorkloadRegion, "name" | "namespace">,
  annotations: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
) {
  return {
    name: workloadName,
    namespace,
    labels: { ...labels, ...objectLabels(name) },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** An object of a kind that not every cluster has. */
export interface CustomObject<Kind extends string> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

/** A name that changes with the content, so that what refers to it changes, too. */
export function withContentHash(name: string, content: unknown): string {
  return `${name}-${sha256(JSON.stringify(content)).slice(0, 10)}`;
}

/** The name before {@link withContentHash}. */
export function withoutContentHash(name: string): string {
  return name.replace(/-[0-9a-f]{10}$/, "");
}

/** For an object that needn't do anything for the others to go on: https://www.pulumi.com/registry/packages/kubernetes/#await-logic */
export const withoutWaiting = { "pulumi.com/skipAwait": "true" } as const;
