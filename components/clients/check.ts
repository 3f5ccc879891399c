import { script } from "../pod/script.ts";
import { type ClientOptions, cacheUrl } from "./cache-address.ts";
import { dialTimeoutMilliseconds } from "./containerd.ts";

/**
 * registry-cache-check: a shell script that asks from a node what its container runtime asks, with this region's values. It pulls the upstreams' `probe`, or
 * the images that are its arguments.
 */
export function renderCheck({ endpoint, upstreams, ca }: ClientOptions): string {
  const options = [
    ...["-c", cacheUrl(endpoint)],
    ...(ca ? ["-a", ca.file] : []),
    ...["-d", String(dialTimeoutMilliseconds)],
    ...upstreams.flatMap(({ registry, url }) => ["-r", `${registry}=${url}`]),
  ];
  const images = upstreams.flatMap(({ registry, probe }) => (probe ? [`${registry}/${probe}`] : []));
  // Images that are given take the place of the probes.
  const values = `[ $# -gt 0 ] || set -- ${images.map(quoted).join(" ")}\nset -- ${options.map(quoted).join(" ")} "$@"\n`;
  const [start, ...rest] = script(import.meta.url, "check.sh").split("\n");
  return `${start}\n${values}${rest.join("\n")}`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
