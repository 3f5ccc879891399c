import { registryOf } from "../../config/images.ts";
import type { RegionPlan } from "../kind.ts";

export interface OutboundPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly purpose: string;
}

/** DNS is for authoritative name servers: lego asks them whether the challenge is visible. The clouds' own resolvers need no rule. */
const udpPorts: readonly OutboundPort[] = [
  { protocol: "udp", port: 53, purpose: "DNS" },
  { protocol: "udp", port: 123, purpose: "NTP" },
];

const tcpPurposes: Readonly<Record<number, string>> = {
  53: "DNS, long answers",
  80: "Debian packages, which are signed",
  443: "registries, services of the cloud, certificate authority",
};

/**
 * The ports that a machine can reach, at any address. Addresses aren't limited, because registries and their storage change theirs without notice. The list has
 * fixed ports and those of every server in the configuration.
 */
export function outboundPorts({ upstreams, images, monitoring }: RegionPlan): OutboundPort[] {
  const urls = [
    ...upstreams.map(({ url }) => url),
    ...monitoring.alertmanagers,
    ...(monitoring.remoteWrite ? [monitoring.remoteWrite.url] : []),
    ...Object.values(images).map((image) => `https://${registryOf(image)}`),
  ];
  const ports = [...Object.keys(tcpPurposes).map(Number), ...urls.map(portOf)];
  const tcpPorts = [...new Set(ports)]
    .sort((one, other) => one - other)
    .map((port): OutboundPort => {
      const purpose = tcpPurposes[port] ?? "registries and monitoring of the configuration";
      return { protocol: "tcp", port, purpose };
    });
  return [...tcpPorts, ...udpPorts];
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? ({ "http:": 80 }[protocol] ?? 443) : Number(port);
}
