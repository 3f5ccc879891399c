/**
 * A double of Pulumi's Kubernetes provider, and of the clusters that another double has created. Real clusters test what a cluster refuses in the
 * workload's objects. This double tests the order of operations, and the interaction between a cluster and its cloud.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import {
  Cloud,
  type CloudDefinition,
  everywhere,
  type ProviderDifferences,
  type Request,
  type Rules,
} from "../cloud.ts";
import { demand, type Operation } from "../faults.ts";
import { changedPaths, type Inputs, isUnknown, text, valueAt, valuesAt } from "../values.ts";
import { type Kind, kinds, tokenOf } from "./kinds.ts";
import { demandPodReferences, demandScrapable, type PodSpec, podSpecOf } from "./pods.ts";

/** What clusters see of their cloud. */
export interface Surroundings {
  /** Finds a cluster by the URL of its API. */
  cluster(server: string): { readonly id: string; readonly certificateAuthority: string } | undefined;
  /** @returns what enforces network policies, if it is Cilium */
  network(cluster: string): "cilium" | undefined;
  /** Refuses Pods that would never be scheduled, or that wouldn't get the identity that they need. */
  admitPods(cluster: string, namespace: string, pod: PodSpec): void;
  /** Changes the nodes after admitted Pods have ended. @default nothing */
  endPods?(cluster: string, namespace: string, pod: PodSpec): void;
  /** Creates a load balancer for a Service. @returns its address, and its id */
  openLoadBalancer(cluster: string, service: Inputs): { readonly ingress: Inputs; readonly id: string };
  closeLoadBalancer(cluster: string, id: string): void;
  /** Sets the tags from a Service on its load balancer. @default it has none */
  tagLoadBalancer?(cluster: string, id: string, service: Inputs): void;
  /** Handles the objects that configure nodes. @default the cluster doesn't know these kinds */
  readonly nodeObjects?: {
    keep(cluster: string, object: Inputs): void;
    forget(cluster: string, object: Inputs): void;
  };
}

/** @param operations those of the cloud, so that both are in one list */
export function kubernetesCloud(surroundings: Surroundings, operations: Operation[]): Cloud {
  const clusterOf = (scope: string) => {
    const found = surroundings.cluster(scope);
    demand(found, "ConnectionRefused", `no configuration of a cluster, or it is unreachable: ${scope}`);
    return found;
  };
  const definition: CloudDefinition = {
    name: "kubernetes",
    sdk: { version: sdkVersion(), problems: () => [] },
    resources: {
      ...Object.fromEntries(kinds.map((kind) => [tokenOf(kind), rulesOf(kind, surroundings, clusterOf)])),
      [releaseType]: release(surroundings, clusterOf),
    },
    functions: {},
    scopeOf({ kubeconfig }) {
      // A preview, in which the cluster doesn't exist yet.
      if (isUnknown(kubeconfig) || kubeconfig === undefined) return "";
      const { clusters, users } = JSON.parse(String(kubeconfig));
      const { server, "certificate-authority-data": ca } = clusters[0].cluster;
      const trusts = clusterOf(server).certificateAuthority === ca;
      demand(trusts, "Unauthorized", "certificate signed by unknown authority");
      demand(hasCredentials(users[0].user), "Unauthorized", "no credentials");
      return server;
    },
    providerDifferences,
    codes: { exists: "AlreadyExists", missing: "NotFound", inUse: "Conflict", fixed: "Invalid" },
    existing: builtIn.map((id) => ({ id, type: namespaceType, scope: everywhere, inputs: {}, outputs: {} })),
  };
  return new Cloud(definition, operations);
}

/**
 * The differences that replace a provider, and with it everything in its cluster: another or an unknown `clusterIdentifier`. Without this setting: a
 * kubeconfig that may be another cluster's.
 * https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/provider/pkg/provider/provider.go (DiffConfig)
 */
