import { missBuckets } from "../../components/monitoring/status-page/page/figures.ts";
import { plotQueries } from "../../components/monitoring/status-page/page/plots.ts";
import { stateQueries } from "../../components/monitoring/status-page/page/state.ts";

/** What a cache's Prometheus answers to the status page after an ordinary day, and in the other states that the page has to show. The same time gives the same answers. */
export type SampleState = "well" | "upstream away" | "disk full" | "new";

type Labels = Readonly<Record<string, string>>;

interface Vector {
  readonly metric: Labels;
  readonly value: readonly [number, string];
}

const GB = 1e9;
const upstreams = ["gsoci", "ghcr"];

/**
 * @param at Unix time in seconds
 * @returns the `data` of the response for a path below `api/v1/`
 */
export function sampleAnswer(state: SampleState, at: number, path: string, asked: URLSearchParams): unknown {
  const query = asked.get("query") ?? "";
  if (path === "rules") return { groups: [{ rules: alertsOf(state, at) }] };
  if (path === "query_range") return { result: seriesOf(state, query, asked) };
  const vector = (value: number, metric: Labels = {}): Vector => ({ metric, value: [at, String(value)] });
  const name = Object.entries(stateQueries).find(([, it]) => it === query)?.[0];
  return {
    result: name === undefined ? figure(state, query).map((it) => vector(it)) : now(state, name, at, vector),
  };
}

function now(
  state: SampleState,
  name: string,
  at: number,
  vector: (value: number, metric?: Labels) => Vector,
): Vector[] {
  const isNew = state === "new";
  const values: Readonly<Record<string, readonly Vector[]>> = {
    endpoint: [vector(1)],
    upstreams: upstreams.map((upstream) =>
      vector(state === "upstream away" && upstream === "gsoci" ? 0 : 1, { upstream }),
    ),
    upstreamSeconds: upstreams.map((upstream, index) => vector(0.094 + 0.031 * index, { upstream })),
    parts: ["edge", "janitor", "upstream", "endpoint", "acme", "node", "prometheus"].map((job) =>
      vector(1, { job: `registry-cache-${job}` }),
    ),
    certificateSeconds: [vector(61.4 * 86_400)],
    stored: [vector(isNew ? 0 : 143.2 * GB)],
    storable: [vector(state === "disk full" ? 144 * GB : 218 * GB)],
    objects: [vector(isNew ? 0 : 18_412)],
    free: [vector(state === "disk full" ? 0.4 * GB : 97.5 * GB)],
    reserve: [vector(12 * GB)],
    asked: isNew ? [] : [vector(400_000)],
    started: [vector(at - (isNew ? 95 : 11.2 * 86_400))],
    wanted: [vector(1, { digest: "9f3c1a7be204" })],
    applied: [vector(1, { digest: "9f3c1a7be204" })],
    appliedAt: [vector(at - (isNew ? 80 : 2.1 * 86_400))],
  };
  return [...(values[name] ?? [])];
}

/** The value of a figure for the last hour, or for the last day. */
function figure(state: SampleState, query: string): number[] {
  if (state === "new") return query.includes("quantile") || query.includes("/") ? [] : [0];
  const day = query.includes("[1d]");
  const away = state === "upstream away" && !day;
  if (query.includes(missBuckets)) return [away ? 2.5 : 0.412];
  if (query.includes("first_byte")) return [0.0121];
  if (query.includes("registry_proxy_pulled")) return [(day ? 61 : away ? 0.2 : 2.3) * GB];
  if (query.includes("response_bytes")) return [(day ? 2140 : 96) * GB];
  if (query.includes('kind="blob"')) return [away ? 0.991 : 0.968];
  if (query.includes("manifest|tag|list")) return [0.874];
  if (query.includes("5..")) return [away ? 214 : day ? (state === "upstream away" ? 217 : 3) : 0];
  return [day ? 391_220 : 17_034];
}

