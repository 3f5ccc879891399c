import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, httpProbe, type Part, resources } from "./part.ts";

/** How the blackbox exporter probes the upstreams and the cache's own endpoint: https://github.com/prometheus/blackbox_exporter/blob/v0.28.0/CONFIGURATION.md */
const modules = {
  upstream: {
    prober: "http",
    timeout: "5s",
    http: {
      // 401 and 403 show that the registry works. 429 is a failure, because the cache couldn't pull.
      valid_status_codes: [200, 401, 403],
      preferred_ip_protocol: "ip4",
    },
  },
  // Requests a manifest that no registry has. The origin answers MANIFEST_UNKNOWN if the upstream does, and passes on the upstream's other errors. Harbor's code is its own: the
  // origin doesn't know it, and answers 500 with Harbor's message: https://github.com/goharbor/harbor/blob/main/src/lib/errors/const.go
  manifests: {
    prober: "http",
    timeout: "5s",
    http: {
      valid_status_codes: [404, 500],
      fail_if_body_not_matches_regexp: ['"MANIFEST_UNKNOWN"|"artifact [^"]+ not found"'],
      preferred_ip_protocol: "ip4",
    },
  },
  endpoint: {
    prober: "http",
    timeout: "5s",
    http: {
      valid_status_codes: [200],
      preferred_ip_protocol: "ip4",
      // The probe must also report the expiry of an expired certificate, and the machine doesn't trust a private authority.
      tls_config: { insecure_skip_verify: true },
    },
  },
};

/** The container with blackbox_exporter, which probes the upstreams and the endpoint. */
export function blackboxPart(options: PodOptions): Part {
  const { ports } = options;
  return {
    container: {
      name: "blackbox",
      image: imageOf(options, "blackbox"),
      command: [
        "/bin/blackbox_exporter",
        `--config.file=${filesOf("blackbox")}/config.yml`,
        `--web.listen-address=127.0.0.1:${ports.blackbox}`,
        "--log.level=error",
      ],
      resources: resources(64, 200),
      livenessProbe: httpProbe(ports.blackbox, "/-/healthy"),
    },
    files: { "config.yml": stringify({ modules }) },
    asksServers: true,
  };
}
