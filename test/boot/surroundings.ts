/** The surroundings of a machine, all on this host: registries, the cloud's store, clients. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { baseImageNames, defaultImages, type Images } from "../../components/config/images.ts";
import { metricsPort } from "../../components/config/ports.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { asked, frontedUpstream, registryName } from "../support/chain.ts";
import { startContainerd } from "../support/clients/containerd.ts";
import { writeHostsDir } from "../support/clients/hosts-dir.ts";
import { digestsOf } from "../support/content.ts";
import { randomImage } from "../support/images.ts";
import { freePorts } from "../support/ports.ts";
import { tempDir } from "../support/scope.ts";
import { testUpstream } from "../support/upstream.ts";
import { hostAddress } from "./machine.ts";
import { startNameProxy } from "./name-proxy.ts";
import { type Store, startStore } from "./store.ts";

const clientRange = "10.0.2.0/24";

export const hostname = "cache.example.com";

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** SHA-256 fingerprint of the certificate that came with it. */
  readonly fingerprint: string;
}

export interface Surroundings {
  /** The directory of all files of a test. */
  readonly directory: string;
  readonly store: Store;
  /** Host ports on 127.0.0.1 by the machine's ports. */
  readonly ports: Readonly<Record<number, number>>;
  /** Configuration of a stack with one region, without the region's own parts. */
  readonly config: Pick<StackConfig, "upstreams"> & {
    readonly access: { readonly clients: readonly string[]; readonly metrics: readonly string[] };
    readonly images: Images;
  };
  /** What a machine needs to pull the images, in addition to its user data: see {@link Seed}. */
  readonly boothook: string;
  /** The path of the upstream image's tag. */
  readonly tagPath: string;
  /** Requests to the upstream for clients since the last call. They leave out the origin's own checks, which it makes on a slow machine. */
  asked(): string[];
  /** Stops the registry of the Pod's images for good. */
  stopImageRegistry(): Promise<void>;
  /** Stops the upstream for good. */
  stopUpstream(): Promise<void>;
  /** A node without any of the upstream's image pulls it. @param ca PEM. @throws unless it gets all of it */
  pull(ca: string): Promise<void>;
  /** Sends a request to the machine. @throws if the port is closed, or if the certificate for the host name isn't from `ca` */
  get(port: number, path: string, ca: string): Promise<Answer>;
}

export async function surroundings(parts: AsyncDisposableStack): Promise<Surroundings> {
  const imageRegistry = parts.use(await testUpstream());
  const directory = parts.use(await tempDir()).path;
  const images = await pushImages(imageRegistry.url, directory);
  const { registry, proxy } = await frontedUpstream(parts);
  const image = await randomImage({ repository: "giantswarm/app", tag: "1.0", layers: 3, layerMB: 4 });
  await push(registry.url, image);
  const store = parts.use(await startStore(hostAddress));

  const firstPort = await freePorts(2);
  const ports = { 443: firstPort, [metricsPort]: firstPort + 1 };
  const names = parts.use(await startNameProxy(new Map([[`${hostname}:443`, ports[443]]])));
  parts.use(environment({ HTTPS_PROXY: names.url.origin }));
  const containerd = parts.use(await startContainerd());
  const url = `http://${hostAddress}:${proxy.url.port}`;
  const upstreams = [{ name: "gsoci", registry: registryName, url, repositories: ["giantswarm/**"] }];

  return {
    directory,
    store,
    ports,
    config: { upstreams, images, access: { clients: [clientRange], metrics: [clientRange] } },
    boothook: insecureRegistry(`${hostAddress}:${imageRegistry.url.port}`),
    tagPath: `/v2/${image.repository}/manifests/${image.tags[0]}`,
    asked() {
      const since = asked(proxy).filter((it) => !it.includes(" /v2/hangs/"));
      proxy.forget();
      return since;
    },
    stopImageRegistry: () => imageRegistry.stop(),
    async stopUpstream() {
      await proxy.stopListening();
      await registry.stop();
    },
    async pull(ca) {
      const caFile = join(directory, "ca.crt");
      await writeFile(caFile, ca);
      const hostsDir = join(directory, "certs.d");
      await writeHostsDir(
        hostsDir,
        clientConfiguration({
          endpoint: { hostname, port: 443 },
          upstreams,
          ca: { file: caFile, certificate: ca },
        }),
      );
      await containerd.removeAll();
      assert.deepEqual(await containerd.content(), []);
      await containerd.pull(nameOf(image), { hostsDir });
      assert.deepEqual(new Set(await containerd.content()), digestsOf(image));
    },
    get: (port, path, ca) => get({ port: ports[port as keyof typeof ports], path, ca }),
  };
}

function nameOf({ repository, tags: [tag] }: Content): string {
  return `${registryName}/${repository}:${tag}`;
}

/** Pushes this machine's images of the Pod to a registry. @returns the machine's names of them, with tag and digest as in the pinned ones */
async function pushImages(registry: URL, directory: string): Promise<Images> {
  const local = await ensureImages(defaultImages);
  const images = { ...defaultImages };
  for (const name of baseImageNames) {
    const reference = `registry-cache/${name}:test`;
    const digestFile = join(directory, `${name}.digest`);
    // An emulated processor unpacks zstd in a third of the time.
    const packing = ["--format=oci", "--compression-format=zstd", `--digestfile=${digestFile}`];
    const push = ["push", "--quiet", "--tls-verify=false", ...packing];
    await podman([...push, local[name], `docker://${registry.host}/${reference}`]);
    images[name] = `${hostAddress}:${registry.port}/${reference}@${await readFile(digestFile, "utf8")}`;
  }
  return images;
}

/** Allows podman in the machine to pull over plain HTTP: containers-registries.conf(5). */
function insecureRegistry(location: string): string {
  const file = "/etc/containers/registries.conf.d/test.conf";
  return `mkdir -p "$(dirname ${file})"\nprintf '[[registry]]\\nlocation = "${location}"\\ninsecure = true\\n' >${file}\n`;
}

/** Sets environment variables for programs that start from now on, until it is disposed. */
function environment(variables: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

async function get(options: { port: number; path: string; ca: string }): Promise<Answer> {
  const sent = request({
    ...options,
    host: "127.0.0.1",
    servername: hostname,
    headers: { host: hostname },
    agent: false,
    signal: AbortSignal.timeout(30_000),
  }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
  return { status: response.statusCode ?? 0, body: await text(response), fingerprint: fingerprint256 };
}
