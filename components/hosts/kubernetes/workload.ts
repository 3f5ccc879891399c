import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { StatefulSet } from "@pulumi/kubernetes/apps/v1/statefulSet.js";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import { storeUrl } from "../../pod/object-storage.ts";
import type { Host } from "../kind.ts";
import { trusted } from "../private-authority.ts";
import { endSeconds, handoverOf } from "./handover.ts";
import { workloadName } from "./names.ts";
import { renderWorkload, type WorkloadObjects, withAnnotations } from "./objects.ts";
import { createFollowedSecrets, createPrivateTls, createStoreSecret, withStoreSecret } from "./secrets.ts";
import { mostReplicas, type WorkloadArgs, type WorkloadRegion } from "./workload-args.ts";

/**
 * The cache as a workload in a cluster: a namespace with all that it needs, the replicas, and what leads clients to them. It is there when the replicas are ready and the load
 * balancer has an address.
 */
export class Workload extends pulumi.ComponentResource {
  /** Of the load balancer, an IP address or a name; otherwise the endpoint's own name. */
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  /** Of each replica. */
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];

  constructor(name: string, args: WorkloadArgs, options: pulumi.ComponentResourceOptions = {}) {
    super("registry-cache:kubernetes:Workload", name, {}, options);
    const { region, replica } = args;
    const objects = renderWorkload(args);

    const own = { parent: this };
    const customTimeouts = timeoutsOf(region);
    const beforeAll = { ...own, dependsOn: options.dependsOn ?? [] };
    const namespace =
      objects.namespace &&
      new Namespace(name, objects.namespace, {
        ...beforeAll,
        customTimeouts: { delete: customTimeouts.delete },
      });
    const inside = namespace ? { ...own, dependsOn: [namespace], deletedWith: namespace } : beforeAll;
    const tls = createPrivateTls(name, region, own, inside);
    const before = [
      ...createBeforehand(name, args, objects, inside),
      ...createFollowedSecrets(name, args, inside),
      ...(tls ? [tls.secret] : []),
    ];
    const storeSecret = createStoreSecret(name, args, inside);
    createReplicas(name, objects, storeSecret, { ...inside, dependsOn: before, customTimeouts });
    // Pulumi waits until it leads to a replica.
    const service = createExposure(name, objects, args.placingAnnotations, { ...inside, customTimeouts });
    objects.monitoring.forEach((it) => {
      createMonitoring(name, it, inside);
    });

    this.address =
      region.expose.kind === "loadBalancer" ? addressOf(service) : pulumi.output(region.endpoint.hostname);
    this.ca = trusted(region, tls?.authority);
    this.diskGiB = replica.diskGiB;
    this.bucketUrl = region.storage.kind === "bucket" ? storeUrl(region.storage.store) : undefined;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

type Options = pulumi.CustomResourceOptions;

/** What a Pod refers to, or what is to hold for it from its start. */
function createBeforehand(
  name: string,
  { serviceAccount }: WorkloadArgs,
  objects: WorkloadObjects,
  options: Options,
): pulumi.Resource[] {
  return [
    new ServiceAccount(name, withAnnotations(objects.serviceAccount, serviceAccount.annotations), options),
    new NetworkPolicy(name, objects.networkPolicy, options),
    ...(objects.ciliumNetworkPolicy ? [new CustomResource(name, objects.ciliumNetworkPolicy, options)] : []),
    ...objects.peerServices.map(
      (service) => new Service(`${name}-${service.metadata?.name}`, service, options),
    ),
    ...Object.entries(objects.configMaps).map(([part, configMap]) =>
      createFiles(name, part, configMap, options),
    ),
    ...objects.claims.map(
      (claim, replica) =>
        new PersistentVolumeClaim(`${name}-data-${replica}`, claim, {
          ...options,
          // A claim stays of its class, whoever has named it (see volumes.ts), and can't be replaced under its Pod.
          ignoreChanges: ["spec.storageClassName"],
        }),
    ),
    ...(objects.certificate ? [new CustomResource(name, objects.certificate, options)] : []),
  ];
}

/**
 * Another content is another resource, as it is another object (see pod-files.ts). One resource would be replaced: where an update fails, the old object then waits for its deletion,
 * and the next update, which goes back to it, makes it again and then deletes it, under the replicas that mount it.
 */
function createFiles(
  name: string,
  part: string,
  configMap: WorkloadObjects["configMaps"][string],
  options: Options,
): ConfigMap {
  const own = configMap.metadata?.name?.replace(workloadName, name) ?? "";
  // As an earlier version called it.
  return new ConfigMap(own, configMap, { ...options, aliases: [{ name: `${name}-${part}` }] });
}

/** A new replica pulls its images, takes its volume and becomes ready. */
const startSeconds = 120;
/** For nodes that are only made then, and for a load balancer. */
const surroundingsSeconds = 600;
/** Of a Deployment's roll-out, each a quarter of the replicas: see controller.ts. */
const waves = 4;

/**
 * How long a roll-out may take, for which Pulumi's own ten minutes are too short: a StatefulSet ends and starts one replica after the other, a Deployment a quarter at a time, where
 * the nodes may have room only when the last ones have ended. Pods are given their time to end, too, where Pulumi would wait five minutes.
 * https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/await/await.go
 */
function timeoutsOf(region: WorkloadRegion) {
  const steps = region.storage.kind === "disk" ? mostReplicas(region) : waves;
  const stepSeconds = endSeconds(region) + startSeconds + handoverOf(region).minReadySeconds;
  const rollOut = `${surroundingsSeconds + steps * stepSeconds}s`;
  return {
    create: rollOut,
    update: rollOut,
    delete: `${surroundingsSeconds + endSeconds(region)}s`,
  } satisfies pulumi.CustomTimeouts;
}

function createReplicas(
  name: string,
  { workload, autoscaler, disruptionBudget }: WorkloadObjects,
  storeSecret: pulumi.Output<string> | undefined,
  options: Options,
): void {
  // The types of both packages differ in what this template doesn't have.
  const withSecret = (own: string) => withStoreSecret(workload.spec.template, own) as core.v1.PodTemplateSpec;
  const template = storeSecret?.apply(withSecret) ?? (workload.spec.template as core.v1.PodTemplateSpec);
  if (workload.kind === "StatefulSet") {
    // The claims grow without it.
    const ignoreChanges = ["spec.volumeClaimTemplates"];
    const manifest = { ...workload, spec: { ...workload.spec, template } };
    new StatefulSet(name, manifest, { ...options, ignoreChanges });
  } else {
    // Once there is an autoscaler, their number is its own.
    const ignoreChanges = autoscaler ? ["spec.replicas"] : [];
    const manifest = { ...workload, spec: { ...workload.spec, template } };
    new Deployment(name, manifest, { ...options, ignoreChanges });
  }
  if (autoscaler) new HorizontalPodAutoscaler(name, autoscaler, options);
  new PodDisruptionBudget(name, disruptionBudget, options);
}

function createExposure(
  name: string,
  { service, route }: WorkloadObjects,
  placingAnnotations: WorkloadArgs["placingAnnotations"],
  options: Options,
): Service {
  if (route?.kind === "Ingress") new Ingress(name, route, options);
  if (route?.kind === "HTTPRoute") new CustomResource(name, route, options);
  const replaceOnChanges = placing(placingAnnotations);
  return new Service(name, service, { ...options, replaceOnChanges, deleteBeforeReplace: true });
}

/** With another value of these annotations, the cloud makes a load balancer anew; as an update, Pulumi would take the old one's address. */
function placing(further: readonly string[] = []): string[] {
  const prefix = "service.beta.kubernetes.io/";
  return [`${prefix}aws-load-balancer-scheme`, `${prefix}azure-load-balancer-internal`, ...further].map(
    (annotation) => `metadata.annotations["${annotation}"]`,
  );
}

function createMonitoring(
  name: string,
  object: WorkloadObjects["monitoring"][number],
  options: Options,
): void {
  if ("data" in object) new ConfigMap(object.metadata.name.replace(workloadName, name), object, options);
  else new CustomResource(name, object, options);
}

function addressOf({ status }: Service): pulumi.Output<string> {
  return status.apply((known) => {
    const [ingress] = known?.loadBalancer?.ingress ?? [];
    return ingress?.ip ?? ingress?.hostname ?? "";
  });
}