function seriesOf(state: SampleState, query: string, asked: URLSearchParams): unknown[] {
  const [first, last, step] = ["start", "end", "step"].map((name) => Number(asked.get(name))) as [
    number,
    number,
    number,
  ];
  const [plot, line] = plotQueries.flatMap(({ lines }, index) =>
    lines.flatMap((it, at) => (it.query === query ? [index, at] : [])),
  ) as [number, number];
  const values: [number, string][] = [];
  for (let time = first, index = 0; time <= last; time += step, index++) {
    const value = sample(state, plot, line, (time - last) / 3600, noise(index + 1000 * plot + 500 * line));
    if (value !== undefined) values.push([time, String(value)]);
  }
  return [{ metric: {}, values }];
}

/**
 * @param hours relative to the end, and so negative
 * @param random from 0 to 1
 */
function sample(
  state: SampleState,
  plot: number,
  line: number,
  hours: number,
  random: number,
): number | undefined {
  if (state === "new") return plot === 3 && hours > -0.1 ? line * 218 * GB : undefined;
  // A roll-out to all nodes, and the load of a working day.
  const rollOut = Math.exp(-(((hours + 7) / 0.6) ** 2));
  const busy = 0.25 + 0.75 * Math.exp(-(((hours + 4) / 5) ** 2));
  const away = state === "upstream away" && hours > -0.7;
  const isFull = state === "disk full" && hours > -1.5;
  switch (plot) {
    case 0:
      return line === 0
        ? Math.min(1, 0.97 - 0.33 * Math.exp(-(((hours + 7.4) / 0.3) ** 2)) + 0.015 * random)
        : 0.865 + 0.02 * random;
    case 1:
      return line === 0
        ? (28e6 * busy + 130e6 * rollOut) * (0.9 + 0.2 * random)
        : away
          ? 0
          : (0.6e6 * busy + 34e6 * Math.exp(-(((hours + 7.4) / 0.25) ** 2))) * (0.5 + random);
    case 2:
      return line === 0 ? 0.0115 + 0.0012 * random + 0.02 * rollOut : away ? 2.5 : 0.38 + 0.06 * random;
    default:
      return line === 0
        ? (131 + 12 / (1 + Math.exp(-3 * (hours + 7.2)))) * GB
        : (isFull ? 218 - 74 * Math.min(1, hours + 1.5) : 218) * GB;
  }
}

/** A pseudorandom number from 0 to 1. The same seed gives the same number. */
function noise(seed: number): number {
  const value = Math.sin(12.9898 * seed) * 43_758.5453;
  return value - Math.floor(value);
}

interface SampleAlerts {
  readonly topic: string;
  /** Seconds since the alerts' conditions began to hold. */
  readonly age: number;
  /** By name. An alert with a duration is still pending. */
  readonly alerts: Readonly<Record<string, { severity: string; description: string; duration?: number }>>;
}

const alerts: Readonly<Partial<Record<SampleState, SampleAlerts>>> = {
  "upstream away": {
    topic: "upstream",
    age: 2520,
    alerts: {
      RegistryCacheUpstreamUnreachable: {
        severity: "notify",
        description: "gsoci doesn't answer: what is cached is served, tags as they were.",
      },
      RegistryCacheTagsOutdated: {
        severity: "page",
        description: "gsoci hasn't answered for 12 h, and tags are as old.",
        duration: 43_200,
      },
    },
  },
  "disk full": {
    topic: "storage",
    age: 1980,
    alerts: {
      RegistryCacheDiskFull: {
        severity: "page",
        description: "Only 381.5MiB can be written to the cache's disk.",
      },
      RegistryCacheBudgetShrinking: {
        severity: "ticket",
        description: "The disk has room for 134.1GiB of blobs only.",
        duration: 21_600,
      },
    },
  },
};

function alertsOf(state: SampleState, at: number): object[] {
  const { topic = "", age = 0, alerts: ofState = {} } = alerts[state] ?? {};
  return Object.entries(ofState).map(([name, { severity, description, duration }]) => {
    const more = duration === undefined ? {} : { duration, state: "pending" };
    const labels = { alertname: name, severity, topic, ...(topic === "upstream" && { upstream: "gsoci" }) };
    const runbook_url = `https://github.com/example/registry-cache/blob/main/docs/runbooks/${name}.md`;
    const annotations = { description, runbook_url };
    const activeAt = new Date(1000 * (at - age)).toISOString();
    return {
      name,
      duration: 300,
      ...more,
      alerts: [{ state: "firing", labels, annotations, activeAt, ...more }],
    };
  });
}
