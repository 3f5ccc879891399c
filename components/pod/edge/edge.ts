import { imageOf } from "../../config/images.ts";
import { type StatusPageFacts, statusPage } from "../../monitoring/status-page/status-page.ts";
import { script } from "../../shell/script.ts";
import type { PodOptions } from "../options.ts";
import { candidatesOf, filesOf, httpProbe, type Part, resources } from "../part.ts";
import { edgeRevision, renderEdgeConfig } from "./nginx.ts";
import { edgePaths } from "./paths.ts";
import { statusPageFile } from "./status.ts";

/** The container with nginx. edge.sh starts and reloads it. */
export function edgePart(options: PodOptions): Part {
  const files = filesOf("edge");
  const plain = options.proxies !== undefined;
  return {
    container: {
      name: "edge",
      image: imageOf(options, "edge"),
      command: ["sh", `${files}/edge.sh`, `${files}/nginx.conf`, ...(plain ? [] : [edgePaths.tls])],
      // The limit includes the page cache, which the kernel reclaims under pressure.
      resources: resources(options.edgeMemoryMiB),
      livenessProbe: httpProbe(options.ports.edgeStatus, "/healthz"),
    },
    files: {
      "nginx.conf": renderEdgeConfig(options),
      "edge.sh": script(import.meta.url, "edge.sh"),
      [statusPageFile]: statusPage(pageFacts(options)),
    },
    live: {
      files: ["nginx.conf", statusPageFile],
      check: ["nginx", "-t", "-q", "-c", `${candidatesOf("edge")}/nginx.conf`, "-e", "/dev/stderr"],
      taken: { url: `http://127.0.0.1:${options.ports.edgeStatus}/revision`, answer: edgeRevision(options) },
    },
    mounts: [
      ...(plain ? [] : [{ name: "tls", mountPath: edgePaths.tls, readOnly: true }]),
      { name: "cache", mountPath: edgePaths.cache },
    ],
  };
}

function pageFacts({ provider, region, upstreams, store }: PodOptions): StatusPageFacts {
  const { hostname, port } = region.endpoint;
  return {
    region: region.name,
    endpoint: new URL(`https://${hostname}:${port}`).origin,
    host: `${provider} ${region.topology}`,
    upstreams,
    redirected: store?.delivery === "redirect",
  };
}
