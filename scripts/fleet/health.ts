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
  let certificate: SeenCertificate | undefined;
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
    const problems = [
      ...(certificate?.problems ?? []),
      ...(status === 200 ? [] : [`\`/v2/\` answers ${status} in place of 200`]),
    ];
    return {
      ok: problems.length === 0,
      endpoint,
      reached: true,
      status,
      ...(certificate?.daysLeft !== undefined && { certificateDaysLeft: certificate.daysLeft }),
      seconds: (performance.now() - start) / 1000,
      problems,
    };
  } catch (error) {
    const why = signal.aborted ? `no answer within ${timeoutSeconds} s` : reasonOf(error as Failure);
    const { problems = [], daysLeft } = certificate ?? {};
    return {
      ok: false,
      endpoint,
      reached: certificate !== undefined,
      ...(daysLeft !== undefined && { certificateDaysLeft: daysLeft }),
      problems: [...problems, why],
    };
  }
}

interface SeenCertificate {
  readonly daysLeft?: number;
  readonly problems: readonly string[];
}

const dayMs = 24 * 3600 * 1000;

function seen(socket: TLSSocket, hostname: string): SeenCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { problems: ["shows no certificate"] };
  const daysLeft = Math.floor((certificate.validToDate.getTime() - Date.now()) / dayMs);
  // The types call it an error; it is OpenSSL's or Node's code for one: https://nodejs.org/docs/latest-v24.x/api/tls.html#tlssocketauthorizationerror
  const code = String(socket.authorizationError);
  return { daysLeft, problems: socket.authorized ? [] : [certificateProblem(code, hostname)] };
}

/** https://nodejs.org/docs/latest-v24.x/api/tls.html#x509-certificate-error-codes */
function certificateProblem(code: string, hostname: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate isn't valid yet";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for another name than ${hostname}`;
    default:
      return `its certificate isn't trusted (${code})`;
  }
}

interface Failure extends Error {
  readonly code?: string;
  /** Of a name with several addresses, one each. */
  readonly errors?: readonly Failure[];
}

function reasonOf(failure: Failure): string {
  const { code, message, errors = [] } = failure;
  switch (code) {
    case "ENOTFOUND":
      return "its name has no address in the DNS that this machine asks";
    case "EAI_AGAIN":
      return "the DNS that this machine asks doesn't answer";
    case "ECONNREFUSED":
      return "the connection is refused";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "this network has no way to its address";
    case "ECONNRESET":
      return "the connection breaks off";
    default:
      return message || errors.map((one) => one.message).join(", ") || String(code);
  }
}
