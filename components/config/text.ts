import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { commandToSet } from "./credentials.ts";
import { isUnquoted, typeOf } from "./schema-problems.ts";

/** Text that matches a pattern. @param form completes the message "… is not": what the text should be, and how to write it */
export function matching(pattern: RegExp, form: string) {
  const error = (input: unknown) => {
    if (input === undefined) return undefined;
    return isUnquoted(input) && pattern.test(String(input))
      ? `must be text: put it in quotes, "${input}"`
      : `is ${typeOf(input)}, not ${form}`;
  };
  return z
    .string({ error: ({ input }) => error(input) })
    .regex(pattern, { error: ({ input }) => `"${input}" is not ${form}` });
}

/** As Azure's names and the names of tags are compared. */
export function sameIgnoringCase(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const port = "[1-9][0-9]{0,4}";

/**
 * The registry and the repository of an image reference, as parts of a pattern: https://github.com/distribution/reference/blob/v0.6.0/reference.go#L4-L26.
 * Without a dot, a port or `localhost`, the first component belongs to the repository.
 */
export const registryPattern = `(?:(?:${label}\\.)+${label}(?::${port})?|${label}:${port}|localhost)`;
/** A part of a repository name. */
export const segment = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
export const repositoryPattern = `${segment}(?:/${segment})*`;

/** A name that becomes part of the names of resources, containers and files. A DNS label, short enough for the clouds' limits. */
export const shortName = matching(
  /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  "a name: up to 40 lower-case letters, digits and hyphens, starting with a letter",
);

/** A fully qualified host name, lower case, without a dot at the end. */
export const hostname = matching(
  new RegExp(`^(?=.{1,253}$)(?:${label}\\.)+(?=.*[a-z])${label}$`),
  "a full host name: write it like cache.example.com, in lower case, without scheme, port or final dot",
);

/** A host name that other machines needn't be able to resolve, such as `localhost`. */
export const localHostname = matching(
  new RegExp(`^(?=.{1,253}$)(?:${label}\\.)*(?=.*[a-z])${label}$`),
  "a host name: write it like localhost or cache.test, in lower case, without scheme or port",
);

/** The registry part of an image reference: `ghcr.io`, `localhost:5000`. */
export const registryName = matching(
  new RegExp(`^(?=.{1,259}$)${registryPattern}$`),
  "a registry: write host or host:port as in an image reference, in lower case, without scheme or path",
);

export const absolutePath = matching(
  /^\//,
  "an absolute path, starting with /; `~` and variables are not expanded",
);

/** A whole number in a range that includes both ends. */
export function wholeNumber(least: number, most: number) {
  return z.int().min(least).max(most);
}

/** A switch, by its default. */
export const on = z.boolean().default(true);
export const off = z.boolean().default(false);

export const portNumber = wholeNumber(1, 65535);

export const email = z
  .string()
  .check(z.email({ error: ({ input }) => `"${input}" is not an e-mail address` }));

/** No message repeats an invalid value, because it may be the secret itself. */
const secretKeyForm =
  "must be the name of a secret key of this stack (letters, digits and hyphens), not the credentials themselves: " +
  `set them by \`${commandToSet("team-login")}\`, and write \`team-login\` here. ` +
  "A password in this file counts as leaked: change it";

/** The name of a top-level key of the stack that holds a secret. */
export const secretKey = z
  .string({ error: ({ input }) => (input === undefined ? undefined : secretKeyForm) })
  .regex(/^[a-z][a-zA-Z0-9-]{0,62}$/, { error: secretKeyForm });

/** An image reference with its registry. For a short name, runtimes choose the registry, or refuse: https://github.com/containers/image/blob/v5.36.0/docs/containers-registries.conf.5.md */
export const imageReference = matching(
  new RegExp(`^${registryPattern}/${repositoryPattern}(?::\\w[\\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$`),
  "an image reference: write it with its registry, like registry.example.com/name:tag@sha256:… (64 hexadecimal digits)",
);

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources */
export const resourceGroup = matching(
  /^[\w.()-]{0,89}[\w()-]$/,
  "the name of a resource group: up to 90 letters, digits, hyphens, underscores, points and parentheses, no point at the end",
);

/** The id of an Azure subscription. */
export const subscriptionId = matching(
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "the id of a subscription: lower-case hexadecimal digits, 8-4-4-4-12 of them",
);

/**
 * Text with a custom check.
 * @param problemOf returns what is wrong with a text, or undefined
 * @param error returns the message for a value that isn't text. @default the general message
 */
export function checkedText(
  problemOf: (text: string) => string | undefined,
  error?: (issue: { readonly input?: unknown }) => string | undefined,
) {
  return z.string({ error }).superRefine((text, context) => {
    const message = problemOf(text);
    if (message) context.addIssue({ code: "custom", message });
  });
}

/** One or more certificates, PEM. */
export const certificates = checkedText((text) => {
  const found = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  return found.length > 0 && found.every(isCertificate)
    ? undefined
    : "is not one or more certificates in PEM: write all of each, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----";
});

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false;
  }
}

