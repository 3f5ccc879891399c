import { z } from "zod";
import { valueAt } from "./as-written.ts";
import { objectName } from "./metadata.ts";
import { internalPort, lastInternalPort, metricsPort } from "./ports.ts";
import {
  absolutePath,
  certificates,
  email,
  hostname,
  localHostname,
  matching,
  portNumber,
  resourceGroup,
  subscriptionId,
  wholeNumber,
} from "./text.ts";

function certificate<Mode extends string, Shape extends z.ZodRawShape>(mode: Mode, shape: Shape) {
  return z.strictObject({ mode: z.literal(mode).describe("Where the certificate comes from."), ...shape });
}

const acme = certificate("acme", {
  email: email.describe("E-mail address for messages of the certificate authority."),
  challengeZone: hostname
    .exactOptional()
    .describe(
      "Existing public DNS zone that contains the host name, for the ACME challenge. Required if `endpoint.zone` is private. Default: `endpoint.zone`.",
    ),
});

const ca = certificates
  .exactOptional()
  .describe(
    "Certificate of your own authority, PEM, which clients must trust. While you replace it, the old and the new one. Default: a public authority.",
  );

const providedBySecret = certificate("provided", {
  secretName: z
    .string()
    .min(1)
    .describe(
      "Name of the secret with certificate chain and key, in the provider's secret store in this region.",
    ),
  ca,
});

const providedByFiles = certificate("provided", {
  certificateFile: absolutePath.describe("Absolute path of the certificate chain, PEM."),
  keyFile: absolutePath.describe("Absolute path of the private key, PEM."),
});

const privateAuthority = certificate("private", {});

const certManagerKinds = ["Issuer", "ClusterIssuer"];

const byIssuer = certificate("issuer", {
  name: objectName.describe("Name of cert-manager's issuer."),
  kind: matching(/^[A-Z][A-Za-z0-9]{0,62}$/, "a kind of issuer, like ClusterIssuer")
    .default("ClusterIssuer")
    .describe("Kind of the issuer: `Issuer`, `ClusterIssuer`, or one of `group`."),
  group: objectName
    .exactOptional()
    .describe("API group of an external issuer, such as `certmanager.step.sm`. Default: cert-manager's own."),
  ca,
})
  .refine(({ group }) => group !== "cert-manager.io", {
    path: ["group"],
    error: "is cert-manager's own: leave it out",
  })
  .refine(({ group, kind }) => group !== undefined || certManagerKinds.includes(kind), {
    path: ["kind"],
    error: `must be ${certManagerKinds.join(" or ")}, or have its \`group\` beside it`,
  });

const providedByObject = certificate("provided", {
  secretName: objectName.describe(
    "Name of an existing Secret of the type `kubernetes.io/tls` in the cache's namespace.",
  ),
  ca,
});

const byGateway = certificate("gateway", { ca });

const tlsMeaning =
  "How the endpoint gets its certificate: `acme` from a public authority, by DNS; `issuer` from cert-manager; `gateway` where a Gateway has its own; `provided` by you; " +
  "`private` from the cache's own authority, whose certificate clients must then trust.";

/** @param consumer the schema of the cloud's ids of those who may connect */
function privateLink(consumer: z.ZodType<string>, meaning: string) {
  return z
    .strictObject({ allowed: z.array(consumer).min(1).describe(meaning) })
    .exactOptional()
    .describe(
      "Clients in other accounts, by a private link: docs/private-networks.md. It needs `exposure: private`. Default: none.",
    );
}

/** https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html#add-remove-permissions */
const awsPrincipal = matching(
  /^(?:\d{12}|arn:aws[a-z-]*:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@/-]+))$/,
  "an account or principal of AWS: write 12 digits, or an ARN like arn:aws:iam::123456789012:role/network",
);

/** The ports of the Pod's metrics and of node_exporter. */
const takenPorts = [metricsPort, 9100];

