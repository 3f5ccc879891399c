import ipaddr from "ipaddr.js";
import { z } from "zod";
import { source } from "./cluster.ts";
import { objectName } from "./metadata.ts";
import { metricsPort } from "./ports.ts";
import {
  absolutePath,
  addressRange,
  addressRangeProblem,
  awsClient,
  awsSource,
  clientRange,
  clusterClientRange,
  email,
  hostname,
  localHostname,
  matching,
  portNumber,
  resourceGroup,
  subscriptionId,
} from "./text.ts";

function certificate<Mode extends string, Shape extends z.ZodRawShape>(mode: Mode, shape: Shape) {
  return z.strictObject({ mode: z.literal(mode).describe("Where the certificate comes from."), ...shape });
}

const acme = certificate("acme", {
  email: email.describe("Where the certificate authority may write to about this certificate."),
});

const providedBySecret = certificate("provided", {
  secretName: z
    .string()
    .min(1)
    .describe(
      "Name of the secret with certificate chain and key, in the provider's secret store in this region.",
    ),
});

const providedByFiles = certificate("provided", {
  certificateFile: absolutePath.describe("Absolute path of the certificate chain, PEM."),
  keyFile: absolutePath.describe("Absolute path of the private key, PEM."),
});

const privateAuthority = certificate("private", {});

const byIssuer = certificate("issuer", {
  name: objectName.describe("Name of cert-manager's issuer."),
  kind: z.enum(["Issuer", "ClusterIssuer"]).default("ClusterIssuer").describe("Its kind."),
});

const providedByObject = certificate("provided", {
  secretName: objectName.describe(
    "Name of an existing Secret of the type `kubernetes.io/tls` in the cache's namespace.",
  ),
});

const byGateway = certificate("gateway", {});

const tlsMeaning =
  "How the endpoint gets its certificate: `acme` by a public authority through DNS; `issuer` by cert-manager in the cluster; `gateway` where a Gateway has its own; `provided` by you; " +
  "`private` from the cache's own authority, whose certificate clients must then trust.";

/** Metrics of the Pod, and node_exporter. */
const takenPorts = [metricsPort, 9100];

export const cloudEndpoint = z
  .strictObject({
    hostname: hostname.describe("Full DNS name of the endpoint."),
    port: z
      .int()
      .min(443)
      .max(65_535)
      .refine((port) => !takenPorts.includes(port) && (port < 15_000 || port > 15_999), {
        error: `is one of the machine's own, as are ${takenPorts.join(", ")}, and 15000 to 15999`,
      })
      .default(443)
      .describe("TCP port of the endpoint."),
    zone: hostname
      .exactOptional()
      .describe(
        "Existing public DNS zone that gets the endpoint's records; required for `acme`. Default: none, the records are up to you.",
      ),
    tls: z.discriminatedUnion("mode", [acme, providedBySecret, privateAuthority]).describe(tlsMeaning),
  })
  .refine((endpoint) => endpoint?.tls?.mode !== "acme" || endpoint.zone !== undefined, {
    path: ["zone"],
    error: "is missing: `tls: { mode: acme }` proves the name by a record in this zone",
    when: always,
  })
  .refine((endpoint) => isWithin(endpoint?.hostname, endpoint?.zone), {
    path: ["zone"],
    error: "doesn't contain the host name, which must end with a dot and the zone",
    when: always,
  });

const providedByKeyVault = certificate("provided", {
  secretName: matching(
    /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/\s]+\/secrets\/[0-9A-Za-z-]+$/i,
    "the resource id of a Key Vault secret: /subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/…/secrets/…",
  ).describe("Resource id of the Key Vault secret with certificate chain and key, both as PEM."),
});

/** In Azure, neither a zone nor a secret is found by its name alone. */
export const azureEndpoint = cloudEndpoint
  .safeExtend({
    zoneResourceGroup: resourceGroup
      .exactOptional()
      .describe("Resource group of the DNS zone; required with `zone`."),
    zoneSubscription: subscriptionId
      .exactOptional()
      .describe("Id of the Azure subscription of the DNS zone. Default: that of the region."),
    tls: z.discriminatedUnion("mode", [acme, providedByKeyVault, privateAuthority]).describe(tlsMeaning),
  })
  .refine((endpoint) => (endpoint?.zone === undefined) === (endpoint?.zoneResourceGroup === undefined), {
    path: ["zoneResourceGroup"],
    error: "must be there together with `zone`: it is the resource group in which the zone is",
    when: always,
  })
  .refine((endpoint) => endpoint?.zoneSubscription === undefined || endpoint.zone !== undefined, {
    path: ["zoneSubscription"],
    error: "goes with `zone`, the DNS zone that is in this subscription",
    when: always,
  });

