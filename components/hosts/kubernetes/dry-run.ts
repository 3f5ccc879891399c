import { ApiException, type V1PodSpec, type V1Service, type V1ServiceSpec } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import { ifThere, type Question } from "./cluster-api.ts";
import { configuredFamilies } from "./families.ts";
import { workloadName } from "./names.ts";

/** By the part of an object that the server names, the setting. */
type Settings = readonly (readonly [part: RegExp, path: string])[];

const ofPods: Settings = [
  [/affinity/i, "scheduling.affinity"],
  [/tolerations/, "scheduling.tolerations"],
  [/nodeSelector/, "scheduling.nodeSelector"],
  [/readinessGates/, "pods.readinessGates"],
  [/resources/, "pods.resources"],
  [/template\.metadata/, "pods"],
];

/** Of what a namespace asks of its Pods. */
const ofNamespace: Settings = [
  [/ per (?:Pod|Container)|quota/, "pods.resources"],
  [/./, "namespace"],
];

/** An answer of the API: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/**
 * What the API server refuses of the replicas, and of the Service where it asks for IP families, told by a dry run. In a namespace that isn't there, it would look no further, so
 * then it is asked about the namespace `default`, whose policies aren't meant. Whether the user may ask, permissions.ts says.
 */
export async function refusedByServer(question: Question): Promise<Problem[]> {
  const refused = await Promise.all([refusedReplicas(question), refusedService(question)]);
  return refused.flat();
}

const dryRun = { dryRun: "All", fieldValidation: "Strict" } as const;

async function refusedReplicas(question: Question): Promise<Problem[]> {
  const ofWorkload = await refusedWorkload(question);
  return ofWorkload.length > 0 ? ofWorkload : refusedPod(question);
}

function refusedWorkload(question: Question): Promise<Problem[]> {
  const { objects, api } = question;
  const { workload } = objects;
  const plural = `${workload.kind.toLowerCase()}s`;
  return refused(question, ofPods, isRefusal, (namespace) => {
    const body = { ...workload, metadata: { ...workload.metadata, namespace } };
    const request = { group: "apps", version: "v1", namespace, plural, body };
    return api.custom.createNamespacedCustomObject({ ...request, ...dryRun });
  });
}

/**
 * Quotas, LimitRanges and Pod Security look at Pods only. Whoever has no right to make Pods learns nothing by it. What webhooks and policies say of this Pod doesn't count, because
 * it has no owner and another ServiceAccount.
 */
async function refusedPod(question: Question): Promise<Problem[]> {
  const { objects, api, hasNamespace } = question;
  if (!hasNamespace) return [];
  const { metadata: { labels = {}, annotations = {} } = {}, spec } = objects.workload.spec.template;
  return refused(question, ofNamespace, isOfNamespace, (namespace) => {
    const metadata = { generateName: `${workloadName}-`, labels, annotations };
    // Its own ServiceAccount may not be there yet.
    const ofDefault: object = { ...spec, serviceAccountName: "default" };
    const body = { metadata, spec: ofDefault as V1PodSpec };
    return api.core.createNamespacedPod({ namespace, body, ...dryRun });
  });
}

/** A cluster can have one family, or both. */
async function refusedService(question: Question): Promise<Problem[]> {
  const { region, objects, api } = question;
  const { families, path } = configuredFamilies(region.expose);
  if (families.ipFamilyPolicy === undefined && families.ipFamilies === undefined) return [];
  const settings: Settings = [
    [/ipFamilyPolicy/, `${path}.ipFamilyPolicy`],
    [/ipFamilies|clusterIPs/, `${path}.ipFamilies`],
    [/./, path],
  ];
  return refused(question, settings, isRefusal, (namespace) => {
    const { metadata: { name = "", labels, annotations } = {}, spec } = objects.service;
    const metadata = { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) };
    const body: V1Service = { metadata, spec: spec as V1ServiceSpec };
    return api.core.createNamespacedService({ namespace, body, ...dryRun });
  });
}

async function refused(
  question: Question,
  settings: Settings,
  isMeant: (error: ApiException<unknown>, question: Question) => boolean,
  ask: (namespace: string) => Promise<unknown>,
): Promise<Problem[]> {
  try {
    await ask(question.hasNamespace ? question.region.namespace.name : "default");
    return [];
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    return isMeant(error, question) ? problemsIn(bodyOf(error), settings) : [];
  }
}

/** Whether the refusal would also hit the replicas. */
function isRefusal({ code, body }: ApiException<unknown>, { hasNamespace }: Question): boolean {
  const told = textOf(body);
  if (/admission webhook|AdmissionPolicy/.test(told)) return hasNamespace && !noDryRun.test(told);
  return [400, 422].includes(code);
}

/** The same for what a namespace asks of its Pods. Replicas that are there have their part of a quota, and a roll-out may not need more. */
function isOfNamespace({ body }: ApiException<unknown>, { own }: Question): boolean {
  const told = textOf(body);
  if (/exceeded quota/.test(told)) return own.service === undefined;
  return /failed quota|violates PodSecurity| per (?:Pod|Container) is /.test(told);
}

/** A typed client has read it already. */
function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function bodyOf({ body }: ApiException<unknown>): Status {
  return JSON.parse(textOf(body));
}

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#side-effects */
const noDryRun = /does not support dry run/;

function problemsIn({ message = "", details }: Status, settings: Settings): Problem[] {
  const causes = details?.causes ?? [{ message }];
  return causes.map(({ field = "", message = "" }) => {
    const told = field === "" ? message : `${field}: ${message}`;
    const [, path = "context"] = settings.find(([part]) => part.test(told)) ?? [];
    return { path, message: `the cluster refuses it: ${told}` };
  });
}

/** A Service keeps its first family for as long as it is there: https://kubernetes.io/docs/concepts/services-networking/dual-stack/#switching-services-between-single-stack-and-dual-stack */
export async function firstFamilyProblems({ region, api, own, hasNamespace }: Question): Promise<Problem[]> {
  const { families, path } = configuredFamilies(region.expose);
  const [wanted] = families.ipFamilies ?? [];
  if (wanted === undefined || own.service === undefined || !hasNamespace) return [];
  const { name: namespace } = region.namespace;
  const found = await ifThere(api.core.readNamespacedService({ name: workloadName, namespace }));
  const [first] = found?.spec?.ipFamilies ?? [];
  if (first === undefined || first === wanted) return [];
  const message = `begins with ${wanted}, and the Service has ${first} first, which Kubernetes can't change: write ${first} first, or delete the Service (docs/kubernetes.md#both-ip-families)`;
  return [{ path: `${path}.ipFamilies`, message }];
}
