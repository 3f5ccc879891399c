import { type Directive, directive, literal } from "../nginx-conf.ts";
import { edgePaths } from "./paths.ts";

/** For a server block: TLS on a port of each of the addresses, with the endpoint's certificate. */
export function listeners(addresses: readonly string[], port: number): Directive[] {
  return [
    ...addresses.map((address) => directive("listen", `${literal(address)}:${port}`, "ssl", "backlog=4096")),
    directive("ssl_certificate", `${edgePaths.tls}/tls.crt`),
    directive("ssl_certificate_key", `${edgePaths.tls}/tls.key`),
    directive("ssl_protocols", "TLSv1.2", "TLSv1.3"),
    directive("ssl_session_cache", "shared:tls:16m"),
    directive("ssl_session_timeout", "1d"),
    directive("ssl_session_tickets", "off"),
  ];
}
