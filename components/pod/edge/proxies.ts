import { everyone } from "../../config/access.ts";
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The address from which the Pod probes its own endpoint. */
const self = "127.0.0.1";

/** For the http block: `$from_proxy`, whether the connection comes from one of the proxies. */
export function proxyMaps({ proxies }: PodOptions): Directive[] {
  if (proxies === undefined || proxies === "any") return [];
  return [
    block("geo", "$realip_remote_addr", "$from_proxy", [
      directive("default", 0),
      ...[self, ...proxies].map((range) => directive(literal(range), 1)),
    ]),
  ];
}

/**
 * For the server block: the client's address is the one that the last proxy reports, for the access list, the limits and the logs. Nobody else
 * may connect, because anybody could send a false address. https://nginx.org/en/docs/http/ngx_http_realip_module.html
 */
export function behindProxies({ proxies }: PodOptions): Directive[] {
  if (proxies === undefined) return [];
  if (proxies === "any") {
    return [
      ...everyone.map((range) => directive("set_real_ip_from", range)),
      directive("real_ip_header", "X-Forwarded-For"),
      // The last address is the one that the proxy itself saw. Clients can forge those before it.
      directive("real_ip_recursive", "off"),
    ];
  }
  return [
    ...proxies.map((range) => directive("set_real_ip_from", literal(range))),
    directive("real_ip_header", "X-Forwarded-For"),
    directive("real_ip_recursive", "on"),
    block("if", "($from_proxy", "=", "0)", [directive("return", 403)]),
  ];
}
