import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { edgePaths } from "./paths.ts";

/** For a server block: a port of each of the addresses; TLS with the endpoint's certificate, unless proxies end it. */
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

/** For the registry's server block, where the Pod pulls from itself, by `prefetch` and by the test pull of whoever is on call: a port on loopback, without TLS, by which the log knows it. */
export function ownListener({ ports }: PodOptions): Directive[] {
  return [directive("listen", `127.0.0.1:${ports.edgePull}`)];
}

/** For the http block: `$admitted`, whether it is one of the clients who asks, or the Pod itself at its own port. At the others, what comes from loopback can be anybody's, as behind a sidecar. */
export function admission({ ports, clients }: PodOptions): Directive[] {
  return [
    block(
      "geo",
      "$is_client",
      clients.map((range) => directive(literal(range), 1)),
    ),
    block("map", "$server_port $is_client $kind", "$admitted", [
      directive("default", 0),
      // A ping says nothing of what is here, and the Pod's own probe is one.
      directive("~ ping$", 1),
      directive("~ 1 ", 1),
      directive(`~^${ports.edgePull} `, 1),
    ]),
  ];
}
