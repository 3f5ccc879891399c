/** The status page without a browser. test/e2e/status-page.test.ts tests it in one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { thresholds } from "../../components/config/thresholds.ts";
import { figuresOf, growth } from "../../components/monitoring/status-page/page/figures.ts";
import {
  decades,
  geometryOf,
  linearTicks,
  type Plot,
  pathOf,
  svgOf,
} from "../../components/monitoring/status-page/page/plot.ts";
import { lastDay, plotQueries, plotsOf } from "../../components/monitoring/status-page/page/plots.ts";
import {
  type Alert,
  Prometheus,
  type Sample,
} from "../../components/monitoring/status-page/page/prometheus.ts";
import {
  alertSection,
  alertText,
  stateSection,
  verdictSection,
} from "../../components/monitoring/status-page/page/sections.ts";
import { type State, stateQueries } from "../../components/monitoring/status-page/page/state.ts";
import {
  bytes,
  clock,
  count,
  duration,
  percent,
  seconds,
} from "../../components/monitoring/status-page/page/units.ts";
import { announcementOf, verdictOf } from "../../components/monitoring/status-page/page/verdict.ts";
import { type StatusPageFacts, statusPage } from "../../components/monitoring/status-page/status-page.ts";

const at = Date.UTC(2026, 0, 2, 12) / 1000;

const facts: StatusPageFacts = {
  region: "eu-central-1",
  endpoint: "https://cache.example.com",
  host: "aws vm",
  upstreams: [
    {
      name: "team",
      registry: "registry.example.com",
      url: "https://registry.example.com",
      repositories: ["team/**"],
    },
  ],
  redirected: false,
};

/** A healthy cache in use, with these differences. */
function stateWith(samples: Partial<State["samples"]> = {}, alerts: readonly Alert[] = []): State {
  const none = Object.fromEntries(
    Object.keys(stateQueries).map((name) => [name, []]),
  ) as unknown as State["samples"];
  const well = {
    endpoint: one(1),
    upstreams: one(1, { upstream: "team" }),
    upstreamSeconds: one(0.085, { upstream: "team" }),
    parts: ["edge", "janitor", "origin"].map((job) => ({ labels: partLabels(job), value: 1 })),
    certificateSeconds: one(60 * 86_400),
    stored: one(20e9),
    storable: one(100e9),
    objects: one(1234),
    free: one(90e9),
    reserve: one(10e9),
    asked: one(77),
    started: one(at - 7200),
  };
  return { at, alerts, samples: { ...none, ...well, ...samples } };
}

function one(value: number, labels: Sample["labels"] = {}): Sample[] {
  return [{ labels, value }];
}

function partLabels(job: string): Sample["labels"] {
  return { job: `registry-cache-${job}`, ...(job === "origin" && { upstream: "team" }) };
}

const unreachable: Alert = {
  name: "RegistryCacheUpstreamUnreachable",
  key: "unreachable",
  firing: true,
  severity: "notify",
  topic: "upstream",
  description: "team doesn't answer: what is cached is served, tags as they were.",
  runbook: "https://example.com/runbooks/RegistryCacheUpstreamUnreachable",
  upstream: "team",
  since: at - 600,
  forSeconds: 300,
};

test("shows amounts in a readable unit", () => {
  const amounts = [0, 950, 20e6, 999.96e6, 834e9, 3.21e12, -2.5e6, undefined, Number.NaN];
  assert.deepEqual(amounts.map(bytes), [
    "0 B",
    "950 B",
    "20.0 MB",
    "1.0 GB",
    "834.0 GB",
    "3.2 TB",
    "-2.5 MB",
    "–",
    "–",
  ]);
  assert.deepEqual([0.0052, 0.00999, 0.048, 0.9999, 2.5, 9.999, 42, 130].map(seconds), [
    "5.2 ms",
    "10 ms",
    "48 ms",
    "1.00 s",
    "2.50 s",
    "10.0 s",
    "42.0 s",
    "2 min 10 s",
  ]);
  assert.deepEqual([0, 35, 3600, 3661, 273_600, 86_400].map(duration), [
    "0 s",
    "35 s",
    "1 h",
    "1 h 1 min",
    "3 d 4 h",
    "1 d",
  ]);
  assert.deepEqual([0.75, 1, undefined].map(percent), ["75.0 %", "100.0 %", "–"]);
  assert.deepEqual([12_344.6, 0, Number.POSITIVE_INFINITY].map(count), ["12,345", "0", "–"]);
});

