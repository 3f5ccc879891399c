/** The status page in a real browser. */
import assert from "node:assert/strict";
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
import { waitUntil } from "../support/wait.ts";

/** What the page calls a reason. */
const failed = "The last change failed, because of";

/** Where a person can look at it afterwards. */
const screenshot = process.env.STATUS_PAGE_SCREENSHOT;

const cells =
  'Array.from(document.querySelectorAll("tr"), (row) => Array.from(row.cells, (cell) => cell.textContent))';

test("the status page shows in a browser what the cache does, and what is wrong", async (t) => {
  const parts = scope(t);
  const chain = await startChain(parts, { secondsPerMinute: 1 });
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 20 });
  await push(chain.registry.url, image);
  const layer = image.blobs.find(({ size }) => size > 1e6);
  const blob = new URL(`/v2/giantswarm/app/blobs/${layer?.digest}?ns=${registryName}`, chain.cache.url);
  for (let count = 0; count < 4; count++) await downloads(1, blob, { ca: chain.cache.ca });

  const { podName, ports } = chain.cache.layout;
  const region = podName.replace("registry-cache-", "");
  const browser = parts.use(await chromium.launch({ executablePath: "/usr/bin/chromium" }));
  const page = await browser.newPage({ viewport: { width: 900, height: 900 }, colorScheme: "light" });
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (it) => it.type() === "error" && errors.push(it.text()));
  const shown = async () => {
    await page.goto(`http://127.0.0.1:${ports.edgeStatus}/`);
    await page.waitForSelector("td");
    const lines = await page.evaluate<string[][]>(cells);
    return new Map(lines.map(([name = "", value = ""]) => [name, value]));
  };
  const says = (name: string, value: string) =>
    waitUntil(`${name}: ${value}`, async () => (await shown()).get(name) === value, 60_000);

  await says("The endpoint answers", "yes");
  assert.equal(await page.title(), `Registry cache ${region}`);
  assert.equal(await page.textContent("h1"), `Registry cache ${region}`);
  await says("The upstream answers, gsoci", "yes");
  await says("All parts answer", "yes");
  await says("Came from the cache, gsoci, blob", "75.0 %");
  await says("Went to clients, gsoci", "80.0 MB");
  await says("Came from the upstream, gsoci", "20.0 MB");
  assert.match(
    (await shown()).get("95 of 100 first bytes from the cache within, blob") ?? "",
    /^\d\.\d{3} s$/,
  );
  // Nothing here follows a Pod.
  const ofPod = ["The Pod that runs", "It runs since", "Another Pod is wanted", failed];
  const shownOfPod = async () => [...(await shown()).keys()].filter((name) => ofPod.includes(name));
  assert.deepEqual(await shownOfPod(), []);
  const [pod, next] = ["0123456789ab", "ba9876543210"];
  const state = { wanted: pod, applied: pod, appliedSeconds: Date.now() / 1000 };
  const machine = parts.use(await startMachine(chain.cache, state));
  await says("The Pod that runs", pod);
  assert.match((await shown()).get("It runs since") ?? "", new RegExp(`${new Date().getFullYear()}`));
  assert.deepEqual(await shownOfPod(), ofPod.slice(0, 2));
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });

  machine.state = { ...state, wanted: next, failure: "image" };
  await says("Another Pod is wanted", next);
  await says(failed, "image");
  assert.equal((await shown()).get("The Pod that runs"), pod);
  assert.equal(await page.textContent(".bad"), `${failed}image`);
  await waitUntil("the alert names the reason", async () =>
    [...(await shown()).keys()].includes(
      "The cache doesn't take up changes (image). It runs with its earlier configuration.",
    ),
  );

  // `npm run regions` reads the same.
  const statusPage = `http://127.0.0.1:${ports.edgeStatus}/`;
  const running = await runningPod(statusPage, { ca: undefined, timeoutSeconds: 5 });
  assert.deepEqual(running, { wanted: next, applied: pod });
  const { url, ca } = chain.cache;
  const health = await healthOf({ endpoint: url.origin, ca: { certificate: ca } });
  assert.deepEqual([health.ok, health.status, health.problems], [true, 200, []]);

  await chain.proxy.stopListening();
  await says("The upstream answers, gsoci", "no");
  await waitUntil("the alert is shown", async () =>
    [...(await shown()).values()].includes("RegistryCacheUpstreamUnreachable"),
  );
  if (screenshot) await page.screenshot({ path: screenshot.replace(".png", "-bad.png"), fullPage: true });
  assert.deepEqual(errors, []);
});
