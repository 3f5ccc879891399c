/** The status page in a real browser without a cache, for people who use a keyboard or a screen reader. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { statusPage } from "../../components/monitoring/status-page/status-page.ts";
import { type SampleState, sampleAnswer } from "../../scripts/screenshots/sample-day.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const start = new Date("2026-01-02T12:00:00Z");

/** What Prometheus answers. A test changes it between two refreshes. */
interface Answers {
  state: SampleState;
  /** Changes the JSON of an answer. */
  edit: (json: string, path: string) => string;
}

async function open(t: TestContext, state: SampleState, width = 1180) {
  const browser = scope(t).use(await chromium.launch({ executablePath: "/usr/bin/chromium" }));
  const page = await browser.newPage({ viewport: { width, height: 900 }, timezoneId: "UTC" });
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  const answers: Answers = { state, edit: (json) => json };
  const document = statusPage({
    region: "eu-central-1",
    endpoint: "https://cache.example.com",
    host: "aws vm",
    upstreams: [],
    redirected: false,
  });
  await page.route("**/*", (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const [, path] = /^\/api\/v1\/(\w+)$/.exec(pathname) ?? [];
    if (path === undefined) return route.fulfill({ contentType: "text/html", body: document });
    const data = sampleAnswer(answers.state, start.getTime() / 1000, path, searchParams);
    return route.fulfill({ body: answers.edit(JSON.stringify({ status: "success", data }), path) });
  });
  await page.clock.install({ time: start });
  await page.goto("http://status.example.com/");
  for (const part of ["#state div", "#plot3 path"]) await page.waitForSelector(part);
  /** Lets time pass until the page shows what an expression asks for. */
  const after = async (seconds: number, what: string) => {
    await page.clock.runFor(1000 * seconds);
    await waitUntil(what, () => page.evaluate<boolean>(what), 10_000, 50);
  };
  return { page, answers, after, errors };
}

/** The first slider as screen readers get it: https://chromedevtools.github.io/devtools-protocol/tot/Accessibility/ */
async function slider(page: Page) {
  const session = await page.context().newCDPSession(page);
  const { root } = await session.send("DOM.getDocument");
  const query = { backendNodeId: root.backendNodeId, role: "slider" };
  const { nodes } = await session.send("Accessibility.queryAXTree", query);
  const [name, description] = [nodes[0]?.name, nodes[0]?.description].map((text) => String(text?.value));
  // The protocol leaves the text of a value empty.
  return {
    name,
    description,
    valueText: await page.getByRole("slider").first().getAttribute("aria-valuetext"),
  };
}

test("keeps the focus on a runbook while alerts change, and says only the verdict and their names", async (t) => {
  const { page, answers, after, errors } = await open(t, "upstream away");
  const link = page.locator("#alerts li", { hasText: "RegistryCacheUpstreamUnreachable" }).getByRole("link");
  await link.focus();
  await page.evaluate(`{
    focused = document.activeElement;
    said = [];
    for (const place of document.querySelectorAll("[role=status], [aria-live]"))
      new MutationObserver(() => said.push(place.textContent)).observe(place, { subtree: true, childList: true, characterData: true });
  }`);
  const isKept = () =>
    page.evaluate<boolean>("focused === document.activeElement && focused.textContent === 'Runbook'");
  assert.ok(await isKept());
  const says = (text: string) => `document.querySelector("#alerts").textContent.includes("${text}")`;

  for (const minutes of ["42", "43"]) {
    answers.edit = (json) => json.replace("tags as they were", `tags are ${minutes} min old`);
    await after(15, says(`tags are ${minutes} min old`));
    assert.ok(await isKept());
  }
  assert.deepEqual(await page.evaluate("said"), []);

  // Another alert fires, and now comes first.
  answers.edit = (json) => json.replaceAll('"pending"', '"firing"');
  await after(15, says("hasn't answered for 12 h"));
  assert.equal(await page.evaluate("document.activeElement.href"), await link.getAttribute("href"));
  assert.match(await page.locator("#alerts li").first().innerText(), /RegistryCacheTagsOutdated/);
  assert.deepEqual(await page.evaluate("said"), [
    "Degraded, RegistryCacheTagsOutdated, RegistryCacheUpstreamUnreachable",
  ]);

  // The focus stays near an alert that ends: on another runbook, or on the verdict.
  answers.edit = (json) =>
    json
      .replaceAll('"pending"', '"firing"')
      .replaceAll("RegistryCacheUpstreamUnreachable", "RegistryCacheOther");
  await after(15, says("RegistryCacheOther"));
  assert.equal(
    await page.evaluate("document.activeElement.href"),
    await page.locator("#alerts a").first().getAttribute("href"),
  );
  answers.state = "well";
  await after(15, `document.querySelector("#said").textContent === "Serving"`);
  assert.equal(await page.locator("#alerts").innerHTML(), "");
  assert.equal(await page.evaluate("document.activeElement.id"), "verdict");
  assert.deepEqual(errors, []);
});