test("shows the date of a moment on another day", () => {
  assert.match(clock(at, at), /^\d\d:\d\d$/);
  assert.match(clock(at - 3 * 86_400, at), /^3[01] Dec 2025$/);
  assert.match(clock(at - 3 * 86_400, at - 10 * 86_400), /^3[01] Dec, \d\d:\d\d$/);
});

test("says in the verdict how clients are served, and why", () => {
  const cases: [State, string, string, RegExp][] = [
    [stateWith(), "good", "Serving", /^No alerts\.$/],
    [stateWith({ asked: [], objects: one(0) }), "good", "Serving", /new and empty/],
    [stateWith({ endpoint: [] }), "unknown", "Starting", /has not been probed/],
    [
      stateWith({ endpoint: [] }, [{ ...unreachable, description: "Full." }]),
      "unknown",
      "Not known",
      /has not been probed in the last 5 minutes\. Full\.$/,
    ],
    [stateWith({ endpoint: one(0) }), "down", "Not serving", /clients pull from the upstreams/],
    [
      stateWith({ upstreams: one(0, { upstream: "team" }) }),
      "degraded",
      "Degraded",
      /^team doesn't answer: what is cached is served\.$/,
    ],
    [
      stateWith({ upstreams: one(0, { upstream: "team" }) }, [unreachable]),
      "degraded",
      "Degraded",
      /^team doesn't answer: what is cached is served, tags as they were\.$/,
    ],
    [
      stateWith({}, [
        { ...unreachable, name: "RegistryCacheDiskFull", topic: "storage", description: "Full." },
      ]),
      "degraded",
      "Degraded",
      /^Full\.$/,
    ],
    [
      stateWith({}, [{ ...unreachable, topic: "efficiency", description: "Slow." }]),
      "notice",
      "Serving, with warnings",
      /^Slow\.$/,
    ],
    [
      stateWith({ parts: [{ labels: partLabels("janitor"), value: 0 }] }),
      "notice",
      "Serving, with warnings",
      /^No metrics from janitor\.$/,
    ],
  ];
  for (const [state, level, word, reason] of cases) {
    const verdict = verdictOf(state);
    assert.deepEqual([verdict.level, verdict.word], [level, word]);
    assert.match(verdict.reasons.join(" "), reason);
  }
});

test("gives one reason for one fault", () => {
  const pending = {
    ...unreachable,
    name: "RegistryCacheTagsOutdated",
    firing: false,
    description: "team hasn't answered for 12 h.",
  };
  const state = stateWith(
    { upstreams: one(0, { upstream: "team" }), parts: [{ labels: partLabels("origin"), value: 0 }] },
    [unreachable, pending],
  );
  assert.deepEqual(verdictOf(state).reasons, [unreachable.description]);
  assert.match(stateSection(state).text, /all 1 answer/);
});

test("doesn't show what a pending alert would say before it fires", () => {
  const pending = {
    ...unreachable,
    upstream: "other",
    firing: false,
    description: "It has been so for 12 h.",
  };
  const state = stateWith({}, [pending]);
  const said = [verdictSection(verdictOf(state)), alertText(pending, at)].map(({ text }) => text).join();
  assert.ok(!said.includes(pending.description));
  assert.match(said, /RegistryCacheUpstreamUnreachable is pending\./);
  assert.match(said, /pending for 10 min; fires in 0 s/);
});

