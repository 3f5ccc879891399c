/** Measures how much longer a pull takes when the clients have to fall back to the upstream. */
import type { TestContext } from "node:test";
import { type ClientConfiguration, clientConfiguration } from "../../../components/clients/clients.ts";
import type { Content } from "../../../scripts/seed/content.ts";
import { push } from "../../../scripts/seed/push.ts";
import type { CacheOptions } from "../cache.ts";
import { type Chain, registryName, startChain } from "../chain.ts";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { randomImage } from "../images.ts";
import { type Node, type NodeConfiguration, withoutCache } from "./node.ts";

/** A cache, and the nodes' own path to the upstream. */
export interface Setting {
  readonly chain: Chain;
  /** The upstream on the nodes' path. */
  readonly upstream: FaultProxy;
}

const repositories = ["giantswarm/**"];

export async function fallbackSetting(
  parts: AsyncDisposableStack,
  region: CacheOptions["region"] = {},
): Promise<Setting> {
  const chain = await startChain(parts, { repositories, region });
  const upstream = parts.use(await startFaultProxy(chain.registry.url));
  return { chain, upstream };
}

/** The nodes' configuration. @param port at which the nodes reach the cache. @default its own */
export function withCache(
  { chain: { cache }, upstream }: Setting,
  port = Number(cache.url.port),
): ClientConfiguration {
  return clientConfiguration({
    endpoint: { hostname: cache.url.hostname, port },
    upstreams: [{ name: "gsoci", registry: registryName, url: upstream.url.origin, repositories }],
    ca: { file: cache.caFile, certificate: cache.ca },
  });
}

/**
 * Pushes an image that neither the cache nor a node has.
 * @param team any other than `giantswarm` is one that the cache refuses
 * @param layers number of layers of 0.5 MB. @default 10
 */
export async function coldImage(
  { chain }: Setting,
  name: string,
  { team = "giantswarm", layers = 10 }: { team?: string; layers?: number } = {},
): Promise<Content> {
  const repository = `${team}/${name.toLowerCase().replaceAll(/\W+/g, "-")}`;
  const image = await randomImage({ repository, tag: "1", layers, layerMB: 0.5 });
  await push(chain.registry.url, image);
  return image;
}

/** Milliseconds of a direct pull, by the number of layers. */
const directPulls = new WeakMap<Node, Map<number, number>>();

/** Pulls an image with a configuration, and prints how much longer that takes than a node's first direct pull of a similar one. @returns milliseconds */
export async function delay(
  t: TestContext,
  node: Node,
  to: Setting,
  image: Content,
  configuration: NodeConfiguration,
): Promise<number> {
  const layers = image.blobs.length - 1;
  const known = directPulls.get(node) ?? new Map<number, number>();
  directPulls.set(node, known);
  const pullDirectly = async () =>
    node.pull(await coldImage(to, `${image.repository} directly`, { layers }), withoutCache(to.upstream.url));
  const direct = known.get(layers) ?? (await pullDirectly());
  known.set(layers, direct);
  to.upstream.forget();
  const pulled = await node.pull(image, configuration);
  const more = pulled - direct;
  const blobs = `${fromUpstream(to, image)} of ${image.blobs.length} blobs from the upstream`;
  const times = `${pulled.toFixed(0)} ms, directly ${direct.toFixed(0)} ms: ${more.toFixed(0)} ms more`;
  t.diagnostic(`${node.name}, ${layers} layers: ${times}; ${blobs}`);
  return more;
}

/** The number of the image's blobs that the upstream served to nodes. */
export function fromUpstream({ upstream }: Setting, { blobs }: Content): number {
  return blobs.filter(({ digest }) => upstream.count(digest, "GET") > 0).length;
}
