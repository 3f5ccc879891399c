/** Finds in the state of a stack where a region's cache runs. */
import { internalPort, podPorts } from "../../components/config/ports.ts";
import { StepError } from "../command/steps.ts";
import { type DeployedRegion, resourceOf, resourcesOf, textOf } from "./state.ts";

export interface AwsVm {
  readonly kind: "aws vm";
  /** The AWS region. */
  readonly region: string;
  /** Id of the instance. */
  readonly instance: string;
}

export interface AzureVm {
  readonly kind: "azure vm";
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly machine: string;
}

/** How kubectl finds the cluster. */
export type Kubeconfig =
  /** kubectl's own configuration. */
  | { readonly from: "environment" }
  /** Path or content of the kubeconfig. */
  | { readonly from: "state"; readonly kubeconfig: string }
  | {
      readonly from: "aks";
      readonly subscription: string;
      readonly resourceGroup: string;
      readonly cluster: string;
    };

export interface Cluster {
  readonly kind: "kubernetes";
  readonly kubeconfig: Kubeconfig;
  readonly context: string;
  readonly namespace: string;
  /** The edge's own protocol: HTTP behind an Ingress or a Gateway. */
  readonly scheme: "http" | "https";
  /** The object that exposes the workload: a Service, an Ingress or a route. */
  readonly exposedBy: { readonly kind: "service" | "ingress" | "httproute"; readonly name: string };
}

export interface Local {
  readonly kind: "local";
  /** The cache's directory on this machine. */
  readonly directory: string;
  /** Parameters of the endpoint's probe. */
  readonly probe: string;
  readonly internalPort: number;
}

export type Vm = AwsVm | AzureVm;
export type Place = Vm | Cluster | Local;

/** Offset from the first internal port. */
const blackboxOffset = podPorts(internalPort, 0).blackbox - internalPort;

/** @throws StepError if the state has no machine, workload or Pod of the region */
export function placeOf(deployed: DeployedRegion): Place {
  const place = awsVm(deployed) ?? azureVm(deployed) ?? cluster(deployed) ?? local(deployed);
  if (place) return place;
  throw new StepError(
    `${deployed.stack}: the state has no machine, no workload and no Pod of ${deployed.region}: \`npm run pulumi -- up --stack ${deployed.stack}\` makes them`,
  );
}

function awsVm(deployed: DeployedRegion): AwsVm | undefined {
  const instance = resourceOf(deployed, "aws:ec2/instance:Instance");
  if (!instance?.id) return undefined;
  const region = textOf(deployed.providerOf(instance), "region") ?? deployed.region;
  return { kind: "aws vm", region, instance: instance.id };
}

function azureVm(deployed: DeployedRegion): AzureVm | undefined {
  const found = azureId(resourceOf(deployed, "azure-native:compute:VirtualMachine")?.id);
  if (!found) return undefined;
  const { name: machine, ...where } = found;
  return { kind: "azure vm", ...where, machine };
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
function azureId(id = "") {
  const [, subscription, resourceGroup, name] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/(?:.+\/)?([^/]+)$/i.exec(id) ?? [];
  return subscription && resourceGroup && name ? { subscription, resourceGroup, name } : undefined;
}

function cluster(deployed: DeployedRegion): Cluster | undefined {
  const [workload] = ["StatefulSet", "Deployment"].flatMap((kind) =>
    resourcesOf(deployed, `kubernetes:apps/v1:${kind}`).filter(({ id }) => id?.endsWith("/registry-cache")),
  );
  const namespace = workload?.id?.split("/")[0];
  if (!workload || !namespace) return undefined;
  const pod = workload.inputs?.spec as
    | { template?: { spec?: { volumes?: readonly { name?: string }[] } } }
    | undefined;
  const endsTls = pod?.template?.spec?.volumes?.some(({ name }) => name === "tls") ?? true;
  const provider = deployed.providerOf(workload);
  const aks = azureId(resourceOf(deployed, "azure-native:containerservice:ManagedCluster")?.id);
  // An empty text stands for the kubeconfigs of each machine.
  const given = textOf(provider, "kubeconfig") || undefined;
  const kubeconfig: Kubeconfig = aks
    ? { from: "aks", subscription: aks.subscription, resourceGroup: aks.resourceGroup, cluster: aks.name }
    : given === undefined
      ? { from: "environment" }
      : { from: "state", kubeconfig: given };
  const context = textOf(provider, "context") ?? aks?.name ?? currentContext(given);
  if (context === undefined)
    throw new StepError(
      `${deployed.stack}: the state doesn't say by which context kubectl reaches ${deployed.region}`,
    );
  return {
    kind: "kubernetes",
    kubeconfig,
    context,
    namespace,
    scheme: endsTls ? "https" : "http",
    exposedBy: exposedBy(deployed),
  };
}

/** The current context of a kubeconfig that the stack created. Such a kubeconfig is JSON. */
function currentContext(kubeconfig: string | undefined): string | undefined {
  if (!kubeconfig?.startsWith("{")) return undefined;
  return textOf(JSON.parse(kubeconfig), "current-context");
}

function exposedBy(deployed: DeployedRegion): Cluster["exposedBy"] {
  const kinds = [
    ["httproute", "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"],
    ["ingress", "kubernetes:networking.k8s.io/v1:Ingress"],
  ] as const;
  for (const [kind, type] of kinds) {
    const id = resourceOf(deployed, type)?.id;
    if (id !== undefined) return { kind, name: id.slice(id.lastIndexOf("/") + 1) };
  }
  return { kind: "service", name: "registry-cache" };
}

function local(deployed: DeployedRegion): Local | undefined {
  const inputs = resourceOf(deployed, "pulumi-nodejs:dynamic/local:PodmanPod")?.inputs;
  const directory = textOf(inputs, "directory");
  const bundle = textOf(inputs, "bundle");
  if (!inputs || directory === undefined) return undefined;
  const health = bundle === undefined ? "" : String(JSON.parse(bundle).health);
  const [, port, probe] = /^http:\/\/127\.0\.0\.1:(\d+)\/probe\?module=endpoint&(\S+)\s*$/.exec(health) ?? [];
  if (port === undefined || probe === undefined)
    throw new StepError(`${deployed.stack}: an earlier version brought it up: \`npm run local\` renews it`);
  return { kind: "local", directory, probe, internalPort: Number(port) - blackboxOffset };
}