test("lists alerts from the rules, the most urgent first, with runbooks that a browser may open", async () => {
  const rule = (name: string, state: string, severity: string, runbook: string) => ({
    name,
    duration: 300,
    alerts: [
      {
        state,
        labels: { alertname: name, severity, topic: "upstream", upstream: "team" },
        annotations: { description: `${name}.`, runbook_url: runbook },
        activeAt: "2026-01-02T11:50:00.5Z",
      },
    ],
  });
  const rules = [
    rule("Watchdog", "firing", "none", ""),
    rule("Pending", "pending", "page", "https://example.com/Pending"),
    rule("Notify", "firing", "notify", "javascript:alert(1)"),
    rule("Page", "firing", "page", "https://example.com/Page"),
    { name: "Idle", duration: 0, alerts: [] },
  ];
  const prometheus = new Prometheus(async (path, parameters) => {
    assert.deepEqual([path, parameters], ["rules", { type: "alert" }]);
    return { groups: [{ rules }] };
  });
  const alerts = await prometheus.alerts();
  assert.deepEqual(
    alerts.map(({ name, runbook }) => [name, runbook]),
    [
      ["Page", "https://example.com/Page"],
      ["Notify", undefined],
      ["Pending", "https://example.com/Pending"],
    ],
  );
  assert.equal(alerts[0]?.since, at - 600 + 0.5);
});

test("escapes everything from Prometheus", () => {
  const evil = `"><img src=x onerror="alert(1)">`;
  const labels = { upstream: evil, job: evil, digest: evil, reason: evil };
  const all = Object.fromEntries(Object.keys(stateQueries).map((name) => [name, one(0, labels)]));
  const alert = {
    ...unreachable,
    name: evil,
    key: evil,
    severity: evil,
    description: evil,
    runbook: `https://${evil}`,
  };
  const state = stateWith({ ...(all as Partial<State["samples"]>), upstreams: one(0, labels) }, [alert]);
  const verdict = verdictOf(state);
  const sections = [
    ...[verdictSection(verdict), announcementOf(verdict, state), stateSection(state)],
    ...[alertText(alert, at), alertSection([alert])],
  ];
  for (const { text } of sections) assert.doesNotMatch(text, /<img|="[^"]*"[^ >]/);
});

test("marks a certificate as good until its alert fires by default", () => {
  const mark = (days: number) =>
    stateSection(stateWith({ certificateSeconds: one(days * 86_400) })).text.match(
      /<i[^>]*>(.?)<\/i>Certificate/,
    )?.[1];
  const { certificateDays } = thresholds.parse({});
  assert.deepEqual([certificateDays + 0.1, certificateDays - 0.1, -1].map(mark), ["✓", "", "✕"]);
});

test("shows which Pod a machine runs, which one is wanted, and why a change failed", () => {
  const text = (samples: Partial<State["samples"]>) =>
    stateSection(stateWith(samples))
      .text.replace(/<[^>]*>/g, "|")
      .replace(/\|+/g, "|");
  const pod = (digest: string) => one(1, { digest });
  assert.match(text({}), /\|nginx runs since\|[^|]* \(2 h ago\)\|$/);
  const same = text({ applied: pod("0123"), wanted: pod("0123"), appliedAt: one(at - 90) });
  assert.match(same, /\|Runs\|0123\| since [^|]* \(1 min 30 s ago\)\|✓\|Wanted\|the same\|/);
  const failed = text({ applied: pod("0123"), wanted: pod("4567"), failure: one(1, { reason: "image" }) });
  assert.match(
    failed,
    /\|Runs\|0123\|✕\|Wanted\|4567\|, not applied yet\|✕\|The last change failed\|image\|/,
  );
});