interface ServerUrlOptions {
  /** Whether the address may have a path. */
  readonly path: boolean;
  /** Whether the same mapping has a key `credentials`. @default true */
  readonly credentials?: boolean;
}

/**
 * The URL of a server: `https://`, or `http://` if the bytes stay on the machine, in a cluster or in a private network. Elsewhere, others can
 * read and change plain text in transit.
 */
export function serverUrl(options: ServerUrlOptions) {
  return checkedText((text) => serverUrlProblem(text, options));
}

function serverUrlProblem(text: string, { path, credentials = true }: ServerUrlOptions): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:\/\//.test(text))
    return "is not an address: write it like https://registry.example.com";
  if (url.username || url.password) {
    const leaked = "has credentials in it, which count as leaked: change them, and";
    if (!credentials) return `${leaked} name a server that needs none`;
    return `${leaked} set the new ones by \`${commandToSet("team-login")}\`, with \`credentials: team-login\` beside this key`;
  }
  if (url.search || url.hash) return "must not have a query or fragment";
  if (!path && url.pathname !== "/") {
    return `has the path ${url.pathname}: a registry is always at the root of its host, so leave it out`;
  }
  const isNearby = isInternal(url.hostname) || nearbyRanges.includes(rangeName(url.hostname) ?? "");
  if (url.protocol === "http:" && !isNearby) {
    return "is plain http, which anyone on the way can read and change: use https, a loopback or private address, or a Service of the cluster (http://name.namespace.svc)";
  }
  return undefined;
}

/** The kinds of addresses in a private network. */
const nearbyRanges = ["private", "linkLocal", "uniqueLocal", "carrierGradeNat"];

/** Whether the host of a URL can only be reached from the same machine or cluster: a loopback address, or a Service. */
export function isInternal(host: string): boolean {
  const isLoopback = host === "localhost" || host.endsWith(".localhost") || rangeName(host) === "loopback";
  return isLoopback || serviceNamespace(host) !== undefined;
}

/** The kind of IP address of a URL's host, for example `private`. Undefined for a name. */
function rangeName(host: string): string | undefined {
  const address = addressOf(host);
  return address && ipaddr.parse(address).range();
}

/** The IP address that is a URL's host, without brackets. Undefined for a name. */
export function addressOf(host: string): string | undefined {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The namespace in the DNS name of a Kubernetes Service, `name.namespace.svc` or `name.namespace.svc.cluster.local`. Undefined for any other
 * host. No public name ends like this, because neither `svc` nor `local` is a public top-level domain.
 * https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#services
 */
export function serviceNamespace(host: string): string | undefined {
  return serviceName.exec(host)?.[1];
}

const serviceName = new RegExp(`^(?:${label}\\.)+(${label})\\.svc(?:\\.cluster\\.local)?$`);
