import { hits } from "../../rules/recording.ts";
import type { Prometheus } from "./prometheus.ts";
import { bytes, count, percent, seconds } from "./units.ts";

/** A row of the table: its name, and its text for each window. */
export interface Figure {
  readonly name: string;
  readonly texts: readonly string[];
}

/** The counts of one window. */
interface Counted {
  readonly requests: number | undefined;
  readonly blobHits: number | undefined;
  readonly otherHits: number | undefined;
  readonly toClients: number | undefined;
  readonly fromUpstreams: number | undefined;
  readonly failed: number | undefined;
  readonly hitSeconds: number | undefined;
  readonly missSeconds: number | undefined;
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

/** @throws what {@link Prometheus} throws */
async function countedIn(prometheus: Prometheus, window: string): Promise<Counted> {
  const value = async (query: string) => (await prometheus.query(query))[0]?.value;
  const total = (counter: string) => `sum(${growth(counter, window)})`;
  const ratio = (kinds: string) => {
    const { hits, all } = lookedUp(kinds);
    return value(`(${total(hits)} or vector(0)) / (${total(all)} > 0)`);
  };
  const quantile = (buckets: string) =>
    value(`histogram_quantile(0.95, sum by (le) (${growth(buckets, window)}))`);
  const entries = {
    requests: value(total('registry_cache_requests_total{refused="",kind!="ping"}')),
    blobHits: ratio(blobs),
    otherHits: ratio(others),
    toClients: value(total(toClients)),
    fromUpstreams: value(total(fromUpstreams)),
    failed: value(total('registry_cache_requests_total{refused="",kind!="ping",status=~"5.."}')),
    hitSeconds: quantile(hitBuckets),
    missSeconds: quantile(missBuckets),
  };
  const values = await Promise.all(
    Object.entries(entries).map(async ([name, it]) => [name, await it] as const),
  );
  return Object.fromEntries(values) as unknown as Counted;
}

/**
 * @param windows Prometheus durations
 * @throws what {@link Prometheus} throws
 */
export async function figuresOf(prometheus: Prometheus, windows: readonly string[]): Promise<Figure[]> {
  const all = await Promise.all(windows.map((window) => countedIn(prometheus, window)));
  const line = (name: string, text: (counted: Counted) => string) => ({ name, texts: all.map(text) });
  return [
    line("Requests", ({ requests }) => count(requests ?? 0)),
    line("Blobs from the cache", ({ blobHits }) => percent(blobHits)),
    line("Manifests and tags from the cache", ({ otherHits }) => percent(otherHits)),
    line("Sent to clients", ({ toClients }) => bytes(toClients ?? 0)),
    line("Fetched from upstreams", ({ fromUpstreams }) => bytes(fromUpstreams ?? 0)),
    line("Saved", ({ toClients = 0, fromUpstreams = 0 }) => bytes(toClients - fromUpstreams)),
    line("First byte of a hit, 95th percentile", ({ hitSeconds }) => seconds(hitSeconds)),
    line("First byte of a miss, 95th percentile", ({ missSeconds }) => seconds(missSeconds)),
    line("Failed requests (5xx)", ({ failed }) => count(failed ?? 0)),
  ];
}
