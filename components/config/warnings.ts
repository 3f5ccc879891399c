/** Warnings about settings that are valid but probably not intended. */
import { distance } from "fastest-levenshtein";
import { isPrivateRange, rangeOf } from "./access.ts";
import { defaultImages, ecrHost, type ImageName, imageNamesOf, imageOf, registryOf } from "./images.ts";
import { platformWarning } from "./prefetch.ts";
import { type Problem, problemIf, within } from "./problems.ts";
import { isAllowed } from "./repositories.ts";
import { cloudStacks, namespace, type StackConfig, type Upstream } from "./schema.ts";
import { serviceNamespace } from "./text.ts";

type Checked = Pick<StackConfig, "provider" | "regions" | "upstreams" | "monitoring" | "prefetch" | "images">;

/** The maximum edit distance at which another namespace counts as a misspelling of this one. */
const maxTypos = 2;

/** Warns of keys whose namespace is probably a misspelling of this program's. Nothing reads them. @param keys with their namespaces */
export function namespaceWarnings(keys: readonly string[]): Problem[] {
  return keys.flatMap((path) => {
    const [other = "", ...key] = path.split(":");
    if (other === namespace || distance(other, namespace) > maxTypos) return [];
    return [{ path, message: `nothing reads this key: did you mean \`${[namespace, ...key].join(":")}\`?` }];
  });
}

/** @returns warnings with paths in the stack. */
export function configWarnings(config: Checked): Problem[] {
  const { provider, regions, upstreams, monitoring, prefetch } = config;
  return [
    ...upstreams.flatMap((upstream, index) => within(`upstreams[${index}]`, upstreamWarnings(upstream))),
    ...regions.flatMap((region, index) => within(`regions[${index}]`, regionWarnings(provider, region))),
    ...(regions.some(({ topology }) => topology === "vm") ? serviceWarnings(upstreams, monitoring) : []),
    ...platformWarnings(prefetch),
    ...imageWarnings(config),
    ...oldImageWarnings(config),
  ];
}

function imageWarnings(config: Checked): Problem[] {
  const machines = config.regions.filter((region) => "machine" in region);
  const used = imageNamesOf(
    config,
    machines.some(({ endpoint }) => endpoint.tls.mode === "acme"),
  );
  const registry = (name: ImageName) => registryOf(imageOf(config, name));
  const registries = (names: readonly ImageName[]) => [...new Set(names.map(registry))].join(", ");
  // Who wants a default, names it: then there is no warning.
  const others = used.filter((name) => config.images[name] === undefined);
  const mirrored = used.filter((name) => registry(name) !== registryOf(defaultImages[name]));
  const locked = used.filter((name) => ecrHost.test(registry(name)));
  const isPulling = machines.some(({ machine }) => machine.image === undefined);
  return [
    ...problemIf(
      others.length > 0 && mirrored.length > others.length,
      "images",
      `${others.join(", ")}: still from ${registries(others)}. If only the mirror can be reached, name these, too (docs/images.md#a-mirror)`,
    ),
    ...problemIf(
      isPulling && locked.length > 0,
      "images",
      `${locked.join(", ")}: ${registries(locked)} answers only with a login, and a machine pulls without one: set \`machine.image\` to a base image that has the images (docs/images.md#a-mirror), or name a registry that needs no login`,
    ),
  ];
}

/** Warns of images with a lower version than the pinned one of the same name, for example because an earlier fix is still configured, or a mirror has no newer one. */
function oldImageWarnings({ images }: Checked): Problem[] {
  return Object.entries(images).flatMap(([name, image]) => {
    const [own, pinned] = [image, defaultImages[name as ImageName]].map(
      (it) => namedVersion.exec(it)?.groups,
    );
    const { version = "" } = own ?? {};
    // `1.31` names the newest 1.31.x.
    const newest = pinned?.version?.split(".").slice(0, version.split(".").length).join(".") ?? "";
    if (own?.name !== pinned?.name || version.localeCompare(newest, "en", { numeric: true }) >= 0) return [];
    const message = `${version} is older than ${pinned?.version}, which this version of the project uses: remove the key, or copy the newer image to your mirror (docs/images.md)`;
    return [{ path: `images.${name}`, message }];
  });
}

