/** The status page in a real browser. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { healthOf } from "../../scripts/fleet/health.ts";
import { runningPod } from "../../scripts/regions/running-pod.ts";
import { push } from "../../scripts/seed/push.ts";
import { registryName, startChain } from "../support/chain.ts";
import { downloads } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { startMachine } from "../support/machine.ts";
import { scope } from "../support/scope.ts";
import { leaveFree, smallDisk } from "../support/small-disk.ts";
import { waitUntil } from "../support/wait.ts";

/** A directory for people to look at the page later. */
const screenshots = process.env.STATUS_PAGE_SCREENSHOTS;

/** The content of the page by name: its figures (last hour, last day), lines, verdict and alerts. */
const contents = `({
  figures: Array.from(document.querySelectorAll("#figures tbody tr"), (row) => Array.from(row.cells, (cell) => cell.textContent)),
  lines: Array.from(document.querySelectorAll("dl div"), (line) => [line.children[0].textContent, line.children[1].textContent]),
  verdict: document.querySelector("#verdict").textContent,
  alerts: Array.from(document.querySelectorAll("#alerts li"), (alert) => [alert.textContent, alert.querySelector("a")?.href]),
  plots: Array.from(document.querySelectorAll(".plot svg"), (plot) => plot.getAttribute("aria-label")),
})`;

/** Between two looks at the page. */
const pauseMs = 2000;

interface Contents {
  readonly figures: readonly string[][];
  readonly lines: readonly [name: string, text: string][];
  readonly verdict: string;
  readonly alerts: readonly [text: string, runbook?: string][];
  readonly plots: readonly string[];
}

