/** An ACME authority, its DNS server, and the API by which lego changes the DNS records. All listen on loopback. */
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { freePorts } from "./ports.ts";
import { startProcess } from "./process.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";

const loopback = "127.0.0.1";

/** https://github.com/letsencrypt/pebble */
export interface TestAuthority extends AsyncDisposable {
  /** URL of the ACME directory. */
  readonly directory: string;
  /** PEM of the authority that issued the directory's own HTTPS certificate. */
  readonly serverCa: string;
  /** PEM of the root of the issued certificates. */
  readonly root: string;
  readonly dns: DnsApi;
  /** Environment for lego, whose DNS provider `httpreq` proves names here. */
  readonly legoEnvironment: Readonly<Record<string, string>>;
  /** The number of accounts or orders so far. */
  count(what: "accounts" | "orders"): Promise<number>;
  /** From now on, the authority asks for the immediate renewal of a certificate (PEM): https://www.rfc-editor.org/rfc/rfc9773 */
  suggestRenewal(certificate: string): Promise<void>;
}

/** https://go-acme.github.io/lego/dns/httpreq/, on pebble-challtestsrv. */
export interface DnsApi {
  /** Whether to answer 503 to every request. */
  failing: boolean;
  /** When lego asked for each record, in ms: `performance.now()`. */
  readonly attempts: readonly number[];
}

/**
 * Starts an authority that validates each order by DNS-01, without reuse of earlier validations.
 * @param badNonces the percentage of valid requests that are refused with `badNonce`
 * @param writable the only record that lego may write, as in AWS. While it has no content, a wildcard of the zone makes it a CNAME.
 */
export async function startAuthority({
  badNonces,
  writable,
}: {
  badNonces: number;
  writable?: string;
}): Promise<TestAuthority> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await tempDir());
  const first = await freePorts(4);
  const [acme, management, dnsServer, dnsManagement] = [0, 1, 2, 3].map((it) => `${loopback}:${first + it}`);

  const own = { certificateFile: join(dir.path, "pebble.crt"), keyFile: join(dir.path, "pebble.key") };
  const authority = await makeAuthority([loopback], dir.path);
  await issue(authority, [loopback], own);
  const serverCa = await readFile(authority.certificateFile, "utf8");
  const configFile = join(dir.path, "pebble.json");
  const pebble = {
    listenAddress: acme,
    managementListenAddress: management,
    certificate: own.certificateFile,
    privateKey: own.keyFile,
    keyAlgorithm: "ecdsa",
    retryAfter: { authz: 1, order: 1 },
  };
  await writeFile(configFile, JSON.stringify({ pebble }));

  const unused = ["http01", "https01", "doh", "tlsalpn01"].flatMap((name) => [`-${name}`, ""]);
  parts.use(
    await startProcess(
      await ensureTool("pebble-challtestsrv"),
      [...unused, "-dnsserver", String(dnsServer), "-management", String(dnsManagement)],
      { logFile: join(dir.path, "dns.log") },
    ),
  );
  const process = parts.use(
    await startProcess(
      await ensureTool("pebble"),
      ["-strict", "-config", configFile, "-dnsserver", String(dnsServer)],
      {
        logFile: join(dir.path, "pebble.log"),
        env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0", PEBBLE_WFE_NONCEREJECT: String(badNonces) },
      },
    ),
  );
  const dns = parts.use(await startDnsApi(`http://${dnsManagement}`, writable));

  const manage = async (path: string, body?: unknown) => {
    const sent = request(`https://${management}${path}`, {
      ca: serverCa,
      headers: { "user-agent": "tests" },
      method: body === undefined ? "GET" : "POST",
    }).end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(sent, "response");
    const answer = await text(response);
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${answer}`);
    return answer;
  };
  const root = await waitUntil("the authority answers", () => manage("/roots/0"));

  const owned = parts.move();
  return {
    directory: `https://${acme}/dir`,
    serverCa,
    root,
    dns,
    legoEnvironment: {
      HTTPREQ_ENDPOINT: dns.url,
      HTTPREQ_POLLING_INTERVAL: "1",
      LEGO_DNS_RESOLVERS: String(dnsServer),
      // lego always asks authoritative servers at port 53, where none listens here.
      LEGO_DNS_PROPAGATION_DISABLE_ANS: "true",
      ...(writable !== undefined && { LEGO_DISABLE_CNAME_SUPPORT: "true" }),
      // Even with PEBBLE_AUTHZREUSE=0, Pebble reuses a valid authorization in one order of a hundred. Without challenges, a DNS API that fails stops nothing.
      LEGO_ALWAYS_DEACTIVATE_AUTHORIZATIONS: "true",
    },
    async count(what) {
      const [, count] =
        [...(await process.log()).matchAll(new RegExp(`There are now (\\d+) ${what}`, "g"))].at(-1) ?? [];
      return Number(count ?? 0);
    },
    async suggestRenewal(certificate) {
      const hour = 3_600_000;
      const [start, end] = [2, 1].map((hours) => new Date(Date.now() - hours * hour).toISOString());
      const ARIResponse = JSON.stringify({ suggestedWindow: { start, end } });
      await manage("/set-renewal-info/", { Certificate: certificate, ARIResponse });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startDnsApi(
  challtestsrv: string,
  writable: string | undefined,
): Promise<DnsApi & { readonly url: string } & AsyncDisposable> {
  const attempts: number[] = [];
  const calls: Record<string, string> = { "/present": "/set-txt", "/cleanup": "/clear-txt" };
  const call = async (path: string | undefined, record: object) => {
    const answer = await fetch(`${challtestsrv}${path}`, { method: "POST", body: JSON.stringify(record) });
    return answer.status;
  };
  const alias = async () => writable && call("/set-cname", { host: writable, target: "www.example.com" });
  const server = createServer(async (incoming, outgoing) => {
    const { fqdn, value } = (await json(incoming)) as { fqdn: string; value: string };
    if (incoming.url === "/present") attempts.push(performance.now());
    const refusal = api.failing ? 503 : writable !== undefined && fqdn !== `${writable}.` && 403;
    if (refusal) {
      outgoing.writeHead(refusal).end();
      return;
    }
    if (incoming.url === "/present") await call("/clear-cname", { host: fqdn });
    const status = await call(calls[incoming.url ?? ""], { host: fqdn, value });
    if (incoming.url === "/cleanup") await alias();
    outgoing.writeHead(status).end();
  });
  await alias();
  server.listen(0, loopback);
  await once(server, "listening");
  const api = {
    url: `http://${loopback}:${(server.address() as AddressInfo).port}`,
    failing: false,
    attempts,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return api;
}
