/**
 * Takes the screenshots in docs/images with this machine's Chromium: the status page after a sample day, and the cost of the stacks.
 * Usage: npm exec -- node scripts/screenshots.ts [CHROMIUM]
 */
import { once } from "node:events";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { type Browser, chromium } from "playwright-core";
import { statusPage } from "../components/monitoring/status-page/status-page.ts";
import { type SampleState, sampleAnswer } from "./screenshots/sample-day.ts";

const directory = join(import.meta.dirname, "..", "docs", "images");

/** A screenshot for docs/images. */
interface Picture {
  readonly file: string;
  /** A state of the status page, or the page of `npm run cost`. */
  readonly of: SampleState | "cost";
  readonly dark?: boolean;
  /** In pixels. @default 1180 */
  readonly width?: number;
  /** In pixels. @default the whole page */
  readonly height?: number;
}

const pictures: readonly Picture[] = [
  { file: "status-page.webp", of: "well" },
  { file: "status-page-dark.webp", of: "well", dark: true },
  { file: "status-page-upstream-away.webp", of: "upstream away" },
  { file: "status-page-phone.webp", of: "disk full", width: 390, height: 1300 },
  { file: "cost-page.webp", of: "cost", height: 1150 },
];

const page = statusPage({
  region: "eu-central-1",
  endpoint: "https://cache.eu-central-1.example.com",
  host: "aws vm",
  upstreams: [
    {
      name: "gsoci",
      registry: "gsoci.azurecr.io",
      url: "https://gsoci.azurecr.io",
      repositories: ["giantswarm/**", "charts/giantswarm/**"],
    },
    { name: "ghcr", registry: "ghcr.io", url: "https://ghcr.io", repositories: ["example/*"] },
  ],
  redirected: false,
});

/** Serves the page and its data until the server is closed. Each state has its own path. */
async function serve() {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, state = "", path = ""] = /^\/([^/]+)\/(?:api\/v1\/(\w+))?$/.exec(url.pathname) ?? [];
    if (path === "") return response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    const sample = decodeURIComponent(state) as SampleState;
    const data = sampleAnswer(sample, Date.now() / 1000, path, url.searchParams);
    return response.end(JSON.stringify({ status: "success", data }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** @param addresses returns the URL of a page */
async function picture(
  browser: Browser,
  addresses: (of: Picture["of"]) => string,
  { of, dark = false, width = 1180, height }: Picture,
): Promise<Buffer> {
  const tab = await browser.newPage({
    viewport: { width, height: height ?? 800 },
    colorScheme: dark ? "dark" : "light",
    deviceScaleFactor: width < 500 ? 1.5 : 1.25,
  });
  await tab.goto(addresses(of));
  if (of !== "cost") for (const part of ["#plot3 path", "#figures td"]) await tab.waitForSelector(part);
  const session = await tab.context().newCDPSession(tab);
  // Playwright's own screenshots support only PNG and JPEG.
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 75,
    captureBeyondViewport: height === undefined,
  });
  await tab.close();
  return Buffer.from(data, "base64");
}

if (import.meta.main) {
  const [executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
  await using scratch = await mkdtempDisposable(join(tmpdir(), "screenshots-"));
  const costPage = join(scratch.path, "cost.html");
  const cost = [join(import.meta.dirname, "cost.ts"), "--format", "html", "--out", costPage];
  await execa(process.execPath, cost, { stdout: "inherit" });
  await using server = await serve();
  const { port } = server.address() as AddressInfo;
  const addresses = (of: Picture["of"]) =>
    of === "cost" ? pathToFileURL(costPage).href : `http://127.0.0.1:${port}/${encodeURIComponent(of)}/`;
  await using browser = await chromium.launch({ executablePath });
  await mkdir(directory, { recursive: true });
  for (const it of pictures) {
    const content = await picture(browser, addresses, it);
    await writeFile(join(directory, it.file), content);
    console.log(`docs/images/${it.file}: ${Math.round(content.length / 1000)} kB`);
  }
}
