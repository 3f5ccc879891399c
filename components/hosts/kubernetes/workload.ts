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
import { previousResource } from "../previous-outputs.ts";
import { trusted } from "../private-authority.ts";
import { endSeconds, handoverOf } from "./handover.ts";
import { workloadName } from "./names.ts";
import { renderWorkload, type WorkloadObjects, withAnnotations } from "./objects.ts";
import { createFollowedSecrets, createPrivateTls, createStoreSecret, withStoreSecret } from "./secrets.ts";
import { mostReplicas, type WorkloadArgs, type WorkloadRegion } from "./workload-args.ts";

/**
 * The cache as a workload in a cluster: a namespace with its objects, the replicas, and the route for clients. Its creation is complete when the replicas are ready and the load
 * balancer has an address.
 */
export class Workload extends pulumi.ComponentResource {
  /** IP address or name of the load balancer. Without a load balancer, the endpoint's own name. */
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  /** Disk size of each replica. */
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
    const tls = createPrivateTls(region, own, inside);
    const before = [
      ...createBeforehand(name, args, objects, inside),
      ...createFollowedSecrets(name, args, inside),
      ...(tls ? [tls.secret] : []),
    ];
    const storeSecret = createStoreSecret(name, args, inside);
    createReplicas(name, objects, storeSecret, { ...inside, dependsOn: before, customTimeouts });
    // An Ingress refers to the certificate's Secret.
    const exposed = { ...inside, ...(tls && { dependsOn: before }), customTimeouts };
    // Pulumi waits until the Service has a ready replica.
    const service = createExposure(name, objects, args.placingAnnotations, exposed);
    for (const it of objects.monitoring) {
      if ("data" in it) new ConfigMap(it.metadata.name.replace(workloadName, name), it, inside);
      else new CustomResource(name, it, inside);
    }

    this.address =
      region.expose.kind === "loadBalancer" ? addressOf(service) : pulumi.output(region.endpoint.hostname);
    this.ca = trusted(region, tls?.authority);
    this.diskGiB = replica.diskGiB;
    this.bucketUrl = region.storage.kind === "bucket" ? storeUrl(region.storage.store) : undefined;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

type Options = pulumi.CustomResourceOptions;
type ConfigMapManifest = WorkloadObjects["configMaps"][string];

/** Creates the objects that Pods refer to, or that must be in effect when a Pod starts. */
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
    // A ConfigMap with other content is another object (see pod-files.ts), and here also another Pulumi resource. If it were the same resource, a change would replace it. After a failed
    // update, the old object would be pending deletion, and the next update, which reverts the change, would recreate it and then delete it while replicas mount it.
    ...Object.entries(objects.configMaps).map(([part, configMap]) => {
      const own = configMap.metadata?.name?.replace(workloadName, name) ?? "";
      const aliases = [alias(own, `${name}-${part}`, configMap)];
      return new ConfigMap(own, configMap, { ...options, aliases });
    }),
    ...objects.claims.map(
      (claim, replica) =>
        new PersistentVolumeClaim(`${name}-data-${replica}`, claim, {
          ...options,
          // A claim can't change its class (see volumes.ts), and can't be replaced while a Pod uses it.
          ignoreChanges: ["spec.storageClassName"],
        }),
    ),
    ...(objects.certificate ? [new CustomResource(name, objects.certificate, options)] : []),
  ];
}

/**
 * Renames the resource of an earlier version, which had one for all contents of a file, if it has the content of this one. With another content, it would be replaced.
 * @returns without such a resource, the own name, which has no effect
 */
async function alias(own: string, earlier: string, { metadata }: ConfigMapManifest): Promise<pulumi.Alias> {
  const previous = await previousResource<ConfigMapManifest>("kubernetes:core/v1:ConfigMap", earlier);
  return { name: previous?.metadata?.name === metadata?.name ? earlier : own };
}

/** Time in which a new replica pulls its images, mounts its volume and becomes ready. */
const startSeconds = 120;
/** Time in which the cluster adds nodes and the cloud creates a load balancer. */
const surroundingsSeconds = 600;
/** Steps of a Deployment's roll-out: each replaces a quarter of the replicas. See controller.ts. */
const waves = 4;

/**
 * Maximum duration of a roll-out. Pulumi's default of ten minutes is too short: a StatefulSet replaces one replica after the other, and a Deployment a quarter at a time, and the
 * nodes may have room for new Pods only after old ones have ended. A deletion also waits until Pods have ended, for which Pulumi's five minutes are too short.
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
  // The types of the two packages differ only in fields that this template doesn't use.
  const withSecret = (own: string) => withStoreSecret(workload.spec.template, own) as core.v1.PodTemplateSpec;
  const template = storeSecret?.apply(withSecret) ?? (workload.spec.template as core.v1.PodTemplateSpec);
  if (workload.kind === "StatefulSet") {
    // Only the template in the StatefulSet is ignored. The claims themselves grow.
    const ignoreChanges = ["spec.volumeClaimTemplates"];
    const manifest = { ...workload, spec: { ...workload.spec, template } };
    new StatefulSet(name, manifest, { ...options, ignoreChanges });
  } else {
    // If there is an autoscaler, it controls the number of replicas.
    const ignoreChanges = autoscaler ? ["spec.replicas"] : [];
    const manifest = { ...workload, spec: { ...workload.spec, template } };
    new Deployment(name, manifest, { ...options, ignoreChanges });
  }
  if (autoscaler) new HorizontalPodAutoscaler(name, autoscaler, options);
  new PodDisruptionBudget(name, disruptionBudget, options);
}

/** A change of these annotations makes the cloud create another load balancer. The Service is replaced, because after an update in place, Pulumi would return the old address. */
const placing = ["aws-load-balancer-scheme", "azure-load-balancer-internal"].map(
  (annotation) => `service.beta.kubernetes.io/${annotation}`,
);

function createExposure(
  name: string,
  { service, route }: WorkloadObjects,
  furtherPlacing: WorkloadArgs["placingAnnotations"] = [],
  options: Options,
): Service {
  if (route?.kind === "Ingress") new Ingress(name, route, options);
  if (route?.kind === "HTTPRoute") new CustomResource(name, route, options);
  const replaceOnChanges = [...placing, ...furtherPlacing].map((it) => `metadata.annotations["${it}"]`);
  return new Service(name, service, { ...options, replaceOnChanges, deleteBeforeReplace: true });
}

function addressOf({ status }: Service): pulumi.Output<string> {
  return status.apply((known) => {
    const [ingress] = known?.loadBalancer?.ingress ?? [];
    return ingress?.ip ?? ingress?.hostname ?? "";
  });
}