/** Where a machine's endpoint is. */
const machineAddress = {
  hostname: hostname.describe("Full DNS name of the endpoint."),
  port: wholeNumber(443, 65_535)
    .refine((port) => !takenPorts.includes(port) && (port < internalPort || port > lastInternalPort), {
      error: `is one of the machine's own, as are ${takenPorts.join(", ")}, and ${internalPort} to ${lastInternalPort}`,
    })
    .default(443)
    .describe("TCP port of the endpoint."),
};

/** The endpoint of a machine that makes no records and asks nobody for a certificate: the least that a provider supports. `extend` adds keys. */
export const plainEndpoint = z.strictObject({
  ...machineAddress,
  tls: z.discriminatedUnion("mode", [privateAuthority]).describe(tlsMeaning),
});

/** Adds the rules on `hostname`, `zone` and `tls` together. An object with rules gets further keys by `safeExtend`, and refuses `omit`. */
function withZoneRules<Endpoint extends z.ZodType>(endpoint: Endpoint) {
  return endpoint
    .refine(
      (it) =>
        valueAt(["tls", "mode"], it) !== "acme" ||
        (valueAt(["zone"], it) ?? valueAt(["tls", "challengeZone"], it)) !== undefined,
      otherwise("zone", "is missing: `tls: { mode: acme }` proves the name by a record in this zone"),
    )
    .refine(
      (it) => valueAt(["tls", "mode"], it) !== "acme" || hasRoomForChallenge(valueAt(["hostname"], it)),
      otherwise(
        "hostname",
        "is longer than 237 characters: a name has at most 253, also `_acme-challenge.<hostname>`, by which `tls: { mode: acme }` proves it",
      ),
    )
    .refine(
      (it) => isWithin(valueAt(["hostname"], it), valueAt(["zone"], it)),
      otherwise("zone", "doesn't contain the host name, which must end with a dot and the zone"),
    )
    .refine(
      (it) => containsChallenge(valueAt(["hostname"], it), valueAt(["tls", "challengeZone"], it)),
      otherwise(
        "tls.challengeZone",
        "doesn't contain the host name, which must be the zone, or end with a dot and the zone",
      ),
    );
}

export const cloudEndpoint = withZoneRules(
  z.strictObject({
    ...machineAddress,
    zone: hostname
      .exactOptional()
      .describe(
        "Existing DNS zone that gets the endpoint's records: a public one, or with `exposure: private` a private one. Required for `acme` without `challengeZone`. Default: none: you create the records.",
      ),
    exposure: z
      .enum(["public", "private"])
      .default("public")
      .describe(
        "`public`: the endpoint has a public address. `private`: clients reach it from private networks only: docs/private-networks.md.",
      ),
    failover: z
      .enum(["none", "dns"])
      .default("none")
      .describe(
        "`dns`: the endpoint's records are withdrawn while it doesn't answer, so that clients fall back immediately: docs/private-networks.md.",
      ),
    privateLink: privateLink(
      awsPrincipal,
      "Who may create a VPC endpoint, as a list of account IDs and of ARNs of accounts, users and roles.",
    ),
    tls: z.discriminatedUnion("mode", [acme, providedBySecret, privateAuthority]).describe(tlsMeaning),
  }),
)
  .refine(
    (endpoint) => endpoint?.privateLink === undefined || !isPublic(endpoint.exposure),
    otherwise("privateLink", "needs `exposure: private`"),
  )
  .refine(
    (endpoint) => endpoint?.failover !== "dns" || endpoint.zone !== undefined,
    otherwise("failover", "needs `zone`: without it, the stack makes no records"),
  );

const providedByKeyVault = certificate("provided", {
  secretName: matching(
    /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/\s]+\/secrets\/[0-9A-Za-z-]+$/i,
    "the resource id of a Key Vault secret: /subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/…/secrets/…",
  ).describe("Resource id of the Key Vault secret with certificate chain and key, both as PEM."),
  ca,
});

