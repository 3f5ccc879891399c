import { imageOf } from "../config/images.ts";
import { script } from "../shell/script.ts";
import { edgePaths } from "./edge/paths.ts";
import { metricsFiles } from "./edge/status.ts";
import type { AcmeOptions, PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";

export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** The directory in lego's container for its account and certificates. */
export const legoDirectory = "/var/lib/lego";

/** The container that obtains and renews the certificate: see acme.sh. */
export function acmePart(pod: PodOptions, options: AcmeOptions): Part {
  const { email, server = letsEncrypt, dnsProvider, isShadowed = false } = options;
  const text = script(import.meta.url, "acme.sh");
  const files = filesOf("acme");
  return {
    container: {
      name: "acme",
      image: imageOf(pod, "acme"),
      command: [
        "sh",
        `${files}/acme.sh`,
        pod.region.endpoint.hostname,
        email,
        server,
        dnsProvider,
        legoDirectory,
        edgePaths.tls,
        metricsFiles.acme,
      ],
      env: Object.entries(options.environment).map(([name, value]) => ({ name, value })),
      resources: resources(128, 500),
    },
    files: {
      "acme.sh": isShadowed
        ? text.replace("--dns.propagation.disable-rns", "--dns.propagation.wait 60s")
        : text,
    },
    mounts: [
      { name: "tls", mountPath: edgePaths.tls },
      { name: "acme", mountPath: legoDirectory },
    ],
    usesIdentity: true,
  };
}