test("shows in a browser what the cache does, and what is wrong", async (t) => {
  const parts = scope(t);
  const disk = parts.use(await smallDisk(700));
  const chain = await startChain(parts, {
    secondsPerMinute: 1,
    region: { dataDir: join(disk.path, "data"), storage: { kind: "disk", size: "1GiB" } },
    monitoring: {
      alerts: {
        runbookUrl: "https://runbooks.example.com/{alert}",
        thresholds: { podOutdatedMinutes: 1, unreachableMinutes: 1, diskFullMinutes: 1 },
      },
    },
  });
  const { podName, ports } = chain.cache.layout;
  const region = podName.replace("registry-cache-", "");
  const browser = parts.use(await chromium.launch({ executablePath: "/usr/bin/chromium" }));
  const page = await browser.newPage({ viewport: { width: 1180, height: 900 }, colorScheme: "light" });
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  // Other tests add network interfaces to this machine.
  const isOfOthers = (text: string) => text.endsWith("net::ERR_NETWORK_CHANGED");
  page.on("console", (it) => it.type() === "error" && !isOfOthers(it.text()) && errors.push(it.text()));
  const shown = async () => {
    await page.goto(`http://127.0.0.1:${ports.edgeStatus}/`);
    for (const part of ["#state div", "#figures td", "#plot3 svg"]) await page.waitForSelector(part);
    return page.evaluate<Contents>(contents);
  };
  /** Waits until the page shows something. The pause is longer than usual, because a browser takes seconds of processor time for a page. */
  const says = (what: string, is: (it: Contents) => boolean) =>
    waitUntil(what, async () => is(await shown()), 60_000, pauseMs);
  /** Waits until the page shows this verdict, and these lines by their names. */
  const shows = (verdict: RegExp, lines: Record<string, RegExp> = {}) =>
    says([verdict, ...Object.entries(lines)].join(), (it) => {
      const found = new Map(it.lines);
      return (
        verdict.test(it.verdict) &&
        Object.entries(lines).every(([name, text]) => text.test(found.get(name) ?? ""))
      );
    });
  const alert = (name: string, meanwhile = async () => {}) =>
    waitUntil(
      `${name} is shown`,
      async () => {
        await meanwhile();
        const { alerts } = await shown();
        return alerts.find(([text]) => text.includes(name) && !text.startsWith("pending"));
      },
      60_000,
      pauseMs,
    );
  const look = async (name: string) => {
    if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  };

  // State: new and empty.
  await shows(/✓Serving The cache is new and empty/);
  assert.equal(await page.title(), `Serving: Registry cache ${region} (${chain.cache.url.host})`);
  assert.equal(await page.textContent("h1"), `Registry cache ${region}`);
  assert.equal(await page.textContent("header code"), chain.cache.url.origin);
  assert.equal(await page.textContent("tbody code"), "giantswarm/**");
  await look("new");

  // State: healthy.
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 20 });
  await push(chain.registry.url, image);
  const layer = image.blobs.find(({ size }) => size > 1e6);
  const blob = new URL(`/v2/giantswarm/app/blobs/${layer?.digest}?ns=${registryName}`, chain.cache.url);
  for (let count = 0; count < 4; count++) await downloads(1, blob, { ca: chain.cache.ca });
  const figures = new Map([
    ["Requests", "4"],
    ["Blobs from the cache", "75.0 %"],
    ["Sent to clients", "80.0 MB"],
    ["Fetched from upstreams", "20.0 MB"],
    ["Saved", "60.0 MB"],
    ["Failed requests (5xx)", "0"],
  ]);
  await says("what was pulled", (it) => {
    const all = new Map(it.figures.map(([name = "", ...texts]) => [name, texts]));
    return [...figures].every(([name, text]) => all.get(name)?.every((it) => it === text));
  });
  await shows(/✓Serving No alerts/, {
    "✓Endpoint": /^answers$/,
    "✓Upstream gsoci": /^answers in [\d.]+ m?s$/,
    "✓Parts": /^all \d answer$/,
  });
  const { plots, figures: texts } = await shown();
  assert.match(texts.find(([name]) => name?.includes("of a hit"))?.[1] ?? "", /^\d[\d.]* m?s$/);
  assert.match(plots[0] ?? "", /blobs: latest 75\.0 %/);
  assert.match(plots[1] ?? "", /to clients: latest 266\.7 kB\/s,.*; from upstreams: latest 66\.7 kB\/s/);
  // The pointer selects the values of another time.
  const legend = page.locator("#legend0");
  assert.match((await legend.textContent()) ?? "", /^blobs 75\.0 %manifests and tags –latest$/);
  await page.locator("#plot0 svg").hover({ position: { x: 200, y: 60 } });
  assert.match((await legend.textContent()) ?? "", /^blobs –manifests and tags –.*\d\d:\d\d$/);
  await page.mouse.move(0, 0);
  assert.match((await legend.textContent()) ?? "", /latest$/);
  await look("well");

  // This cache doesn't follow a Pod.
  const ofPod = ["Runs", "Wanted", "The last change failed"];
  const shownOfPod = async () =>
    (await shown()).lines.map(([name]) => name).filter((it) => ofPod.includes(it.replace(/[✓✕]/, "")));
  assert.deepEqual(await shownOfPod(), []);
  const [pod, next] = ["0123456789ab", "ba9876543210"];
  const state = { wanted: pod, applied: pod, appliedSeconds: Date.now() / 1000 };
  const machine = parts.use(await startMachine(chain.cache, state));
  await shows(/^/, { Runs: new RegExp(`^${pod} since .* ago\\)$`), "✓Wanted": /^the same$/ });

  machine.state = { ...state, wanted: next, failure: "image" };
  await shows(/!Serving, with warnings The cache doesn't take up changes \(image\)/, {
    "✕Wanted": new RegExp(`^${next}, not applied yet$`),
    "✕The last change failed": /^image$/,
    Runs: new RegExp(`^${pod} `),
  });
  assert.deepEqual(
    (await alert("RegistryCachePodOutdated"))[1],
    "https://runbooks.example.com/RegistryCachePodOutdated",
  );

  // `npm run regions` reads the same values.
  const statusPage = `http://127.0.0.1:${ports.edgeStatus}/`;
  const running = await runningPod(statusPage, { ca: undefined, timeoutSeconds: 5 });
  assert.deepEqual(running, { wanted: next, applied: pod });
  const { url, ca } = chain.cache;
  const health = await healthOf({ endpoint: url.origin, ca: { certificate: ca } });
  assert.deepEqual([health.ok, health.status, health.problems], [true, 200, []]);
  machine.state = state;

  // State: the upstream is down.
  await chain.proxy.stopListening();
  await alert("RegistryCacheUpstreamUnreachable");
  await shows(
    /!Degraded The upstream gsoci doesn't answer, or gives no manifests\. The cache serves what it has/,
    { "✕Upstream gsoci": /^doesn't answer$/ },
  );
  await look("upstream-away");

  // State: the disk is full. The page is on a phone, in dark mode.
  await chain.proxy.listen();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  // The reserve is 64 MiB, and Prometheus needs a part of it. The cache frees space, which this fills again.
  await alert("RegistryCacheDiskFull", () => leaveFree(disk.path, 20 * 1024 * 1024));
  await shows(/Degraded/, { "✕Free on the disk": /; the reserve is / });
  assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off");
  await look("disk-full");
  assert.deepEqual(errors, []);

  // State: Prometheus is down.
  await page.route("**/api/v1/**", (route) => route.abort());
  await page.reload();
  await page.locator("#verdict b", { hasText: "Unknown" }).waitFor();
  assert.match((await page.textContent("#verdict")) ?? "", /Prometheus doesn't answer \(.+\)/);
});
