/** What is accepted, and is probably not what was meant. */
import { contains, rangeOf } from "./endpoint.ts";
import { type Problem, within } from "./problems.ts";
import { repositoryPattern } from "./repositories.ts";
import type { StackConfig, Upstream } from "./schema.ts";
import { serviceNamespace } from "./text.ts";

type Checked = Pick<StackConfig, "provider" | "regions" | "upstreams" | "monitoring">;

/** @returns warnings with paths in the stack. */
export function configWarnings({ provider, regions, upstreams, monitoring }: Checked): Problem[] {
  return [
    ...upstreams.flatMap((upstream, index) => within(`upstreams[${index}]`, upstreamWarnings(upstream))),
    ...regions.flatMap((region, index) =>
      provider === "aws" || provider === "azure" ? within(`regions[${index}]`, accessWarnings(region)) : [],
    ),
    ...(regions.some(({ topology }) => topology === "vm") ? serviceWarnings(upstreams, monitoring) : []),
  ];
}

function upstreamWarnings(upstream: Upstream): Problem[] {
  const { registry, repositories } = upstream;
  return [
    ...(dockerHubHosts.includes(registry)
      ? [{ path: "registry", message: `is not in image references of Docker Hub: write \`docker.io\`` }]
      : []),
    ...repositories.flatMap((glob, index) => {
      const message = globWarning(glob, registry);
      return message === undefined ? [] : [{ path: `repositories[${index}]`, message }];
    }),
    ...probeWarnings(upstream),
  ];
}

/** Hosts of Docker Hub that serve its images, and that clients don't name. */
const dockerHubHosts = ["registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"];

/** Registries where anyone can publish. */
const openRegistries = ["docker.io", "gcr.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.gitlab.com"];

function globWarning(glob: string, registry: string): string | undefined {
  const [first = "", ...rest] = glob.split("/");
  if (first === registry && rest.length > 0) {
    return `matches nothing: repository names don't have the registry in front, so write "${rest.join("/")}"`;
  }
  // https://docs.docker.com/docker-hub/image-library/trusted-content/#docker-official-images
  if (registry === "docker.io" && rest.length === 0 && first !== "**") {
    return `matches nothing: repositories of Docker Hub have two parts, and official images are "library/${first}"`;
  }
  if (openRegistries.includes(registry) && (first === "**" || (first === "*" && rest.length > 0))) {
    return `lets in what anyone publishes at ${registry}: name the organizations that you mean, like "team/**"`;
  }
  return undefined;
}

function probeWarnings({ probe, repositories }: Upstream): Problem[] {
  const [repository = ""] = probe?.split(":") ?? [];
  const isAllowed = repositories.some((glob) => new RegExp(`^${repositoryPattern(glob)}$`).test(repository));
  if (probe === undefined || isAllowed) return [];
  return [{ path: "probe", message: `is refused by the cache: no glob in \`repositories\` matches it` }];
}

/** Private address space: RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map(
  rangeOf,
);

/** The endpoint of a region in a cloud has a public address. */
function accessWarnings({ access }: Checked["regions"][number]): Problem[] {
  const unseen = access.clients.filter((range) =>
    privateRanges.some((outer) => contains(outer, rangeOf(range))),
  );
  if (unseen.length === 0) return [];
  const message = `${unseen.join(", ")}: no client reaches a public endpoint from a private address. Write the public addresses of their NAT gateways`;
  return [{ path: "access.clients", message }];
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