/** Of a cluster that the stack makes: its secrets can't be there before it. */
const clusterTls = z.discriminatedUnion("mode", [acme, privateAuthority]).describe(tlsMeaning);

export const clusterEndpoint = cloudEndpoint.safeExtend({ tls: clusterTls });

export const azureClusterEndpoint = azureEndpoint.safeExtend({ tls: clusterTls });

/** Of a cluster that is there already: external-dns, or who runs the cluster, makes the records. */
export const kubernetesEndpoint = z.strictObject({
  hostname: hostname.describe("Full DNS name of the endpoint."),
  port: portNumber
    .refine((port) => port !== metricsPort, { error: "is the port of the metrics" })
    .default(443)
    .describe("TCP port of the endpoint."),
  tls: z
    .discriminatedUnion("mode", [byIssuer, byGateway, providedByObject, privateAuthority])
    .describe(tlsMeaning),
});

/** So that a check across fields is reported together with the problems of other fields. It must expect any value. */
function always(): boolean {
  return true;
}

/** True for what isn't two host names: each has a problem of its own then. */
function isWithin(host: unknown, zone: unknown): boolean {
  const areNames = [host, zone].every((name) => hostname.safeParse(name).success);
  return !areNames || String(host).endsWith(`.${zone}`);
}

export const localEndpoint = z.strictObject({
  hostname: localHostname
    .default("localhost")
    .describe("Host name of the endpoint, which clients on this machine must be able to resolve."),
  port: portNumber.default(8443).describe("TCP port of the endpoint."),
  tls: z
    .discriminatedUnion("mode", [privateAuthority, providedByFiles])
    .prefault({ mode: "private" })
    .describe(tlsMeaning),
});

/** A list in which no address range is twice. */
function listOf<Source extends z.ZodType>(source: Source) {
  return z.array(source).superRefine((sources, context) => {
    // Labels of Pods overlap with nothing.
    const ranges = sources.map((it) => (typeof it === "string" ? rangeOf(it) : undefined));
    sources.forEach((inner, index) => {
      const outer = sources.find((other, at) =>
        other === inner ? at < index : contains(ranges[at], ranges[index]),
      );
      if (outer) context.addIssue({ code: "custom", path: [index], message: `is already part of ${outer}` });
    });
  });
}

/** @returns undefined for what isn't an address range. */
export function rangeOf(text: string) {
  return addressRangeProblem(text) ? undefined : ipaddr.parseCIDR(text);
}

type Range = ReturnType<typeof rangeOf>;

/** Whether a range is part of another, or the same. */
export function contains(outer: Range, inner: Range): boolean {
  if (!outer || !inner || outer[1] > inner[1] || outer[0].kind() !== inner[0].kind()) return false;
  return inner[0].match(outer);
}

/** All addresses, as CIDR ranges. */
export const everyone = ["0.0.0.0/0", "::/0"];
const loopback = ["127.0.0.0/8", "::1/128"];

/** @param sources what a list has in it. */
function clientsFrom(source: typeof clientRange, sources: string) {
  return z
    .union([z.literal("public").transform(() => everyone), listOf(source).min(1)], {
      error: "must be a list of address ranges, or `public` for the whole internet",
    })
    .describe(`Who may pull, as a list of ${sources}, or \`public\` for the whole internet.`);
}

const clients = clientsFrom(clientRange, "address ranges");
const metrics = listOf(addressRange).describe("Who may read the metrics, as a list of address ranges.");

function access<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape).describe("Who reaches the cache.");
}

export const cloudAccess = access({ clients, metrics: metrics.default([]) });

const awsSources = "address ranges and ids of prefix lists (`pl-…`)";

/** Of a machine in AWS, whose security groups take prefix lists. */
export const awsAccess = access({
  clients: clientsFrom(awsClient, awsSources),
  metrics: listOf(awsSource).describe(`Who may read the metrics, as a list of ${awsSources}.`).default([]),
});

/** Of replicas on Kubernetes, whose network knows Pods by their labels. */
export const clusterAccess = access({
  clients: clientsFrom(clusterClientRange, "address ranges"),
  metrics: listOf(source)
    .default([])
    .describe("Who may read the metrics, as a list of address ranges and labels of Pods."),
});

export const localAccess = access({
  clients: clients.prefault(loopback),
  metrics: metrics.default(loopback),
});
