/** The cost review's page in a real browser. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { notFound } from "../../components/cost/line.ts";
import { type CostProject, costProject, reviewIn, stackFiles } from "../support/cost-project.ts";
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

  /** Opens it, and records the browser's complaints and the page's requests. */
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

  test("loads nothing from elsewhere, and the browser has no complaint", async () => {
    const { complaints, requests } = await open(1280);
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [pathToFileURL(file).href]);
  });

  test("shows the amounts of the JSON in its tables", async () => {
    const { page } = await open(1280);
    const { stdout } = await project.cost("--format", "json");
    const overview = await look<string[][]>(page, "rowsOf", '[aria-label="All regions"]');
    let all = 0;
    const { regions } = reviewIn(stdout);
    for (const [index, { stack, estimate }] of regions.entries()) {
      const row = overview.find(([region]) => region?.startsWith(stack));
      if (estimate.lines.length === 0) {
        assert.equal(row?.[1], "not priced", stack);
        continue;
      }
      const expected = estimate.range?.expectedUSD ?? 0;
      all += expected;
      assert.equal(amountIn(row?.[1]), expected.toFixed(2), stack);
      const lines = await look<string[][]>(
        page,
        "rowsOf",
        `.region:nth-of-type(${index + 1}) [aria-label^="Lines of "]`,
      );
      for (const { name, monthlyCost } of estimate.lines) {
        const cell = lines.find(([title]) => title === name)?.[1];
        assert.equal(
          cell === notFound ? cell : amountIn(cell),
          monthlyCost === notFound ? notFound : monthlyCost.toFixed(2),
          name,
        );
      }
    }
    assert.equal(amountIn(overview.at(-1)?.[1]), all.toFixed(2));
  });

  test("gives tables and regions names of their own for screen readers", async () => {
    const { page } = await open(1280);
    const labels = await page.locator("[role=region]").evaluateAll((all) => all.map((it) => it.ariaLabel));
    assert.deepEqual(labels, [...new Set(labels)]);
    assert.doesNotMatch(await page.locator("main").ariaSnapshot(), /[▸▾]/);
  });

  test("shows texts of the configuration as text, and shows problems", async () => {
    const { page } = await open(1280);
    assert.equal(await page.locator("h2", { hasText: "<b>&amp;, local" }).count(), 1);
    assert.match(
      await page.locator(".problems").innerText(),
      /stacks\/Pulumi\.wrong\.yaml.*provider.*is missing/s,
    );
  });

  for (const [what, width, scheme] of [
    ["a desktop", 1280, "light"],
    ["a phone", 390, "light"],
    ["a phone, dark", 390, "dark"],
  ] as const) {
    test(`fits ${what}, and all text is readable`, async () => {
      const { page } = await open(width, scheme);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      for (const selector of ["header p", ".headline", "thead th", "td"]) {
        assert.ok((await look<number>(page, "contrastOf", selector)) >= 4.5, selector);
      }
    });
  }
});

/** Calls one of the functions of {@link inBrowser} with a selector. */
async function look<Found>(page: Page, what: string, selector: string): Promise<Found> {
  await page.addScriptTag({ path: inBrowser });
  return page.evaluate<Found>(`${what}(${JSON.stringify(selector)})`);
}

/** `1234.50` of `$1,234.50 ($1,200.00 to $2,345.60)`. */
function amountIn(text: string | undefined): string | undefined {
  return text?.replaceAll(",", "").match(/\$([\d.]+)/)?.[1];
}
