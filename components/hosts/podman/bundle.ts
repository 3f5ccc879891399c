import { extname } from "node:path";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { stringify } from "yaml";
import type { PodOptions } from "../../pod/options.ts";
import { type PodManifests, renderPod } from "../../pod/pod.ts";
import { script } from "../../shell/script.ts";
import { sha256 } from "../naming.ts";
import { probeParameters } from "../oncall/program.ts";

/**
 * What a machine with podman should run: files, by their paths in the bundle.
 *
 * Each container of the Pod becomes its own Pod, a part, so that it can be replaced while the others keep running. The parts share the machine's network, as containers of one Pod do.
 *
 * - `apply.sh`: makes the machine's Pods match the bundle
 * - `region`, `health`: input of apply.sh
 * - `parts/<container>/pod`: the Pod's name, which changes whenever the part must be replaced
 * - `parts/<container>/pod.yaml`, `image`, `files/…`: the Pod's manifest, image and files (its ConfigMap)
 * - `parts/<container>/check`: optional; a command, one word per line, that checks new files before a running container gets them
 * - `parts/<container>/ready`: optional; a URL that answers 200 once the container serves. The container itself asks it, or the edge if the container's image has no wget
 * - `parts/<container>/secret`: optional; the name of a secret whose change restarts the container
 * - `parts/<container>/taken`: optional; a URL, and its answer once the container has loaded its files
 */
export type Bundle = Readonly<Record<string, string>>;

export interface BundleArgs {
  /** Absolute path of the directory where apply.sh keeps the files that running Pods mount. */
  readonly stateDirectory: string;
  /** Further files of the host. @default none */
  readonly files?: Bundle;
}

export function renderBundle(options: PodOptions, { stateDirectory, files = {} }: BundleArgs): Bundle {
  const { region, ports, listen } = options;
  const manifests = renderPod(options);
  const parts = (manifests.pod.spec?.containers ?? []).map((container) =>
    partFiles(manifests, container, stateDirectory),
  );
  return Object.assign(
    {
      "apply.sh": script(import.meta.url, "apply.sh"),
      region: region.name,
      // A probe by blackbox_exporter, which sends a request as a client does.
      health: `http://127.0.0.1:${ports.blackbox}/probe?module=endpoint&${probeParameters(region.endpoint.hostname, listen)}`,
    },
    ...parts,
    files,
  );
}

/**
 * The bundle as JSON, as it is stored and sent. The same content always gives the same text. Its sha256() is its name. Files of one kind are neighbors: compressed, this saves a
 * fortieth.
 */
export function bundleText(bundle: Bundle): string {
  const place = (path: string) => `${extname(path)} ${path}`;
  const sorted = Object.entries(bundle).sort(([one], [other]) => (place(one) < place(other) ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`;
}

export interface BundlePart {
  readonly container: string;
  /** The Pod's name. The container's name in podman is `<pod>-<container>`. */
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
 * @param files the directory that replaces the container's ConfigMap
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
      // apply.sh has already pulled the image. Without a policy, podman asks the registry for each image without a tag (podman 4: for each image), so a start would need the registry.
      containers: [{ ...container, imagePullPolicy: "IfNotPresent" }],
      volumes: volumes.map((volume) =>
        volume.name === configMap
          ? { name: configMap, hostPath: { path: files, type: "Directory" } }
          : volume,
      ),
    },
  };
}
