import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { stringify } from "yaml";
import type { PodOptions } from "../../pod/options.ts";
import { type PodManifests, renderPod } from "../../pod/pod.ts";
import { script } from "../../pod/script.ts";
import { sha256 } from "../naming.ts";
import { probeParameters } from "../oncall/program.ts";

/**
 * What a machine with podman is told to run: files, by their paths in the bundle.
 *
 * Each container of the Pod is played as a Pod of its own, a part, so that one can be replaced while the others go on. They share the machine's network, as in one Pod.
 *
 * - `apply.sh`: makes the machine's Pods those of the bundle
 * - `region`, `health`: what apply.sh reads
 * - `parts/<container>/pod`: the Pod's name, which changes whenever the part has to be replaced
 * - `parts/<container>/pod.yaml`, `image`, `files/…`: what the Pod is made of; its ConfigMap as files
 * - `parts/<container>/check`: the command that checks files before a running container gets them, where there is one; a word in each line
 * - `parts/<container>/ready`: a URL that answers 200 once the container serves, where there is one; asked by the container itself, or, where its image has no wget, by the edge
 * - `parts/<container>/secret`: the name of the secret for which the container is restarted when it changes, where there is one
 * - `parts/<container>/taken`: a URL, and what it answers once the container has taken up its files, where it says so
 */
export type Bundle = Readonly<Record<string, string>>;

export type UnlabelledPod = Omit<PodOptions, "labels">;

export interface BundleArgs {
  /** Absolute path of the directory where apply.sh keeps what the running Pods mount. */
  readonly stateDirectory: string;
  /** What the host adds. @default nothing */
  readonly files?: Bundle;
}

export function renderBundle(options: UnlabelledPod, { stateDirectory, files = {} }: BundleArgs): Bundle {
  // By these, apply.sh knows its Pods.
  const labels = {
    "app.kubernetes.io/name": "registry-cache",
    "app.kubernetes.io/instance": options.region.name,
  };
  const manifests = renderPod({ ...options, labels });
  const parts = (manifests.pod.spec?.containers ?? []).map((container) =>
    partFiles(manifests, container, stateDirectory),
  );
  return Object.assign(
    {
      "apply.sh": script(import.meta.url, "apply.sh"),
      region: options.region.name,
      health: healthUrl(options),
    },
    ...parts,
    files,
  );
}

/** The bundle as it is stored and sent: JSON, the same for the same content. Its sha256() is its name. */
export function bundleText(bundle: Bundle): string {
  const sorted = Object.entries(bundle).sort(([one], [other]) => (one < other ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`;
}

export interface BundlePart {
  readonly container: string;
  /** The Pod's name; the container's name for podman is `<pod>-<container>`. */
  readonly pod: string;
  readonly image: string;
}

export function bundleParts(bundle: Bundle): BundlePart[] {
  return Object.keys(bundle).flatMap((path) => {
    const container = /^parts\/([^/]+)\/pod$/.exec(path)?.[1];
    const file = (name: string) => bundle[`parts/${container}/${name}`] ?? "";
    return container === undefined ? [] : [{ container, pod: file("pod"), image: file("image") }];
  });
}

/** By blackbox_exporter, which asks the endpoint as a client does. */
function healthUrl({ ports, listen, region }: UnlabelledPod): string {
  const parameters = probeParameters(region.endpoint.hostname, listen);
  return `http://127.0.0.1:${ports.blackbox}/probe?module=endpoint&${parameters}`;
}

function partFiles(manifests: PodManifests, container: Container, stateDirectory: string): Bundle {
  const { name, image = "" } = container;
  const configMap = `${manifests.pod.metadata?.name}-${name}`;
  const files = manifests.configMaps.find(({ metadata }) => metadata?.name === configMap)?.data ?? {};
  const live = manifests.live[name];
  const replacing = Object.entries(files).filter(([file]) => !live?.files.includes(file));
  const revision = sha256(JSON.stringify([partOf(manifests, container, ""), replacing])).slice(0, 12);
  const pod = partOf(manifests, container, `${stateDirectory}/files/${name}-${revision}`);
  const podName = `${pod.metadata?.name}-${revision}`;
  const part: Bundle = {
    pod: podName,
    image,
    "pod.yaml": stringify({ ...pod, metadata: { ...pod.metadata, name: podName } }, { lineWidth: 0 }),
    ...(live?.check && { check: live.check.map((word) => `${word}\n`).join("") }),
    ...(manifests.ready[name] !== undefined && { ready: manifests.ready[name] }),
    ...(manifests.readAtStart[name] !== undefined && { secret: manifests.readAtStart[name] }),
    ...(live?.taken && { taken: `${live.taken.url} ${live.taken.answer}\n` }),
    ...Object.fromEntries(Object.entries(files).map(([file, content]) => [`files/${file}`, content])),
  };
  return Object.fromEntries(
    Object.entries(part).map(([path, content]) => [`parts/${name}/${path}`, content]),
  );
}

/**
 * The Pod of one container.
 * @param files the directory in the place of its ConfigMap
 */
function partOf({ pod }: PodManifests, container: Container, files: string): Pod {
  const { metadata, spec } = pod;
  const configMap = `${metadata?.name}-${container.name}`;
  const mounted = new Set(container.volumeMounts?.map(({ name }) => name));
  const volumes = (spec?.volumes ?? []).filter(({ name }) => mounted.has(name));
  return {
    ...pod,
    metadata: {
      name: configMap,
      labels: { ...metadata?.labels, "app.kubernetes.io/component": container.name },
    },
    spec: {
      ...spec,
      // apply.sh has pulled it. Without a policy, podman asks the registry for each image without a tag, and podman 4 for each: a start would need the registry.
      containers: [{ ...container, imagePullPolicy: "IfNotPresent" }],
      volumes: volumes.map((volume) =>
        volume.name === configMap
          ? { name: configMap, hostPath: { path: files, type: "Directory" } }
          : volume,
      ),
    },
  };
}
