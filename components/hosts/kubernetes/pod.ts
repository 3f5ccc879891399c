import type {
  Affinity,
  Container,
  PersistentVolumeClaimSpec,
  PodSpec,
  PodTemplateSpec,
  SecurityContext,
  Volume,
  VolumeMount,
} from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { internalPort, metricsPort, podPorts } from "../../config/ports.ts";
import { ownDiskBudget, scratchBudget } from "../../pod/edge/budget.ts";
import { configured } from "../../pod/options.ts";
import { type PodManifests, podUser, renderPod } from "../../pod/pod.ts";
import { script } from "../../shell/script.ts";
import { withResources } from "./container-resources.ts";
import { endSeconds, pausesOf } from "./handover.ts";
import {
  dataVolume,
  podSecretName,
  selectorLabels,
  tlsSecretOf,
  withContentHash,
  workloadName,
} from "./names.ts";
import { peerPort, peerSysctls, peersOf, sharesBlobs } from "./peers.ts";
import { followsFiles, type PodFiles, podFiles } from "./pod-files.ts";
import { isSideContainer, readinessProbe, sideContainer } from "./probes.ts";
import { checkedRanges, mostReplicas, podsOf, rangesOf, type WorkloadPlanArgs } from "./workload-args.ts";

/** The edge's port in its Pod. It isn't 443, because only root can listen on that. */
export const edgePort = 8443;

/** Names of the Pod's ports, for the objects that refer to them. */
export const portNames = { endpoint: "endpoint", metrics: "metrics", peers: "peers" } as const;

export const edgeContainer = "edge";

/** The same Pod as everywhere, as a workload's Pod template. */
export function workloadPod(args: WorkloadPlanArgs) {
  const manifests = renderedPod(args);
  const podWith = (liveName?: (name: string) => string) => {
    const { configMaps, sources } = podFiles(manifests, args.region, liveName);
    return { configMaps, template: podTemplate(args, manifests, sources) };
  };
  if (!followsFiles(args.region)) return podWith();
  // Reloaded files must match the rest of the Pod. If the rest changes, they get a new ConfigMap, so that the Pod that is being replaced doesn't see the new files.
  const { template } = podWith((name) => name);
  return podWith((name) => withContentHash(name, template));
}

function podTemplate(
  args: WorkloadPlanArgs,
  { pod }: PodManifests,
  sources: PodFiles["sources"],
): PodTemplateSpec {
  const pauses = pausesOf(args.region);
  const spec = pod.spec ?? { containers: [] };
  // The containers' data volumes become directories of a single volume.
  const parts = new Set((spec.volumes ?? []).filter(({ emptyDir }) => emptyDir).map(({ name }) => name));
  const inData = (mount: VolumeMount): VolumeMount =>
    parts.has(mount.name) ? { ...mount, name: dataVolume, subPath: mount.name } : mount;
  const inCluster = ({ configMap, ...volume }: Volume): Volume => ({
    ...volume,
    ...(configMap && sources[configMap.name ?? ""]),
  });
  const { pods } = args.region;
  return {
    metadata: podMetadata(args),
    spec: {
      ...spec,
      serviceAccountName: workloadName,
      securityContext: {
        runAsNonRoot: true,
        ...(pods.runAsUser !== "cluster" && { fsGroup: podUser }),
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
        ...(sharesBlobs(args.region) && { sysctls: peerSysctls }),
      },
      terminationGracePeriodSeconds: endSeconds(args.region),
      ...spread(args),
      ...placement(args),
      containers: spec.containers.map(restartedSoon).map((container) => ({
        ...withResources(
          container.name === edgeContainer ? edge(starting(container), args) : beside(container, args),
          pods.resources,
        ),
        ...(pods.runAsUser === "cluster" && { securityContext: withoutUser(container) }),
        ...pause(pauses[container.name === edgeContainer ? "edge" : "others"]),
        volumeMounts: container.volumeMounts?.map(inData) ?? [],
      })),
      volumes: [
        ...(spec.volumes ?? []).filter(({ name }) => !parts.has(name)).map(inCluster),
        ...scratch(args),
      ],
    },
  };
}

