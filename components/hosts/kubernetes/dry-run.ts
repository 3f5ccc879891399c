import { ApiException, type V1PodSpec, type V1Service, type V1ServiceSpec } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import { ifThere, type Question } from "./cluster-api.ts";
import { configuredFamilies } from "./families.ts";
import { dataVolume, workloadName } from "./names.ts";

/** Maps the part of an object that the server names to the setting in the configuration. */
type Settings = readonly (readonly [part: RegExp, path: string])[];

const ofPods: Settings = [
  [/affinity/i, "scheduling.affinity"],
  [/tolerations/, "scheduling.tolerations"],
  [/nodeSelector/, "scheduling.nodeSelector"],
  [/readinessGates/, "pods.readinessGates"],
  [/resources/, "pods.resources"],
  [/template\.metadata/, "pods"],
];

/** For requirements that a namespace has for its Pods. */
const ofNamespace: Settings = [
  [/ per (?:Pod|Container)|quota|resources/, "pods.resources"],
  [/./, "namespace"],
];

/** An error response of the API: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/**
 * Finds, by a dry run, what the API server refuses about the replicas, and about the Service if it asks for IP families. In a missing namespace, the server would check nothing else, so
 * the dry run uses the namespace `default` then, and ignores refusals by its policies. permissions.ts reports missing rights.
 */
export async function refusedByServer(question: Question): Promise<Problem[]> {
  const refused = await Promise.all([refusedReplicas(question), refusedService(question)]);
  return refused.flat();
}

const dryRun = { dryRun: "All", fieldValidation: "Strict" } as const;

async function refusedReplicas(question: Question): Promise<Problem[]> {
  const ofWorkload = await refusedWorkload(question);
  if (ofWorkload.length > 0) return ofWorkload;
  const ofOne = await refusedPod(question, 1, isOfNamespace);
  return ofOne.length > 0 ? ofOne : refusedPod(question, question.region.replicas.min, exceedsQuota);
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
 * Quotas, LimitRanges and Pod Security check Pods only. A user without the right to create Pods learns nothing here. Refusals by webhooks and policies are ignored, because
 * this Pod has no owner and uses another ServiceAccount than the replicas.
 *
 * @param replicas the Pod has the containers of all of them, because a dry run uses up no quota
 */
async function refusedPod(
  question: Question,
  replicas: number,
  isMeant: typeof exceedsQuota,
): Promise<Problem[]> {
  const { objects, api, hasNamespace } = question;
  if (!hasNamespace) return [];
  const { kind, spec: workload } = objects.workload;
  const { metadata: { labels = {}, annotations = {} } = {}, spec } = workload.template;
  // A StatefulSet's controller adds the volume of its claim.
  const claimed = kind === "StatefulSet" ? [{ name: dataVolume, emptyDir: {} }] : [];
  return refused(question, ofNamespace, isMeant, (namespace) => {
    const metadata = { generateName: `${workloadName}-`, labels, annotations };
    const containers = Array.from({ length: replicas }, (_, replica) =>
      (spec?.containers ?? []).map((it) => (replica === 0 ? it : { ...it, name: `${it.name}-${replica}` })),
    );
    const podSpec: object = {
      ...spec,
      containers: containers.flat(),
      volumes: [...(spec?.volumes ?? []), ...claimed],
      // The replicas' own may not exist yet.
      serviceAccountName: "default",
    };
    const body = { metadata, spec: podSpec as V1PodSpec };
    return api.core.createNamespacedPod({ namespace, body, ...dryRun });
  });
}

/** A cluster supports one IP family or both. */
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
    return isMeant(error, question) ? problemsIn(JSON.parse(textOf(error.body)), settings) : [];
  }
}

/** Whether the server would also refuse the replicas themselves. */
function isRefusal({ code, body }: ApiException<unknown>, { hasNamespace }: Question): boolean {
  const told = textOf(body);
  if (/admission webhook|AdmissionPolicy/.test(told)) return hasNamespace && !noDryRun.test(told);
  return [400, 422].includes(code);
}

/** Whether the namespace would also refuse the replicas' Pods. */
function isOfNamespace(error: ApiException<unknown>, question: Question): boolean {
  // The last one is about a limit that a LimitRange adds.
  const others =
    /failed quota|violates PodSecurity| per (?:Pod|Container) is |must be less than or equal to \S+ limit/;
  return exceedsQuota(error, question) || others.test(textOf(error.body));
}

/** Existing replicas already use their part of a quota, and a roll-out may need no more. */
function exceedsQuota({ body }: ApiException<unknown>, { own }: Question): boolean {
  return own.service === undefined && /exceeded quota/.test(textOf(body));
}

/** A typed client has already parsed the body. */
function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** Message about a webhook that can't run in a dry run: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#side-effects */
const noDryRun = /does not support dry run/;

function problemsIn({ message = "", details }: Status, settings: Settings): Problem[] {
  const causes = details?.causes ?? [{ message }];
  return causes.map(({ field = "", message = "" }) => {
    const told = field === "" ? message : `${field}: ${message}`;
    const [, path = "context"] = settings.find(([part]) => part.test(told)) ?? [];
    return { path, message: `the cluster refuses it: ${told}` };
  });
}

/** A Service's first IP family can't change: https://kubernetes.io/docs/concepts/services-networking/dual-stack/#switching-services-between-single-stack-and-dual-stack */
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
