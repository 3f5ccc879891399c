/**
 * Makes the pictures of the status page in docs/images, with the Chromium of this machine and the answers of a sample day.
 * Usage: node scripts/screenshots.ts [CHROMIUM]
 */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { statusPage } from "../components/monitoring/status-page/status-page.ts";
import { type SampleState, sampleAnswer } from "./screenshots/sample-day.ts";

const directory = join(import.meta.dirname, "..", "docs", "images");

interface Picture {
  readonly file: string;
  readonly state: SampleState;
  readonly dark?: boolean;
  readonly width?: number;
}

const pictures: readonly Picture[] = [
  { file: "status-page.webp", state: "well" },
  { file: "status-page-dark.webp", state: "well", dark: true },
  { file: "status-page-upstream-away.webp", state: "upstream away" },
  { file: "status-page-phone.webp", state: "disk full", width: 390 },
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

/** Serves the page and the answers until it is closed, each state at a path of its own. */
async function serve() {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, state = "", path = ""] = /^\/([^/]+)\/(?:api\/v1\/(\w+))?$/.exec(url.pathname) ?? [];
    if (path === "") return response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    const data = sampleAnswer(
      decodeURIComponent(state) as SampleState,
      Date.now() / 1000,
      path,
      url.searchParams,
    );
    return response.end(JSON.stringify({ status: "success", data }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

async function picture(
  browser: Browser,
  origin: string,
  { state, dark = false, width = 1180 }: Picture,
): Promise<Buffer> {
  const tab = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    deviceScaleFactor: width < 500 ? 1.5 : 1.25,
  });
  await tab.goto(`${origin}/${encodeURIComponent(state)}/`);
  await tab.waitForSelector("#plot3 path");
  await tab.waitForSelector("#figures td");
  const session = await tab.context().newCDPSession(tab);
  // Playwright's own screenshots are PNG or JPEG.
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 75,
    captureBeyondViewport: true,
  });
  await tab.close();
  return Buffer.from(data, "base64");
}

if (import.meta.main) {
  const [executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
  const server = await serve();
  const { port } = server.address() as AddressInfo;
  const browser = await chromium.launch({ executablePath });
  try {
    await mkdir(directory, { recursive: true });
    for (const it of pictures) {
      const content = await picture(browser, `http://127.0.0.1:${port}`, it);
      await writeFile(join(directory, it.file), content);
      console.log(`docs/images/${it.file}: ${Math.round(content.length / 1000)} kB`);
    }
  } finally {
    await browser.close();
    server.close();
  }
}
