/** Whether a region's cache answers as its clients need it to. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";

/** What is asked: an entry of a stack's output `caches`. */
export interface AskedCache {
  /** `https://cache.example.com`, or with a port. */
  readonly endpoint: string;
  /** The authority that clients have to trust, where it isn't a public one; PEM. */
  readonly ca?: { readonly certificate: string } | undefined;
}

export interface Health {
  /** Whether there are no problems. */
  readonly ok: boolean;
  readonly endpoint: string;
  /** False where nothing could be said of the cache: no address for its name, or no connection from this network. */
  readonly reached: boolean;
  /** HTTP status of `/v2/`. */
  readonly status?: number;
  /** Whole days; negative once the certificate has ended. */
  readonly certificateDaysLeft?: number;
  /** From the question to the answer, the connection included. */
  readonly seconds?: number;
  /** A phrase each. */
  readonly problems: readonly string[];
}

/** A node that pulls waits no longer: see `dial_timeout` in docs/clients.md. */
const defaultTimeoutSeconds = 5;

/**
 * Asks `/v2/` of the endpoint as a client does, which trusts nobody but the output's authority where there is one. Never throws.
 * @param timeoutSeconds for all of it. @default 5
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
      // Nothing but the question is sent. A certificate that isn't valid still tells for how long it is: `authorized` is checked below.
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
  // The types call it an error; it is OpenSSL's or Node's code for one: https://nodejs.org/docs/latest-v24.x/api/tls.html#tlssocketauthorizationerror
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
  /** Of a name with several addresses, one each. */
  readonly errors?: readonly Failure[];
}

/** By the code of a failure. */
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