test("shows the values at a time by keys, and says them as a slider's", async (t) => {
  const { page, after, errors } = await open(t, "well");
  const [plot, legend] = [page.locator("#plot0"), page.locator("#legend0")];
  const { name, description = "", valueText } = await slider(page);
  assert.equal(name, "Answered from the cache by time");
  assert.match(valueText ?? "", /^blobs \S+ %, manifests and tags \S+ %, latest$/);
  const [, lowest = "", time = ""] = /blobs: .*?lowest (\S+ %) at (\d\d:\d\d)/.exec(description) ?? [];
  assert.match(lowest, /%$/, description);
  const shown = async () => (await legend.innerText()).split("\n").at(-1);
  assert.equal(await shown(), "latest");
  await plot.focus();
  const times: string[] = [];
  for (const key of ["ArrowLeft", "ArrowDown", "ArrowUp", "End", "ArrowRight", "Home", "ArrowLeft"]) {
    await plot.press(key);
    times.push((await shown()) ?? "");
  }
  const first = "1 Jan, 12:00";
  assert.deepEqual(times, ["11:55", "11:50", "11:55", "12:00", "12:00", first, first]);
  await plot.press("Escape");
  assert.equal(await shown(), "latest");
  for (let presses = 0; (await shown()) !== time; presses++) {
    assert.ok(presses < 289, "the time of the lowest value can be reached");
    await plot.press("ArrowLeft");
  }
  assert.ok((await legend.innerText()).includes(lowest));
  assert.equal((await slider(page)).valueText, (await legend.innerText()).replaceAll("\n", ", "));

  // Neither an update nor another width nor the pointer changes the choice.
  const cursorLeft = () => plot.locator(".cursor").evaluate((it) => it.getBoundingClientRect().left);
  const left = await cursorLeft();
  const hour = await plot.locator("text.x").first().getAttribute("x");
  await after(301, `document.querySelector("#plot0 text.x").getAttribute("x") !== "${hour}"`);
  assert.equal(await shown(), time);
  assert.ok((await cursorLeft()) < left, "the time moves to the left");
  const width = await plot.locator("svg").getAttribute("width");
  await page.setViewportSize({ width: 800, height: 900 });
  await waitUntil(
    "the plot is narrower",
    async () => (await plot.locator("svg").getAttribute("width")) !== width,
  );
  assert.equal(await shown(), time);
  await plot.hover({ position: { x: 70, y: 60 } });
  assert.notEqual(await shown(), time);
  await page.mouse.move(0, 0);
  assert.equal(await shown(), time);
  await plot.blur();
  assert.equal(await shown(), "latest");
  assert.deepEqual(errors, []);
});

test("keeps all plots when an update fails, and says once since when", async (t) => {
  const { page, answers, after, errors } = await open(t, "well");
  answers.edit = (json, path) => (path === "query_range" ? '{"status":"error","error":"too busy"}' : json);
  const late = `document.querySelector("#late").textContent`;
  await after(301, `${late} === "Not updated since 12:00: too busy"`);
  assert.equal(await page.locator("#late").getAttribute("role"), "status");
  assert.equal(await page.locator(".plot path").count(), 8);
  await page.locator("#plot0 svg").hover({ position: { x: 200, y: 60 } });
  assert.match(await page.locator("#legend0").innerText(), /\d\d:\d\d$/);
  answers.edit = (json) => json;
  await after(16, `${late} === ""`);
  assert.deepEqual(errors, []);
});

for (const [width, state] of [
  [320, "well"],
  [320, "upstream away"],
  [1180, "well"],
] as const) {
  test(`cuts no label of an axis, also with more space between letters: ${width} px, ${state}`, async (t) => {
    const { page } = await open(t, state, width);
    // https://www.w3.org/TR/WCAG22/#text-spacing
    await page.evaluate(`{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important }");
      document.adoptedStyleSheets = [sheet];
    }`);
    const cut = `Array.from(document.querySelectorAll("svg text")).filter((text) => {
      const [inner, outer] = [text, text.ownerSVGElement].map((it) => it.getBoundingClientRect());
      const isInside = inner.left >= outer.left && inner.right <= outer.right;
      const isShown = getComputedStyle(text.ownerSVGElement).overflow === "visible" && inner.left >= 0 && inner.right <= innerWidth;
      return !isInside && !isShown;
    }).map((text) => text.textContent)`;
    assert.deepEqual(await page.evaluate(cut), []);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
    // The cursor is out of sight until it is used.
    assert.equal(await page.locator("#plot0 .cursor").evaluate((it) => it.getBoundingClientRect().height), 0);
  });
}
