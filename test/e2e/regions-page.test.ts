/** The page of all regions in a real browser. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { costProject, stackFiles } from "../support/cost-project.ts";
import { importedStacks } from "../support/imported-stacks.ts";
import { freePort } from "../support/ports.ts";
import { scope } from "../support/scope.ts";

/** A file for people to look at the page later. */
const screenshot = process.env.REGIONS_PAGE_SCREENSHOT;

const cells =
  'Array.from(document.querySelectorAll("tbody tr"), (row) => Array.from(row.cells, (cell) => cell.textContent))';

test("shows all regions and what is wrong, and loads nothing from elsewhere", async (t) => {
  const parts = scope(t);
  const backend = parts.use(await importedStacks());
  const project = parts.use(await costProject(backend.environment));
  await project.setStack("<b>&amp;", stackFiles.local);
  await project.setStack("azure-westeurope", stackFiles.azure);
  await project.setStack("wrong", "config: {}");
  const endpoint = `https://127.0.0.1:${await freePort()}`;
  const cache = { endpoint, topology: "vm", storage: { kind: "disk" }, upstreams: [] };
  await backend.withOutputs("azure-westeurope", {
    caches: { westeurope: cache },
    monitoring: { westeurope: { statusPage: `${endpoint}/status` } },
  });
  const file = join(project.directory, "regions.html");
  const { exitCode } = await project.regions("html", "--out", file);
  assert.equal(exitCode, 1, "one file is wrong");

  const browser = parts.use(await chromium.launch({ executablePath: "/usr/bin/chromium" }));
  for (const [width, colorScheme] of [
    [1280, "light"],
    [390, "dark"],
  ] as const) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    if (screenshot) await page.screenshot({ path: `${screenshot}-${width}.png`, fullPage: true });
    assert.deepEqual([complaints, requests], [[], [pathToFileURL(file).href]]);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width, "nothing sticks out");
    const rows = await page.evaluate<string[][]>(cells);
    const [local, azure] = [
      rows.find(([name]) => name === "<b>&amp;, local"),
      rows.find(([name]) => name === "azure-westeurope"),
    ];
    assert.deepEqual(local?.slice(1, 5), ["local vm", "localhost:8443", "gsoci.azurecr.io", "not up"]);
    assert.deepEqual(azure?.slice(5, 11), [
      "",
      "not reached",
      "",
      "",
      "pinned",
      "changed: endpoint, upstreams",
    ]);
    assert.equal(rows.length, 2);
    assert.equal(await page.getByRole("link").getAttribute("href"), `${endpoint}/status`);
    const texts = await page.locator(".problems").allInnerTexts();
    assert.match(texts.join("\n"), /stacks\/Pulumi\.wrong\.yaml.*provider.*is missing/s);
    assert.match(texts.join("\n"), /azure-westeurope: the connection is refused/);
  }
});
