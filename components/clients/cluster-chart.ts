import { authority, type ClientOptions, cacheUrl, dialTimeoutOf } from "./cache-address.ts";
import { hostsTomlPath } from "./containerd.ts";

/**
 * Values of the Helm charts that contain Giant Swarm's chart `cluster` from 4.6.0, such as `cluster-aws`. The endpoints have no scheme, because the chart adds one: `https://` would become
 * `https://https://`. `insecure` needs 5.1.0.
 *
 * The chart writes each node's hosts.toml from this: a cache in the node's cluster (`localRegistryCache`), the management cluster's zot
 * (`managementClusterRegistryCache`, on by default), then these mirrors in order, then the registry by its name.
 * https://github.com/giantswarm/cluster/blob/v8.0.0/helm/cluster/values.yaml
 */
export function clusterChartValues(options: ClientOptions) {
  const { endpoint, upstreams } = options;
  const cache = { endpoint: authority(endpoint) };
  const containerRegistries = Object.fromEntries(
    upstreams.map(({ registry, url }) => [registry, [cache, upstreamMirror(url)]]),
  );
  return {
    global: { components: { containerd: { containerRegistries } } },
    cluster: { internal: { advancedConfiguration: { preKubeadmCommands: [commandFor(options)] } } },
  };
}

function upstreamMirror(url: string) {
  const { host, protocol } = new URL(url);
  return { endpoint: host, ...(protocol === "http:" && { insecure: true }) };
}

/** Adds to the cache's part of each hosts.toml what the chart has no settings for. Cluster API runs it again if a node doesn't join, so it adds nothing twice. It never fails, because a node doesn't join after a failed command. The chart copies it into YAML as it is, so it has no `: ` and no ` #`. */
function commandFor(options: ClientOptions): string {
  const { endpoint, upstreams, ca } = options;
  const files = upstreams.map(({ registry }) => hostsTomlPath(registry)).join(" ");
  const lines = [`dial_timeout = "${dialTimeoutOf(options)}ms"`, ...(ca ? [`ca = "${ca.file}"`] : [])];
  const insert = `s|^|${lines.map((line) => `${line}\\n`).join("")}|`;
  const add = `sed -i '\\|^\\[host."${cacheUrl(endpoint)}"\\]|{n;/^dial_timeout/!${insert}}' ${files}`;
  const certificate = ca && Buffer.from(ca.certificate).toString("base64");
  const write = ca ? `echo ${certificate} | base64 -d | install -D -m 0644 /dev/stdin ${ca.file} && ` : "";
  return `${write}${add} || true`;
}
