import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { edgePaths } from "./paths.ts";

/** For a server block: listens on a port of each address, with TLS and the endpoint's certificate unless proxies terminate TLS. */
export function listeners({ listen, proxies }: PodOptions, port: number): Directive[] {
  const sockets = (...parameters: string[]) =>
    listen.addresses.map((address) =>
      directive("listen", `${literal(address)}:${port}`, ...parameters, "backlog=4096"),
    );
  if (proxies !== undefined) return sockets();
  return [
    ...sockets("ssl"),
    directive("ssl_certificate", `${edgePaths.tls}/tls.crt`),
    directive("ssl_certificate_key", `${edgePaths.tls}/tls.key`),
    directive("ssl_protocols", "TLSv1.2", "TLSv1.3"),
    directive("ssl_session_cache", "shared:tls:16m"),
    directive("ssl_session_timeout", "1d"),
    directive("ssl_session_tickets", "off"),
  ];
}

/** For the registry's server block: a loopback port without TLS for the Pod's own pulls, by `prefetch` and by on-call engineers' test pulls. The log recognizes them by this port. */
export function ownListener({ ports }: PodOptions): Directive[] {
  return [directive("listen", `127.0.0.1:${ports.edgePull}`)];
}

/** For the http block: `$admitted`, whether the request is from a client, or from the Pod on its own port. On other ports, loopback can be anybody, for example behind a sidecar. */
export function admission({ ports, clients }: PodOptions): Directive[] {
  return [
    block(
      "geo",
      "$is_client",
      clients.map((range) => directive(literal(range), 1)),
    ),
    block("map", "$server_port $is_client $kind", "$admitted", [
      directive("default", 0),
      // A ping reveals nothing of the content, and the Pod's own probe is a ping.
      directive("~ ping$", 1),
      directive("~ 1 ", 1),
      directive(`~^${ports.edgePull} `, 1),
    ]),
  ];
}
