/** Checks whether a region's cache works for its clients. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";

/** The cache to check: an entry of a stack's output `caches`. */
export interface AskedCache {
  /** `https://cache.example.com`, or with a port. */
  readonly endpoint: string;
  /** The authority that clients must trust, as PEM. Undefined if it is a public one. */
  readonly ca?: { readonly certificate: string } | undefined;
}

export interface Health {
  /** Whether there are no problems. */
  readonly ok: boolean;
  readonly endpoint: string;
  /** False if nothing is known about the cache: its name has no address, or this network can't connect to it. */
  readonly reached: boolean;
  /** HTTP status of `/v2/`. */
  readonly status?: number;
  /** Whole days. Negative if the certificate has expired. */
  readonly certificateDaysLeft?: number;
  /** Duration of the request, including the connection. */
  readonly seconds?: number;
  /** One phrase per problem. */
  readonly problems: readonly string[];
}

/** A node that pulls doesn't wait longer: see `dial_timeout` in docs/clients.md. */
const defaultTimeoutSeconds = 5;

/**
 * Requests `/v2/` from the endpoint as a client does. If the output has an authority, trusts only that one. Never throws.
 * @param timeoutSeconds for the whole request. @default 5
 */
export async function healthOf(
  { endpoint, ca }: AskedCache,
  { timeoutSeconds = defaultTimeoutSeconds }: { timeoutSeconds?: number } = {},
): Promise<Health> {
  const start = performance.now();
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  let certificate = notSeen;
  try {
    const url = new URL("/v2/", endpoint);
    const asked = request(url, {
      agent: false,
      signal,
      ...(ca && { ca: ca.certificate }),
      // Safe, because the request contains no secret. Even an invalid certificate shows how long it is valid; `authorized` is checked below.
      rejectUnauthorized: false,
    });
    asked.on("socket", (socket) =>
      socket.once("secureConnect", () => {
        certificate = seen(socket as TLSSocket, url.hostname);
      }),
    );
    const [answer] = (await once(asked.end(), "response")) as [IncomingMessage];
    answer.resume();
    const status = answer.statusCode ?? 0;
    const { problems: ofCertificate, ...days } = certificate;
    const problems = [
      ...ofCertificate,
      ...(status === 200 ? [] : [`\`/v2/\` answers ${status} in place of 200`]),
    ];
    return {
      ok: problems.length === 0,
      endpoint,
      reached: true,
      status,
      ...days,
      seconds: (performance.now() - start) / 1000,
      problems,
    };
  } catch (error) {
    const why = signal.aborted ? `no answer within ${timeoutSeconds} s` : reasonOf(error as Failure);
    const { problems, ...days } = certificate;
    const reached = certificate !== notSeen;
    return { ok: false, endpoint, reached, ...days, problems: [...problems, why] };
  }
}

type SeenCertificate = Pick<Health, "certificateDaysLeft" | "problems">;

const notSeen: SeenCertificate = { problems: [] };

const dayMs = 24 * 3600 * 1000;

function seen(socket: TLSSocket, hostname: string): SeenCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { problems: ["shows no certificate"] };
  const certificateDaysLeft = Math.floor((certificate.validToDate.getTime() - Date.now()) / dayMs);
  // Typed as an error, but its value is an error code of OpenSSL or Node: https://nodejs.org/docs/latest-v24.x/api/tls.html#tlssocketauthorizationerror
  const code = String(socket.authorizationError);
  return { certificateDaysLeft, problems: socket.authorized ? [] : [certificateProblem(code, hostname)] };
}

/** https://nodejs.org/docs/latest-v24.x/api/tls.html#x509-certificate-error-codes */
function certificateProblem(code: string, hostname: string): string {
  const problems: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: "has expired",
    CERT_NOT_YET_VALID: "isn't valid yet",
    ERR_TLS_CERT_ALTNAME_INVALID: `is for another name than ${hostname}`,
  };
  return `its certificate ${problems[code] ?? `isn't trusted (${code})`}`;
}

interface Failure extends Error {
  readonly code?: string;
  /** One error per address, if the name has several addresses. */
  readonly errors?: readonly Failure[];
}

/** By the error's code. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name has no address in the DNS that this machine asks",
  EAI_AGAIN: "the DNS that this machine asks doesn't answer",
  ECONNREFUSED: "the connection is refused",
  EHOSTUNREACH: "this network has no way to its address",
  ENETUNREACH: "this network has no way to its address",
  ECONNRESET: "the connection breaks off",
};

function reasonOf({ code, message, errors = [] }: Failure): string {
  return reasons[String(code)] ?? (message || errors.map((one) => one.message).join(", ") || String(code));
}
