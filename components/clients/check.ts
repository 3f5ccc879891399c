import { script } from "../shell/script.ts";
import { quoted } from "../shell/word.ts";
import { type ClientOptions, cacheUrl, dialTimeoutOf } from "./cache-address.ts";

/**
 * registry-cache-check: a shell script that sends the requests of a node's container runtime, with this region's values. It pulls the upstreams' `probe`, or
 * the images in its arguments.
 */
export function renderCheck(options: ClientOptions): string {
  const { endpoint, upstreams, ca } = options;
  const words = [
    ...["-c", cacheUrl(endpoint)],
    ...(ca ? ["-a", ca.certificate] : []),
    ...["-d", String(dialTimeoutOf(options))],
    ...upstreams.flatMap(({ registry, url }) => ["-r", `${registry}=${url}`]),
  ];
  const images = upstreams.flatMap(({ registry, probe }) => (probe ? [`${registry}/${probe}`] : []));
  // Images in the arguments replace the probes.
  const values = `[ $# -gt 0 ] || set -- ${images.map(quoted).join(" ")}\nset -- ${words.map(quoted).join(" ")} "$@"\n`;
  const [start, ...rest] = script(import.meta.url, "check.sh").split("\n");
  return `${start}\n${values}${rest.join("\n")}`;
}