test("has axes with round steps that contain every value", () => {
  assert.deepEqual(linearTicks(0), [0, 1]);
  assert.deepEqual(linearTicks(1), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(linearTicks(7.3e6), [0, 2e6, 4e6, 6e6, 8e6]);
  assert.deepEqual(decades([0.004, 2]), [0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(decades([0.1]), [0.1, 1]);
  assert.deepEqual(decades([]), [0.01, 0.1, 1]);
});

const plot: Plot = {
  title: "Bytes",
  steps: { first: at - 1200, last: at, step: 300 },
  format: bytes,
  lines: [
    { name: "one", values: [0, 100, undefined, 50, undefined] },
    { name: "other", values: [] },
  ],
};

test("has a gap in a line without a value, and a dot for a value between gaps", () => {
  const geometry = geometryOf(plot, { width: 174, height: 130 });
  assert.equal(pathOf([0, 100, undefined, 50, undefined], geometry), "M66.0,108.0L91.0,8.0M141.0,58.0");
  assert.deepEqual([0, 66, 90, 500].map(geometry.indexAt), [0, 0, 1, 4]);
});

test("describes a plot in words, and says when there is nothing to draw", () => {
  const { text } = svgOf(plot, { width: 400, height: 130 }, "day0");
  assert.match(
    text,
    /aria-label="Bytes, last day\. one: latest 50 B, lowest 0 B at \d\d:\d\d, highest 100 B at \d\d:\d\d; other: no data\."/,
  );
  assert.doesNotMatch(text, /no data yet|NaN|undefined/);
  assert.equal(text.match(/<circle/g)?.length, 1);
  assert.match(svgOf({ ...plot, lines: [] }, { width: 400, height: 130 }, "day0").text, /no data yet/);
});

test("places values at their step, with a gap for what isn't a number", async () => {
  const prometheus = new Prometheus(async (_, { start }) => ({
    result: [
      {
        metric: {},
        values: [
          [Number(start) + 300, "0.5"],
          [Number(start) + 600, "NaN"],
          [Number(start) + 86_400, "1"],
        ],
      },
    ],
  }));
  const [first] = await plotsOf(prometheus, lastDay(at));
  const values = first?.lines[0]?.values ?? [];
  assert.deepEqual(
    [values.length, values[0], values[1], values[2], values[288]],
    [289, undefined, 0.5, undefined, 1],
  );
});

test("shows the figures next to each other, and no ratio of nothing", async () => {
  const asked: string[] = [];
  const prometheus = new Prometheus(async (_, { query = "" }) => {
    asked.push(query);
    const value = query.startsWith("sum") ? (query.includes("proxy_pulled") ? "20e6" : "80e6") : undefined;
    return { result: value === undefined ? [] : [{ metric: {}, value: [at, value] }] };
  });
  const figures = await figuresOf(prometheus, ["1h", "1d"]);
  const texts = new Map(figures.map(({ name, texts }) => [name, texts]));
  assert.deepEqual(texts.get("Saved"), ["60.0 MB", "60.0 MB"]);
  assert.deepEqual(texts.get("Blobs from the cache"), ["–", "–"]);
  assert.ok(asked.some((query) => query.includes(growth("registry_proxy_pulled_bytes_total", "1d"))));
});

test("names its region, its endpoint and what it serves", () => {
  const page = statusPage(facts);
  assert.match(page, /<title>Registry cache eu-central-1 \(cache\.example\.com\)<\/title>/);
  assert.match(page, /<h1>Registry cache eu-central-1<\/h1>/);
  assert.match(page, /<code>team\/\*\*<\/code>/);
  assert.doesNotMatch(page, /the bucket/);
  assert.match(statusPage({ ...facts, redirected: true }), /from the bucket aren't counted/);
  for (const { title } of plotQueries) assert.ok(page.includes(`<figcaption>${title}</figcaption>`), title);
});

test("cuts a long allow-list, because the page is part of the Pod", () => {
  const repositories = Array.from({ length: 30 }, (_, index) => `team/app-${index}`);
  const [upstream] = facts.upstreams;
  const page = statusPage({ ...facts, upstreams: upstream ? [{ ...upstream, repositories }] : [] });
  assert.match(page, /<code>team\/app-7<\/code> and 22 more</);
});

test("allows only the page's own style and script by its policy", () => {
  const page = statusPage({ ...facts, region: "<script>alert(1)</script>" });
  const inline = [...page.matchAll(/<(?:style|script)[^>]*>(.*?)<\/(?:style|script)>/gs)].map(
    ([, text = ""]) => text,
  );
  const [, escaped = ""] = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/) ?? [];
  const policy = escaped.replaceAll("&#39;", "'");
  assert.equal(inline.length, 2);
  for (const text of inline) {
    const digest = createHash("sha256").update(text).digest("base64");
    assert.ok(policy.includes(`'sha256-${digest}'`), policy);
  }
  assert.match(policy, /^default-src 'none'; connect-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(page, / style="| on\w+="/);
});
