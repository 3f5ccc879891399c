import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import http from "node:http";
import https from "node:https";
import { json } from "node:stream/consumers";
import { Prometheus } from "../../components/monitoring/status-page/page/prometheus.ts";
import type { RunningPod } from "./fleet.ts";

const metrics = { wanted: "registry_cache_pod_wanted_info", applied: "registry_cache_pod_applied_info" };

/**
 * Reads a machine's Pod from its own Prometheus, which is behind the status page.
 * @param statusPage URL
 * @param ca PEM of the authority to trust, if it isn't a public one
 * @returns nothing if this machine may not read the metrics, which is usual
 */
export async function runningPod(
  statusPage: string,
  { ca, timeoutSeconds }: { readonly ca: string | undefined; readonly timeoutSeconds: number },
): Promise<RunningPod> {
  const prometheus = new Prometheus(async (path, parameters) => {
    const url = new URL(`api/v1/${path}?${new URLSearchParams(parameters)}`, statusPage);
    const { request } = url.protocol === "https:" ? https : http;
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const sent = request(url, { agent: false, signal, ...(ca !== undefined && { ca }) }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return ((await json(response)) as { data: unknown }).data;
  });
  try {
    const found = await prometheus.query(`{__name__=~"${Object.values(metrics).join("|")}"}`);
    const digestOf = (name: string) => found.find(({ labels }) => labels.__name__ === name)?.labels.digest;
    const [wanted, applied] = [digestOf(metrics.wanted), digestOf(metrics.applied)];
    return { ...(wanted !== undefined && { wanted }), ...(applied !== undefined && { applied }) };
  } catch {
    return {};
  }
}
