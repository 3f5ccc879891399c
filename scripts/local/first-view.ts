import { texts } from "../../components/capacity/text.ts";
import { imageReference } from "../../components/config/image-reference.ts";
import type { Pull } from "./self-check.ts";
import type { Outputs } from "./stack.ts";
import type { Upstreams } from "./upstreams.ts";

/**
 * What a new user sees first: where the cache is, that it works, and how to configure clients. The commands are those of docs/quickstart/local.md, with the image that was pulled.
 * @returns lines for the terminal
 */
export function firstView(
  { caches, clients, monitoring }: Outputs,
  { seeded }: Pick<Upstreams, "seeded">,
  pulls: readonly Pull[],
): string {
  const [{ image } = {}] = pulls;
  const regions = Object.entries(caches).flatMap(([region, { endpoint, ca }]) => {
    const client = clients[region];
    return texts(
      `\nThe cache "${region}" is ready at ${endpoint}`,
      seeded &&
        `  ${seeded.registry} can't be reached from this machine: a registry with sample content at ${seeded.url} takes its place.`,
      `  Status page: ${monitoring[region]?.statusPage}`,
      ...pullLines(pulls),
      image && block("See it work. Ask twice: the second answer is HIT.", question(image, endpoint, ca)),
      ...(client ? clientLines(client, new URL(endpoint).host, ca) : []),
      client && image && block("Then pull through the cache:", `podman pull ${image}`),
    );
  });
  const down =
    "\nDown again: npm run local -- down         and delete its data: npm run local -- down --purge";
  return [...regions, down].join("\n");
}

type Authority = Outputs["caches"][string]["ca"];

function pullLines(pulls: readonly Pull[]): string[] {
  const [first] = pulls;
  if (!first) return ["  No image was pulled: no upstream names one as `probe`."];
  return [
    `\n${first.image}, pulled by podman through the cache into an empty store:`,
    ...pulls.map(({ seconds, bytes, hits, misses }, index) => {
      const megabytes = (bytes / 1e6).toFixed(1);
      return `  pull ${index + 1}   ${seconds.toFixed(2)} s   ${megabytes} MB   ${misses} misses   ${hits} hits`;
    }),
  ];
}

/** A command that requests an image's manifest from the cache. */
function question(image: string, endpoint: string, ca: Authority): string {
  const named = imageReference(image);
  if (!named) throw new Error(`${image} is no reference to an image`);
  const { registry, repository, reference } = named;
  const authority = ca ? `--cacert ${ca.file} ` : "";
  return `curl -fsSI ${authority}'${endpoint}/v2/${repository}/manifests/${reference}?ns=${registry}' | grep -i x-cache`;
}

function clientLines(
  { containerd, registriesConf }: Pick<Outputs["clients"][string], "containerd" | "registriesConf">,
  host: string,
  ca: Authority,
): string[] {
  return texts(
    ...Object.entries(containerd).map(([registry, toml]) =>
      block(`For containerd: /etc/containerd/certs.d/${registry}/hosts.toml`, toml),
    ),
    block(
      "For podman, CRI-O and Skopeo: /etc/containers/registries.conf.d/registry-cache.conf",
      registriesConf,
    ),
    ca &&
      `and the authority's certificate: sudo install -D ${ca.file} /etc/containers/certs.d/${host}/ca.crt`,
  );
}

function block(title: string, content: string): string {
  return `\n${title}\n\n${content.trimEnd().replace(/^/gm, "    ")}`;
}
