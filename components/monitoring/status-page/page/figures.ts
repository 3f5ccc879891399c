import { hits } from "../../rules/recording.ts";
import type { Prometheus } from "./prometheus.ts";
import { only } from "./state.ts";
import { bytes, count, percent, seconds } from "./units.ts";

/** A row of the table: its name, and its text for each window. */
export interface Figure {
  readonly name: string;
  readonly texts: readonly string[];
}

const firstByte = (cache: string) =>
  `registry_cache_first_byte_seconds_bucket{kind=~"blob|manifest|tag",${cache}}`;
export const hitBuckets = firstByte('cache="HIT"');
export const missBuckets = firstByte('cache=~"MISS|EXPIRED"');
export const toClients = 'registry_cache_response_bytes_total{cache!="NONE"}';
export const fromUpstreams = "registry_proxy_pulled_bytes_total";
export const blobs = 'kind="blob"';
export const others = 'kind=~"manifest|tag|list"';

/** Selectors of the requests that were answered without a transfer from the upstream, and of all requests for which the cache was used. */
export function lookedUp(kinds: string): { hits: string; all: string } {
  const requests = (selector: string) => `registry_cache_requests_total{${kinds},${selector}}`;
  return { hits: requests(hits), all: requests('cache!="NONE"') };
}

/**
 * A query for the growth of a counter in a window: the increase of a series that existed before the window, or the whole value of a new one. increase() alone misses the first
 * event of a series, so a new cache would look idle. A series existed if it has a sample in the hour before the window.
 * @param window a Prometheus duration such as `1h`
 */
export function growth(counter: string, window: string): string {
  return `((increase(${counter}[${window}]) and last_over_time(${counter}[1h] offset ${window})) or ${counter})`;
}

/** Queries for the counts of one window. */
function countsIn(window: string) {
  const total = (counter: string) => `sum(${growth(counter, window)})`;
  const ratio = (kinds: string) => {
    const { hits, all } = lookedUp(kinds);
    return `(${total(hits)} or vector(0)) / (${total(all)} > 0)`;
  };
  const quantile = (buckets: string) => `histogram_quantile(0.95, sum by (le) (${growth(buckets, window)}))`;
  return {
    requests: total('registry_cache_requests_total{refused=~"|limit",kind!="ping"}'),
    blobHits: ratio(blobs),
    otherHits: ratio(others),
    toClients: total(toClients),
    fromUpstreams: total(fromUpstreams),
    failed: total('registry_cache_requests_total{kind!="ping",status=~"5.."}'),
    hitSeconds: quantile(hitBuckets),
    missSeconds: quantile(missBuckets),
  };
}

/**
 * @param windows Prometheus durations
 * @throws what {@link Prometheus} throws
 */
export async function figuresOf(prometheus: Prometheus, windows: readonly string[]): Promise<Figure[]> {
  const all = await Promise.all(windows.map((window) => prometheus.queryAll(countsIn(window))));
  const line = (name: string, text: (counted: (typeof all)[number]) => string) => ({
    name,
    texts: all.map(text),
  });
  return [
    line("Requests", ({ requests }) => count(only(requests) ?? 0)),
    line("Blobs from the cache", ({ blobHits }) => percent(only(blobHits))),
    line("Manifests and tags from the cache", ({ otherHits }) => percent(only(otherHits))),
    line("Sent to clients", ({ toClients }) => bytes(only(toClients) ?? 0)),
    line("Fetched from upstreams", ({ fromUpstreams }) => bytes(only(fromUpstreams) ?? 0)),
    line("Saved", ({ toClients, fromUpstreams }) =>
      bytes((only(toClients) ?? 0) - (only(fromUpstreams) ?? 0)),
    ),
    line("First byte of a hit, 95th percentile", ({ hitSeconds }) => seconds(only(hitSeconds))),
    line("First byte of a miss, 95th percentile", ({ missSeconds }) => seconds(only(missSeconds))),
    line("Failed requests (5xx)", ({ failed }) => count(only(failed) ?? 0)),
  ];
}
