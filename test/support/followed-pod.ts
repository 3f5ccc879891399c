/** A cluster's Pod on this machine. Its ConfigMaps and Secrets are directories that change while it runs, as kubelet changes them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Volume } from "kubernetes-types/core/v1.d.ts";
import { stringify } from "yaml";
import { type PodPorts, podPortCount, podPorts } from "../../components/config/ports.ts";
import type { Upstream } from "../../components/config/schema.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { makeOwnedDirectory, removeOwned } from "../../components/hosts/local/owned-files.ts";
import { localAddress } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { renderPod } from "../../components/pod/pod.ts";
import { secretFile } from "../../components/pod/secrets.ts";
import { writeVolume } from "./kubelet-volume.ts";
import { podImages } from "./pod-images.ts";
import { podOptions, podRegion } from "./pod-options.ts";
import { freePort, freePorts } from "./ports.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";

export interface FollowedPod extends AsyncDisposable {
  /** `https://localhost:<port>` */
  readonly url: URL;
  readonly ca: string;
  readonly ports: PodPorts;
  /** The current content of a file in a container's ConfigMap. */
  file(container: string, name: string): string;
  /** Writes files into a container's ConfigMap volume. They replace those of the same names. */
  write(container: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** The ConfigMaps' contents with other options. */
  rendered(change: Partial<PodOptions>): Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Checks whether a container's program accepts its files with these changes. @throws an error with the program's output if it doesn't */
  check(container: string, files: Readonly<Record<string, string>>): Promise<void>;
  writeSecret(name: string, content: string): Promise<void>;
  /** The revision that the edge shows at its status port. */
  revision(): Promise<string>;
  /** Runs a command in a container. @returns its standard output */
  exec(container: string, ...command: string[]): Promise<string>;
  logs(container: string): Promise<string>;
}

export interface FollowedPodOptions extends Partial<Omit<PodOptions, "upstreams">> {
  readonly upstreams: readonly Upstream[];
  /** Secrets' contents by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

let count = 0;

/** Plays the Pod with an empty store, and waits until it is ready. */
export async function startFollowedPod({
  secrets = {},
  upstreams,
  ...change
}: FollowedPodOptions): Promise<FollowedPod> {
  const dir = await tempDir();
  const name = `registry-cache-followed-${process.pid}-${++count}`;
  const at = (volume: string) => join(dir.path, volume);
  const volume = (path: string) => ({ hostPath: { path: at(path), type: "Directory" } });
  await makeCertificate({ directory: dir.path, names: ["localhost", localAddress] });
  const port = await freePort();
  const ports = podPorts(await freePorts(podPortCount(upstreams.length)), upstreams.length);
  const images = await podImages();
  const render = (changed: Partial<PodOptions> = {}) => {
    const options = podOptions({
      upstreams,
      name,
      region: podRegion(name, "localhost", port),
      images,
      ports,
      listen: { addresses: [localAddress], port },
      clients: ["127.0.0.0/8"],
      metricsClients: [],
      hostNetwork: true,
      volumes: {
        tls: volume("tls"),
        cache: volume("cache"),
        prometheus: volume("prometheus"),
        origin: (upstream) => volume(`origin-${upstream}`),
        secret: (secret) => volume(`secret-${secret}`),
      },
      ...change,
      ...changed,
    });
    const { pod, configMaps, live } = renderPod(options);
    const contents = configMaps.map(({ metadata, data = {} }) => [
      (metadata?.name ?? "").slice(`${name}-`.length),
      data,
    ]);
    return { pod, live, files: Object.fromEntries(contents) as Record<string, Record<string, string>> };
  };
  const { pod, files, live } = render();
  const { spec = { containers: [] } } = pod;
  for (const path of ["cache", "prometheus", ...upstreams.map((it) => `origin-${it.name}`)]) {
    await makeOwnedDirectory(at(path));
  }
  const write: FollowedPod["write"] = async (container, some) => {
    const all = { ...files[container], ...some };
    await writeVolume(at(`files-${container}`), all);
    files[container] = all;
  };
  const writeSecret: FollowedPod["writeSecret"] = (secret, content) =>
    writeVolume(at(`secret-${secret}`), { [secretFile]: content });
  for (const container of Object.keys(files)) await write(container, {});
  for (const [secret, content] of Object.entries(secrets)) await writeSecret(secret, content);
  const inDirectory = ({ configMap, ...other }: Volume): Volume =>
    configMap ? { ...other, ...volume(`files-${configMap.name?.slice(`${name}-`.length)}`) } : other;
  const manifest = stringify({ ...pod, spec: { ...spec, volumes: spec.volumes?.map(inDirectory) } });
  const containerOf = (container: string) => `${name}-${container}`;
  const status = (path: string) => fetch(`http://${localAddress}:${ports.edgeStatus}${path}`);
  await podman(["kube", "play", "-"], { input: manifest });
  const followed: FollowedPod = {
    url: new URL(`https://localhost:${port}`),
    ca: await readFile(at("ca/ca.crt"), "utf8"),
    ports,
    file: (container, file) => files[container]?.[file] ?? "",
    write,
    async check(container, some) {
      await writeVolume(at(`files-${container}/.next`), { ...files[container], ...some });
      await podman(["exec", containerOf(container), ...(live[container]?.check ?? ["false"])]);
    },
    rendered: (changed) => render(changed).files,
    writeSecret,
    revision: async () => await (await status("/revision")).text(),
    exec: (container, ...command) => podman(["exec", containerOf(container), ...command]),
    logs: (container) => podman(["logs", containerOf(container)], { withStandardError: true }),
    async [Symbol.asyncDispose]() {
      await podman(["pod", "rm", "--force", "--time", "2", name]);
      await removeOwned(dir.path);
      await dir[Symbol.asyncDispose]();
    },
  };
  await waitUntil("the edge serves", async () => (await status("/healthz")).ok);
  for (const { debug } of ports.origins) {
    const health = `http://${localAddress}:${debug}/debug/health`;
    await waitUntil("the origin serves", async () => (await fetch(health)).ok);
  }
  return followed;
}
