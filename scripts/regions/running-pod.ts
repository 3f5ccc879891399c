import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import http from "node:http";
import https from "node:https";
import { json } from "node:stream/consumers";
import { z } from "zod";
import type { RunningPod } from "./fleet.ts";

/** A response to a Prometheus query: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const answer = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.object({ __name__: z.string(), digest: z.string() }) })),
  }),
});

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
  try {
    const url = new URL("api/v1/query", statusPage);
    url.searchParams.set("query", `{__name__=~"${Object.values(metrics).join("|")}"}`);
    const { request } = url.protocol === "https:" ? https : http;
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const sent = request(url, { agent: false, signal, ...(ca !== undefined && { ca }) }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const { data } = answer.parse(await json(response));
    const digestOf = (name: string) =>
      data.result.find(({ metric }) => metric.__name__ === name)?.metric.digest;
    const [wanted, applied] = [digestOf(metrics.wanted), digestOf(metrics.applied)];
    return { ...(wanted !== undefined && { wanted }), ...(applied !== undefined && { applied }) };
  } catch {
    return {};
  }
}
