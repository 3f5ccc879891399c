import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, httpProbe, type Part, resources } from "./part.ts";

/** How upstreams and the own endpoint are probed: https://github.com/prometheus/blackbox_exporter/blob/v0.28.0/CONFIGURATION.md */
const modules = {
  upstream: {
    prober: "http",
    timeout: "5s",
    http: {
      // Asked for a token, a registry is well; told to come again later (429), a cache isn't.
      valid_status_codes: [200, 401, 403],
      preferred_ip_protocol: "ip4",
    },
  },
  // Of a manifest that no registry has: the origin's word when the upstream has said so. What else the upstream says, the origin passes on. Harbor has a code of its own, which the
  // origin doesn't know, so it answers 500, with Harbor's message: https://github.com/goharbor/harbor/blob/main/src/lib/errors/const.go
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
      // An expired certificate still tells when it expired, and a private authority is none of the machine's.
      tls_config: { insecure_skip_verify: true },
    },
  },
};

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
    mounts: [],
  };
}