/** With this annotation, the cluster autoscaler can drain a node despite these local volumes, and it respects the PodDisruptionBudget: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md */
const safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

function podMetadata({ region, serviceAccount }: WorkloadPlanArgs): ObjectMeta {
  const { name, pods } = region;
  const annotations = { ...(isOnNode(region) && { [safeToEvict]: dataVolume }), ...pods.annotations };
  return {
    labels: { ...pods.labels, ...serviceAccount.podLabels, ...selectorLabels(name) },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** OpenShift sets user and group itself: https://github.com/openshift/cluster-kube-apiserver-operator/blob/master/bindata/bootkube/scc-manifests/0000_20_kube-apiserver-operator_00_scc-restricted-v2.yaml */
function withoutUser({ securityContext = {} }: Container): SecurityContext {
  const { runAsUser: _, runAsGroup: __, ...rest } = securityContext;
  return rest;
}

/** The volume `data` if it isn't a claim of the stack. Its content is deleted with the Pod. */
function scratch({ region, replica: { diskGiB } }: WorkloadPlanArgs): Volume[] {
  const { storage } = region;
  if (storage.kind === "disk") return [];
  if (storage.scratchClass === undefined) {
    return [{ name: dataVolume, emptyDir: { sizeLimit: `${diskGiB}Gi` } }];
  }
  const volumeClaimTemplate = { spec: claimSpec(diskGiB, storage.scratchClass) };
  return [{ name: dataVolume, ephemeral: { volumeClaimTemplate } }];
}

/** Whether the data volume is on the node's disk. */
function isOnNode({ storage }: WorkloadPlanArgs["region"]): boolean {
  return storage.kind === "bucket" && storage.scratchClass === undefined;
}

function renderedPod(args: WorkloadPlanArgs): PodManifests {
  const { region, upstreams, replica } = args;
  const { storage, expose, access, furtherClients = [] } = region;
  const { diskGiB, fillsGiB } = replica;
  const part = { emptyDir: {} };
  // The Pod's user can read it through the volumes' group.
  const secret = (secretName: string) => ({ secret: { secretName, defaultMode: 0o440 } });
  return renderPod({
    ...configured(args),
    name: workloadName,
    ports: podPorts(internalPort, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port: edgePort },
    ...("proxies" in expose && {
      proxies: podsOf(expose.proxies).length > 0 ? "any" : rangesOf(expose.proxies),
    }),
    clients: [...access.clients, ...furtherClients],
    metricsClients: checkedRanges(access.metrics),
    budget: fillsGiB === undefined ? ownDiskBudget(diskGiB) : scratchBudget(diskGiB, fillsGiB),
    edgeMemoryMiB: replica.edge.memoryMiB,
    edgeWorkers: replica.edge.workers,
    replicas: mostReplicas(region),
    ...(sharesBlobs(region) && { peers: peersOf(region) }),
    hostNetwork: false,
    volumes: {
      tls: secret(tlsSecretOf(region.endpoint)),
      cache: part,
      prometheus: part,
      origin: () => part,
      secret: (name) => secret(podSecretName(name)),
    },
    ...(storage.kind === "bucket" && { store: storage.store }),
  });
}

const anyKernel = script(import.meta.url, "any-kernel.sh");

function edge(container: Container, { region, upstreams, replica }: WorkloadPlanArgs): Container {
  const { cpuMillis, memoryMiB } = replica.edge;
  const hasBucket = region.storage.kind === "bucket";
  const ports = podPorts(internalPort, upstreams.length);
  return {
    ...container,
    command: ["sh", "-c", anyKernel, container.name, ...(container.command ?? [])],
    ports: [
      { name: portNames.endpoint, containerPort: edgePort },
      ...(region.access.metrics.length > 0 ? [{ name: portNames.metrics, containerPort: metricsPort }] : []),
      ...(sharesBlobs(region) ? [{ name: portNames.peers, containerPort: peerPort }] : []),
    ],
    readinessProbe: readinessProbe(edgePort, { ports, upstreams }, hasBucket),
    resources: {
      requests: {
        cpu: `${cpuMillis}m`,
        memory: `${memoryMiB}Mi`,
        ...(isOnNode(region) && { "ephemeral-storage": `${replica.diskGiB}Gi` }),
      },
      limits: { memory: `${memoryMiB}Mi` },
    },
  };
}

function beside(container: Container, { region }: WorkloadPlanArgs): Container {
  const hasBucket = region.storage.kind === "bucket";
  return isSideContainer(container, hasBucket) ? sideContainer(container) : starting(container);
}

/** A pause that needs no shell. Zero seconds are allowed only since Kubernetes 1.33: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/PodLifecycleSleepActionAllowZero/ */
function pause(seconds: number): Pick<Container, "lifecycle"> {
  return seconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds } } } };
}

