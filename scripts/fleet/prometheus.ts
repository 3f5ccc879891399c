import { parse } from "yaml";
import {
  Prometheus as Client,
  type Sample,
} from "../../components/monitoring/status-page/page/prometheus.ts";

export type { Sample };

/** Long enough to query a month of data in a busy central Prometheus. */
const patienceSeconds = 60;

/** The HTTP API of Prometheus or of a compatible server: https://prometheus.io/docs/prometheus/latest/querying/api/ */
export interface Prometheus {
  /** @throws Error that names the address if the server can't be reached or refuses the query */
  query(expression: string): Promise<Sample[]>;
  /** The labels that Prometheus adds to its series for other systems. Empty if the server doesn't return them. */
  externalLabels(): Promise<Readonly<Record<string, string>>>;
}

/** @throws Error that says how to write the address, without the text itself, because that may contain a password */
export function prometheusUrl(text: string): URL {
  try {
    const url = new URL(text);
    // Throws if `%` isn't followed by two hexadecimal digits.
    decodeURIComponent(`${url.username}${url.password}`);
    if (/^https?:$/.test(url.protocol)) return url;
  } catch {
    // Reported below.
  }
  throw new Error(
    "the address of Prometheus is wrong: write it like http://127.0.0.1:9090, and `%` in a user or password as `%25`",
  );
}

/** @param address can have a path in front of the API's, and a user and password for basic authentication */
export function prometheusAt(address: URL): Prometheus {
  const { username, password } = address;
  const base = new URL(address);
  base.username = base.password = base.search = base.hash = "";
  base.pathname = base.pathname.replace(/\/*$/, "/");
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const headers = username ? { authorization: `Basic ${credentials.toString("base64")}` } : {};

  async function get(path: string, parameters: Record<string, string>): Promise<unknown> {
    const url = new URL(`api/v1/${path}`, base);
    url.search = String(new URLSearchParams(parameters));
    const signal = AbortSignal.timeout(patienceSeconds * 1000);
    const response = await fetch(url, { headers, signal }).catch((error: Error) => {
      throw new Error(
        `${base} can't be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      );
    });
    const text = await response.text();
    const answer = parseAnswer(text);
    if (answer?.status === "success") return answer.data;
    throw new Error(`${base} answers ${response.status}: ${answer?.error ?? "that isn't a Prometheus"}`);
  }

  const client = new Client(get);
  return {
    query: (expression) => client.query(expression),
    async externalLabels() {
      const data = await get("status/config", {}).catch(() => ({ yaml: "" }));
      return parse((data as { yaml: string }).yaml)?.global?.external_labels ?? {};
    },
  };
}

type Answer =
  | { readonly status: "success"; readonly data: unknown }
  | { readonly status: "error"; readonly error: string };

function parseAnswer(text: string): Answer | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