/** The last part of an image's repository, and the version that its tag begins with. Not of an image that was built on this machine. */
const namedVersion = /^(?!localhost\/).+\/(?<name>[^/:@]+):v?(?<version>\d+(?:\.\d+)*)(?![\w.])/;

function platformWarnings(prefetch: Checked["prefetch"]): Problem[] {
  const { platforms = "all" } = prefetch ?? {};
  if (platforms === "all") return [];
  return platforms.flatMap((platform, index) => {
    const message = platformWarning(platform);
    return message === undefined ? [] : [{ path: `prefetch.platforms[${index}]`, message }];
  });
}

type CheckedRegion = Checked["regions"][number];

function regionWarnings(provider: Checked["provider"], region: CheckedRegion): Problem[] {
  return [
    ...(provider in cloudStacks ? accessWarnings(provider, region) : []),
    ...islandWarnings(region),
    ...emailWarnings(region),
    ...bucketWarnings(region),
  ];
}

function upstreamWarnings(upstream: Upstream): Problem[] {
  const { registry, repositories, credentials } = upstream;
  return [
    ...(dockerHubHosts.includes(registry)
      ? [{ path: "registry", message: `is not in image references of Docker Hub: write \`docker.io\`` }]
      : []),
    ...repositories.flatMap((glob, index) => {
      const message = globWarning(glob, registry, credentials !== undefined);
      return message === undefined ? [] : [{ path: `repositories[${index}]`, message }];
    }),
    ...probeWarnings(upstream),
  ];
}

/** Hosts of Docker Hub that serve its images but don't appear in image references. */
const dockerHubHosts = ["registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"];

/** Registries where anyone can publish. */
const openRegistries = ["docker.io", "gcr.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.gitlab.com"];

function globWarning(glob: string, registry: string, hasCredentials: boolean): string | undefined {
  const [first = "", ...rest] = glob.split("/");
  if (first === registry && rest.length > 0) {
    return `matches nothing: repository names don't have the registry in front, so write "${rest.join("/")}"`;
  }
  // https://docs.docker.com/docker-hub/image-library/trusted-content/#docker-official-images
  if (registry === "docker.io" && rest.length === 0 && first !== "**") {
    return `matches nothing: repositories of Docker Hub have two parts, and official images are "library/${first}"`;
  }
  if (hasCredentials && /^[*/]+$/.test(glob)) {
    return `lets all clients pull, without a password, everything that \`credentials\` can read: name the repositories that you mean, like "team/**"`;
  }
  if (openRegistries.includes(registry) && (first === "**" || (first === "*" && rest.length > 0))) {
    return `lets in what anyone publishes at ${registry}: name the organizations that you mean, like "team/**"`;
  }
  return undefined;
}

function probeWarnings({ probe, registry, repositories }: Upstream): Problem[] {
  const [repository = ""] = probe?.split(":") ?? [];
  if (probe === undefined || isAllowed(repository, repositories)) return [];
  const reason = probe.startsWith(`${registry}/`)
    ? `leave out the registry and write "${probe.slice(registry.length + 1)}"`
    : "no glob in `repositories` matches it";
  return [{ path: "probe", message: `is refused by the cache: ${reason}` }];
}

/** Warns of address ranges that can't reach what they are allowed to. On a cluster, it skips the metrics, which Pods inside the cluster read. */
function accessWarnings(provider: Checked["provider"], region: CheckedRegion): Problem[] {
  const { clients, metrics } = region.access;
  const isPrivate = isPrivateEndpoint(region);
  return [
    ...unseenWarnings("access.clients", clients, isPrivate),
    ...(region.topology === "vm" ? unseenWarnings("access.metrics", metrics, isPrivate) : []),
    ...("apiAccess" in region ? apiWarnings(provider, region.apiAccess) : []),
  ];
}

