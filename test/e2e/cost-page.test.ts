/** The page of the cost review in a real browser. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { infracost } from "../support/infracost.ts";
import { scope } from "../support/scope.ts";

const inBrowser = join(import.meta.dirname, "../support/in-browser.js");

suite("the page of the cost review", () => {
  const started = scope({ after });
  let project: CostProject;
  let file: string;
  let browser: Browser;

  before(async () => {
    project = started.use(await costProject());
    await project.setStack("aws-eu-central-1", stackFiles.aws);
    await project.setStack("azure-westeurope", stackFiles.azure);
    await project.setStack("<b>&amp;", stackFiles.local);
    await project.setStack("wrong", "config: {}");
    file = join(project.directory, "cost.html");
    const { exitCode } = await project.cost("--format", "html", "--out", file);
    assert.equal(exitCode, 1, "one file is wrong");
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium" });
    started.defer(() => browser.close());
  });

  /** Opens it without a network; what the browser complains about, and what the page asks for, goes into the lists. */
  async function open(width: number, colorScheme: "light" | "dark" = "light") {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }

  test("needs nothing but itself, and the browser has no complaint", async () => {
    const { complaints, requests } = await open(1280);
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [pathToFileURL(file).href]);
  });

  test("the tables have the amounts of the JSON", async () => {
    const { page } = await open(1280);
    const { stdout } = await project.cost("--format", "json");
    const { projects } = infracost.parse(JSON.parse(stdout));
    const overview = await look<string[][]>(page, "rowsOf", '[aria-label="All regions"]');
    let all = 0;
    for (const { name, breakdown } of projects) {
      const row = overview.find(([region]) => region?.startsWith(name));
      // Infracost's totals leave out what has no price.
      const { estimate } = (breakdown.resources[0]?.metadata ?? {}) as { estimate?: RegionEstimate };
      const expected = estimate?.range?.expectedUSD ?? 0;
      all += expected;
      assert.equal(amountIn(row?.[1]), expected.toFixed(2), name);
      for (const { metadata: _, costComponents } of breakdown.resources) {
        const lines = await look<string[][]>(page, "rowsOf", `[id^="${name}/"] [aria-label="Lines"]`);
        for (const component of costComponents ?? []) {
          const line = lines.find(([title]) => title === component.name);
          const cost =
            component.monthlyCost === null ? "not found" : Number(component.monthlyCost).toFixed(2);
          assert.equal(line?.[1] === "not found" ? line[1] : amountIn(line?.[1]), cost, component.name);
        }
      }
    }
    assert.equal(amountIn(overview.at(-1)?.[1]), all.toFixed(2));
  });

  test("texts of the configuration are texts, and problems are said", async () => {
    const { page } = await open(1280);
    assert.equal(await page.locator("h2", { hasText: "<b>&amp;, local" }).count(), 1);
    assert.match(
      await page.locator(".problems").innerText(),
      /stacks\/Pulumi\.wrong\.yaml.*provider.*is missing/s,
    );
  });

  test("the bars are as long as their amounts", async () => {
    const { page } = await open(1280);
    for (const chart of [".bars:nth-child(1) ol", ".bars:nth-child(2) ol"]) {
      const bars = (await look<Bar[]>(page, "barsOf", chart)).map(({ text, widths }) => ({
        amount: Number(amountIn(text)),
        width: widths.reduce((sum, width) => sum + width, 0),
      }));
      assert.ok(bars.length >= 3);
      const longest = bars.reduce((one, other) => (other.width > one.width ? other : one));
      assert.ok(longest.width > 100);
      for (const { amount, width } of bars) {
        // A bar by region has the customers' part on top of its amount.
        assert.ok(amount === 0 ? width < 1 : width > 0, `${amount}: ${width}`);
      }
    }
  });

  for (const [what, width, scheme] of [
    ["a desktop", 1280, "light"],
    ["a phone", 390, "light"],
    ["a phone, dark", 390, "dark"],
  ] as const) {
    test(`on ${what}: nothing sticks out, nothing overlaps, and all can be read`, async () => {
      const { page } = await open(width, scheme);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      const plots = await look<Plot[]>(page, "plotsOf", ".plot");
      assert.equal(plots.length, 2);
      for (const { lines, marks, overlapping } of plots) {
        assert.ok(lines.length >= 5, "alternatives");
        for (const { width: length, inside } of lines) assert.ok(length > 100 && inside);
        assert.ok(marks.some((mark) => mark.startsWith("assumed")));
        assert.deepEqual(overlapping, []);
      }
      assert.ok((await look<number>(page, "contrastOf", ".axis")) >= 4.5);
    });
  }
});

interface Plot {
  readonly lines: readonly { readonly width: number; readonly inside: boolean }[];
  readonly overlapping: readonly string[];
  readonly marks: readonly string[];
}

interface Bar {
  readonly text: string;
  readonly widths: readonly number[];
}

/** One of the functions of {@link inBrowser}, for a selector. */
async function look<Found>(page: Page, what: string, selector: string): Promise<Found> {
  await page.addScriptTag({ path: inBrowser });
  return page.evaluate<Found>(`${what}(${JSON.stringify(selector)})`);
}

/** `1234.50` of `$1,234.50 ($1,200.00 to $2,345.60)`. */
function amountIn(text: string | undefined): string | undefined {
  return text?.replaceAll(",", "").match(/\$([\d.]+)/)?.[1];
}
