import type { Pull } from "./self-check.ts";
import type { Outputs } from "./stack.ts";
import type { Upstreams } from "./upstreams.ts";

/** What someone sees first: where the cache is, that it works, and what to put where. */
export function showFirstView(
  { caches, clients, monitoring }: Outputs,
  { seeded }: Upstreams,
  pulls: readonly Pull[],
): void {
  for (const [region, { endpoint, ca }] of Object.entries(caches)) {
    console.log(`\nThe cache "${region}" is ready at ${endpoint}`);
    if (seeded) {
      console.log(
        `  ${seeded.registry} can't be reached from this machine: a registry with sample content at ${seeded.url} takes its place.`,
      );
    }
    console.log(`  Status page: ${monitoring[region]?.statusPage}`);
    showPulls(pulls);
    const client = clients[region];
    if (!client) continue;
    const host = new URL(endpoint).host;
    for (const [registry, toml] of Object.entries(client.containerd)) {
      showFile(`For containerd: /etc/containerd/certs.d/${registry}/hosts.toml`, toml);
    }
    showFile(
      "For podman, CRI-O and Skopeo: /etc/containers/registries.conf.d/registry-cache.conf",
      client.registriesConf,
    );
    if (ca)
      console.log(
        `and the authority's certificate: sudo install -D ${ca.file} /etc/containers/certs.d/${host}/ca.crt`,
      );
  }
  console.log(
    "\nDown again: npm run local -- down         and without a trace: npm run local -- down --purge",
  );
}

function showPulls(pulls: readonly Pull[]): void {
  const [first] = pulls;
  if (!first) {
    console.log("  No image was pulled: no upstream names one as `probe`.");
    return;
  }
  console.log(`\n${first.image}, pulled by podman through the cache into an empty store:`);
  pulls.forEach(({ seconds, bytes, hits, misses }, index) => {
    const megabytes = (bytes / 1e6).toFixed(1);
    console.log(
      `  pull ${index + 1}   ${seconds.toFixed(2)} s   ${megabytes} MB   ${misses} misses   ${hits} hits`,
    );
  });
}

function showFile(title: string, content: string): void {
  console.log(`\n${title}\n\n${content.trimEnd().replace(/^/gm, "    ")}`);
}