/** In AWS, the API also has a private address. Outside the cluster's network, its name resolves to that address only if the API has no public one: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html */
function apiWarnings(provider: Checked["provider"], apiAccess: readonly string[]): Problem[] {
  if (provider !== "aws") return unseenWarnings("apiAccess", apiAccess, false);
  const inside = apiAccess.filter(isPrivateRange);
  if (inside.length === 0 || inside.length === apiAccess.length) return [];
  const message = `${inside.join(", ")}: while there are public ranges, too, only the resolvers of the cluster's own network know the API's private address. For clients in other networks, forward the API's name to these resolvers, or write the public addresses of the clients' NAT gateways`;
  return [{ path: "apiAccess", message }];
}

function isPrivateEndpoint({ endpoint }: CheckedRegion): boolean {
  return "exposure" in endpoint && endpoint.exposure === "private";
}

function unseenWarnings(
  path: string,
  sources: Readonly<CheckedRegion["access"]["metrics"]>,
  isPrivate: boolean,
): Problem[] {
  const unseen = sources.filter(
    (source) =>
      typeof source === "string" && rangeOf(source) !== undefined && isPrivateRange(source) !== isPrivate,
  );
  if (unseen.length === 0) return [];
  const reason = isPrivate
    ? "the endpoint is private, and these addresses are public. Write the private addresses of the clients, unless your network uses these inside"
    : "no client reaches a public endpoint from a private address. Write the public addresses of their NAT gateways";
  return [{ path, message: `${unseen.join(", ")}: ${reason}` }];
}

/** Warns of a private endpoint in a network that the stack creates, because no other network is connected to it. */
function islandWarnings(region: CheckedRegion): Problem[] {
  const isCreated =
    "network" in region && Object.values(region.network).some((network) => network === "create");
  if (!isCreated || !isPrivateEndpoint(region) || "privateLink" in region.endpoint) return [];
  const message =
    "is created by the stack: no client reaches the private endpoint in it until you connect the network with the clients': docs/private-networks.md";
  return [{ path: "network", message }];
}

/**
 * Warns of an e-mail address that was left from an example. A host name from an example must be replaced anyway.
 * https://github.com/letsencrypt/boulder/blob/main/policy/pa.go (`forbiddenMailDomains`)
 */
function emailWarnings({ endpoint: { hostname, tls } }: CheckedRegion): Problem[] {
  if (tls.mode !== "acme" || !/@example\.(?:com|net|org)$/i.test(tls.email)) return [];
  if (/(?:^|\.)example\.(?:com|net|org)$/.test(hostname)) return [];
  const message = `${tls.email} is an address from an example, which Let's Encrypt refuses: write a real one`;
  return [{ path: "endpoint.tls.email", message }];
}

/** Without `pathStyle`, the bucket's name is part of the host name. A Service has no such subdomains: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
function bucketWarnings({ storage }: CheckedRegion): Problem[] {
  if (!("s3" in storage) || storage.s3.pathStyle || storage.s3.endpoint === undefined) return [];
  const { hostname } = new URL(storage.s3.endpoint);
  if (serviceNamespace(hostname) === undefined) return [];
  const message = `is false, and ${storage.s3.bucket}.${hostname} is no name of a Service: set it to true`;
  return [{ path: "storage.s3.pathStyle", message }];
}

function serviceWarnings(upstreams: readonly Upstream[], monitoring: Checked["monitoring"]): Problem[] {
  const addresses = [
    ...upstreams.map(({ url }, index) => ({ path: `upstreams[${index}].url`, url })),
    ...monitoring.alertmanagers.map((url, index) => ({ path: `monitoring.alertmanagers[${index}]`, url })),
    ...(monitoring.remoteWrite
      ? [{ path: "monitoring.remoteWrite.url", url: monitoring.remoteWrite.url }]
      : []),
  ];
  return addresses
    .filter(({ url }) => serviceNamespace(new URL(url).hostname) !== undefined)
    .map(({ path }) => ({
      path,
      message: "is the name of a Service, which only Pods of its cluster find: a region on a machine doesn't",
    }));
}