/**
 * The preStop pause also delays the restart of a container that hangs and drains nothing. The liveness probe's own grace period shortens it:
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#probe-level-terminationgraceperiodseconds
 */
function restartedSoon(container: Container): Container {
  const { livenessProbe } = container;
  if (!livenessProbe) return container;
  return { ...container, livenessProbe: { ...livenessProbe, terminationGracePeriodSeconds: 10 } };
}

/** A container has two minutes until its first successful probe. */
function starting(container: Container): Container {
  const { livenessProbe } = container;
  if (!livenessProbe) return container;
  const startupProbe = { ...livenessProbe, initialDelaySeconds: 0, periodSeconds: 2, failureThreshold: 60 };
  return { ...container, startupProbe };
}

/** Spreads the replicas over zones and nodes if there are enough of them. Otherwise, a badly placed replica is better than none. */
function spread({ region: { name, storage, scheduling } }: WorkloadPlanArgs): Partial<PodSpec> {
  const replicas = { labelSelector: { matchLabels: selectorLabels(name) } };
  const zones = "topology.kubernetes.io/zone";
  // No constraint, because the scheduler ignores all of these for a node that lacks the label of one: https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/plugins/podtopologyspread/scoring.go
  const otherNode = { weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", ...replicas } };
  // Ignores the Pods that the roll-out is about to remove.
  const newest = storage.kind === "bucket" && { matchLabelKeys: ["pod-template-hash"] };
  // The cluster validates its structure: see dry-run.ts.
  const { podAntiAffinity, ...affinity }: Affinity = scheduling.affinity ?? {};
  const { preferredDuringSchedulingIgnoredDuringExecution: preferred, ...required } = podAntiAffinity ?? {};
  return {
    topologySpreadConstraints: [
      { topologyKey: zones, maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", ...replicas, ...newest },
    ],
    affinity: {
      ...affinity,
      podAntiAffinity: {
        ...required,
        preferredDuringSchedulingIgnoredDuringExecution: [...(preferred ?? []), otherNode],
      },
    },
  };
}

function placement({ region: { scheduling, pods } }: WorkloadPlanArgs): Partial<PodSpec> {
  const { nodeSelector, tolerations, priorityClassName } = scheduling;
  const { imagePullSecrets, readinessGates } = pods;
  return {
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(readinessGates.length > 0 && { readinessGates }),
    // Nodes with Windows often have no taint.
    nodeSelector: { "kubernetes.io/os": "linux", ...nodeSelector },
    ...(tolerations.length > 0 && { tolerations }),
  };
}

/**
 * The spec of one replica's volume claim.
 * @param storageClass @default the cluster's default class
 */
export function claimSpec(diskGiB: number, storageClass: string | undefined): PersistentVolumeClaimSpec {
  return {
    accessModes: ["ReadWriteOnce"],
    ...(storageClass !== undefined && { storageClassName: storageClass }),
    resources: { requests: { storage: `${diskGiB}Gi` } },
  };
}