function providerDifferences(before: Inputs, after: Inputs): ProviderDifferences {
  const changed = [...new Set(changedPaths(before, after).map((path) => path.split(/[.[]/)[0] ?? path))];
  const had = before.clusterIdentifier !== undefined;
  const isAnother = had && after.clusterIdentifier !== undefined && changed.includes("clusterIdentifier");
  const isSame = had && !changed.includes("clusterIdentifier");
  const connection = ["kubeconfig", "context", "cluster"];
  const unknown = connection.find((name) => isUnknown(after[name]));
  const others = changed.filter((name) => connection.includes(name));
  const replacing = [
    ...(isAnother ? ["clusterIdentifier"] : []),
    ...(unknown !== undefined ? [unknown] : clusterIn(before) === clusterIn(after) ? [] : others),
  ];
  return { changed, replacing: isSame ? [] : replacing };
}

/** The cluster's settings in the kubeconfig, as a text. */
function clusterIn({ kubeconfig }: Inputs): string | undefined {
  if (kubeconfig === undefined || isUnknown(kubeconfig)) return undefined;
  return JSON.stringify(JSON.parse(String(kubeconfig)).clusters[0].cluster);
}

/** Whether a user has a program, a token or a certificate. */
function hasCredentials(user: Inputs): boolean {
  return ["exec", "token", "client-certificate-data"].some((kind) => user[kind] !== undefined);
}

function sdkVersion(): string {
  const file = createRequire(import.meta.url).resolve("@pulumi/kubernetes/package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}

type ClusterOf = (scope: string) => { readonly id: string };

const namespaceType = "kubernetes:core/v1:Namespace";
const releaseType = "kubernetes:helm.sh/v3:Release";
const builtIn = ["default", "kube-system"];

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const isName = (name: string) => /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(name);

function rulesOf(kind: Kind, surroundings: Surroundings, clusterOf: ClusterOf): Rules {
  const isBalanced = (inputs: Inputs) =>
    kind.kind === "Service" && text("spec.type", inputs) === "LoadBalancer";
  const keepNodeObject = ({ scope, inputs }: Request) => {
    const { nodeObjects } = surroundings;
    demand(nodeObjects, "NoMatch", `no matches for kind "${kind.kind}" in version "${kind.apiVersion}"`);
    nodeObjects.keep(clusterOf(scope).id, inputs);
  };
  return {
    // `enableConfigMapMutable` and `enableSecretMutable`: https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/
    replacing: ({ immutable }, provider) => [
      ...["apiVersion", "kind", "metadata.name", "metadata.namespace"],
      ...(immutable !== true && String(provider[`enable${kind.kind}Mutable`]) === "true"
        ? []
        : ["data", "stringData"]),
    ],
    fixed: kind.fixed ?? [],
    references: kind.isNamespaced
      ? [{ at: "metadata.namespace", to: namespaceType, onDelete: "delete" }]
      : [],
    check(inputs) {
      const { apiVersion } = inputs;
      demand(
        apiVersion === kind.apiVersion && inputs.kind === kind.kind,
        "Invalid",
        `${apiVersion} ${inputs.kind} isn't ${kind.apiVersion} ${kind.kind}`,
      );
      // The provider generates a missing name.
      const name = valueAt("metadata.name", inputs) ?? "given";
      demand(isName(String(name)), "Invalid", `metadata.name: ${name}`);
      const missing = (kind.required ?? []).find((path) => valuesAt(path, inputs).length === 0);
      demand(missing === undefined, "Invalid", `${missing}: Required value`);
    },
    admit(request) {
      demandKind(kind, request);
      if (kind.network !== undefined) {
        const isServed = surroundings.network(clusterOf(request.scope).id) === kind.network;
        demand(isServed, "NoMatch", `no matches for kind "${kind.kind}" in version "${kind.apiVersion}"`);
      }
      if (kind.isOfNodes) return keepNodeObject(request);
      const pod = podSpecOf(request.inputs);
      if (!pod) return;
      demandPodReferences(pod, request);
      const namespace = text("metadata.namespace", request.inputs);
      const { id: cluster } = clusterOf(request.scope);
      if (surroundings.network(cluster) === "cilium") demandScrapable(pod, request);
      surroundings.admitPods(cluster, namespace, pod);
    },
    create({ cloud, scope, name: resource, inputs }) {
      const metadata = { name: `${resource}-${cloud.digits(8)}`, ...(inputs.metadata as Inputs) };
      const id = [text("namespace", metadata), metadata.name].filter(Boolean).join("/");
      if (!isBalanced(inputs)) return { id, outputs: { metadata } };
      const opened = surroundings.openLoadBalancer(clusterOf(scope).id, inputs);
      const status = { loadBalancer: { ingress: [opened.ingress] } };
      return { id, outputs: { metadata, status, balancer: opened.id } };
    },
    /** Places Pods again when their node selector changes. */
    update(request, before) {
      const { scope, inputs } = request;
      const { id: cluster } = clusterOf(scope);
      if (kind.isOfNodes) return keepNodeObject(request);
      const { balancer } = before.outputs;
      if (balancer !== undefined) surroundings.tagLoadBalancer?.(cluster, String(balancer), inputs);
      const [old, pod] = [podSpecOf(before.inputs), podSpecOf(inputs)];
      if (!old || !pod || isDeepStrictEqual(old.nodeSelector, pod.nodeSelector)) return;
      const namespace = text("metadata.namespace", inputs);
      surroundings.endPods?.(cluster, namespace, old);
      surroundings.admitPods(cluster, namespace, pod);
    },
    /** Deletes a namespace with everything in it. */
    delete(thing, cloud) {
      const cluster = clusterOf(thing.scope).id;
      if (kind.isOfNodes) return surroundings.nodeObjects?.forget(cluster, thing.inputs);
      const inside = cloud
        .things()
        .filter((it) => it.scope === thing.scope && text("metadata.namespace", it.inputs) === thing.id);
      for (const { inputs, outputs } of [thing, ...inside]) {
        const pod = podSpecOf(inputs);
        if (pod) surroundings.endPods?.(cluster, text("metadata.namespace", inputs), pod);
        if (outputs.balancer !== undefined) surroundings.closeLoadBalancer(cluster, String(outputs.balancer));
      }
    },
  };
}

/** Refuses a chart's kind unless the chart is installed. */
function demandKind({ apiVersion, kind, chart }: Kind, { cloud, scope }: Request): void {
  if (chart === undefined) return;
  const isKnown = cloud
    .things(releaseType)
    .some((it) => it.scope === scope && text("chart", it.inputs).endsWith(`/${chart}`));
  demand(isKnown, "NoMatch", `no matches for kind "${kind}" in version "${apiVersion}"`);
}

function release(surroundings: Surroundings, clusterOf: ClusterOf): Rules {
  return {
    replacing: ["name", "namespace"],
    check(inputs) {
      const chart = text("chart", inputs);
      demand(/^oci:\/\/\S+\/[a-z-]+$/.test(chart), "Invalid", `chart ${chart}`);
      demand(/^v?\d+\.\d+\.\d+$/.test(text("version", inputs)), "Invalid", `version ${inputs.version}`);
    },
    admit({ cloud, scope, inputs }) {
      const namespace = text("namespace", inputs);
      const isThere = cloud.find(namespaceType, namespace, scope);
      demand(isThere, "NotFound", `namespaces "${namespace}" not found`);
      surroundings.admitPods(clusterOf(scope).id, namespace, podOf(inputs));
    },
    create: ({ inputs }) => ({
      id: `${inputs.namespace}/${inputs.name}`,
      outputs: { status: { status: "deployed" } },
    }),
    update({ scope, inputs }, before) {
      const { id: cluster } = clusterOf(scope);
      const namespace = text("namespace", inputs);
      surroundings.endPods?.(cluster, namespace, podOf(before.inputs));
      surroundings.admitPods(cluster, namespace, podOf(inputs));
    },
    delete({ scope, inputs }) {
      surroundings.endPods?.(clusterOf(scope).id, text("namespace", inputs), podOf(inputs));
    },
  };
}

/** The Pod of a chart, whose service account has the release's name. */
function podOf(inputs: Inputs): PodSpec {
  return { ...(inputs.values as PodSpec), serviceAccountName: text("name", inputs) };
}
