import { type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { edgePaths } from "./paths.ts";

/** For a server block: a port of each of the addresses; TLS with the endpoint's certificate, unless proxies end it. */
export function listeners(
  { listen, proxies }: Pick<PodOptions, "listen" | "proxies">,
  port: number,
): Directive[] {
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
export function ownListener({ ports }: Pick<PodOptions, "ports">): Directive[] {
  const address = "127.0.0.1";
  return [directive("listen", `${address}:${ports.edgePull}`), directive("allow", address)];
}
