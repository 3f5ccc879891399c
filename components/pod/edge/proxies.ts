import { everyone } from "../../config/access.ts";
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The Pod's own probe of its endpoint. */
const self = "127.0.0.1";

/** For the http block: `$from_proxy`, whether who connected is one of the proxies. */
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
 * For the server block: from here on, the client is who the last of the proxies says it is, for the allow list, the limits and the logs. Nobody
 * else may connect, since anybody could say anything. https://nginx.org/en/docs/http/ngx_http_realip_module.html
 */
export function behindProxies({ proxies }: PodOptions): Directive[] {
  if (proxies === undefined) return [];
  if (proxies === "any") {
    return [
      ...everyone.map((range) => directive("set_real_ip_from", range)),
      directive("real_ip_header", "X-Forwarded-For"),
      // The last address is the one that the proxy itself has seen. Those before it, clients can make up.
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
