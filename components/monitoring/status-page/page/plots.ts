import {
  blobs,
  fromUpstreams,
  growth,
  hitBuckets,
  lookedUp,
  missBuckets,
  others,
  toClients,
} from "./figures.ts";
import type { Plot } from "./plot.ts";
import type { Prometheus, Steps } from "./prometheus.ts";
import { bytes, bytesPerSecond, percent, seconds } from "./units.ts";

/** Seconds between two points, and the window of each point. */
const stepSeconds = 300;
const window = "5m";

/** The day before `at`, in Unix time. */
export function lastDay(at: number): Steps {
  return { first: at - 86_400, last: at, step: stepSeconds };
}

const total = (counter: string) => `sum(${growth(counter, window)})`;
const ratio = (kinds: string) => {
  const { hits, all } = lookedUp(kinds);
  return `(${total(hits)} or 0 * ${total(all)}) / (${total(all)} > 0)`;
};
// Not growth(), because histograms have too many series to look back an hour at every point.
const quantile = (buckets: string) =>
  `histogram_quantile(0.95, sum by (le) ((increase(${buckets}[${window}]) and ${buckets} offset ${window}) or ${buckets}))`;

type PlotQueries = Omit<Plot, "steps" | "lines"> & {
  readonly lines: readonly { readonly name: string; readonly query: string }[];
};

export const plotQueries: readonly PlotQueries[] = [
  {
    title: "Answered from the cache",
    format: percent,
    top: 1,
    lines: [
      { name: "blobs", query: ratio(blobs) },
      { name: "manifests and tags", query: ratio(others) },
    ],
  },
  {
    title: "Bytes per second",
    format: bytesPerSecond,
    lines: [
      { name: "to clients", query: `${total(toClients)} / ${stepSeconds}` },
      { name: "from upstreams", query: `${total(fromUpstreams)} / ${stepSeconds}` },
    ],
  },
  {
    title: "First byte, 95th percentile",
    format: seconds,
    logarithmic: true,
    lines: [
      { name: "hits", query: quantile(hitBuckets) },
      { name: "misses", query: quantile(missBuckets) },
    ],
  },
  {
    title: "Disk",
    format: bytes,
    lines: [
      { name: "stored", query: "sum(registry_cache_store_bytes)" },
      { name: "room for", query: "sum(registry_cache_store_max_bytes)" },
    ],
  },
];

/** @throws what {@link Prometheus} throws */
export async function plotsOf(prometheus: Prometheus, steps: Steps): Promise<Plot[]> {
  return Promise.all(
    plotQueries.map(async (plot) => ({
      ...plot,
      steps,
      lines: await Promise.all(
        plot.lines.map(async ({ name, query }) => ({
          name,
          values: (await prometheus.queryRange(query, steps))[0]?.values ?? [],
        })),
      ),
    })),
  );
}