/** In Azure, a zone's name isn't enough to find it, so its resource group is required. */
const azureAcme = acme
  .safeExtend({
    challengeZoneResourceGroup: resourceGroup
      .exactOptional()
      .describe("Resource group of the challenge zone; required with `challengeZone`."),
    challengeZoneSubscription: subscriptionId
      .exactOptional()
      .describe("Id of the Azure subscription of the challenge zone. Default: `endpoint.zoneSubscription`."),
  })
  .refine(
    ({ challengeZone, challengeZoneResourceGroup }) =>
      (challengeZone === undefined) === (challengeZoneResourceGroup === undefined),
    {
      path: ["challengeZoneResourceGroup"],
      error: "must be set together with `challengeZone`: it is the resource group in which that zone is",
    },
  )
  .refine(
    ({ challengeZone, challengeZoneSubscription }) =>
      challengeZoneSubscription === undefined || challengeZone !== undefined,
    {
      path: ["challengeZoneSubscription"],
      error: "goes with `challengeZone`, the DNS zone that is in this subscription",
    },
  );

export const azureEndpoint = cloudEndpoint
  .safeExtend({
    zoneResourceGroup: resourceGroup
      .exactOptional()
      .describe("Resource group of the DNS zone; required with `zone`."),
    zoneSubscription: subscriptionId
      .exactOptional()
      .describe("Id of the Azure subscription of the DNS zone. Default: that of the region."),
    privateLink: privateLink(
      subscriptionId,
      "Who may create a private endpoint, as a list of subscription IDs.",
    ),
    tls: z.discriminatedUnion("mode", [azureAcme, providedByKeyVault, privateAuthority]).describe(tlsMeaning),
  })
  .refine(
    (endpoint) => (endpoint?.zone === undefined) === (endpoint?.zoneResourceGroup === undefined),
    otherwise(
      "zoneResourceGroup",
      "must be set together with `zone`: it is the resource group in which the zone is",
    ),
  )
  .refine(
    (endpoint) => endpoint?.zoneSubscription === undefined || endpoint.zone !== undefined,
    otherwise("zoneSubscription", "goes with `zone`, the DNS zone that is in this subscription"),
  );

/** TLS on a cluster that the stack creates. `provided` is left out, because a Secret can't exist before its cluster. */
function clusterTls<Acme extends typeof acme | typeof azureAcme>(it: Acme) {
  return z.discriminatedUnion("mode", [it, privateAuthority]).describe(tlsMeaning);
}

export const clusterEndpoint = cloudEndpoint.safeExtend({ tls: clusterTls(acme) });

export const azureClusterEndpoint = azureEndpoint.safeExtend({ tls: clusterTls(azureAcme) });

/** The endpoint in an existing cluster. external-dns, or the cluster's owner, creates the DNS records. */
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

/** Whether an exposure is public, which is the default. False for invalid values, which the schema reports. */
export function isPublic(exposure: unknown): boolean {
  return exposure === undefined || exposure === "public";
}

/** The path and the message of a refinement that zod runs even if other fields have problems. The refinement must accept values of any type. */
function otherwise(path: string, error: string) {
  return { path: path.split("."), error, when: () => true };
}

/** Whether a host is below a zone. Also true if either isn't a valid host name, because the schema reports that. */
function isWithin(host: unknown, zone: unknown): boolean {
  const areNames = [host, zone].every((name) => hostname.safeParse(name).success);
  return !areNames || String(host).endsWith(`.${zone}`);
}

/** The record that a certificate authority asks for: https://www.rfc-editor.org/rfc/rfc8555#section-8.4 */
export function challengeName(hostname: string): string {
  return `_acme-challenge.${hostname}`;
}

/** Whether {@link challengeName} of a host is short enough. Also true if the host isn't a valid host name, because the schema reports that. */
function hasRoomForChallenge(host: unknown): boolean {
  return !hostname.safeParse(host).success || challengeName(String(host)).length <= 253;
}

/** Whether a zone can have the record {@link challengeName}, which proves the host name. */
function containsChallenge(host: unknown, zone: unknown): boolean {
  return host === zone || isWithin(host, zone);
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
