import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Upstream } from "../../config/schema.ts";
import { registryUrl } from "../../config/upstream.ts";
import { Html, html, type Html as Part } from "./page/html.ts";
import { lastDay } from "./page/plots.ts";

/** The page's content that doesn't come from Prometheus. */
export interface StatusPageFacts {
  /** The region's name. */
  readonly region: string;
  /** URL that clients connect to. */
  readonly endpoint: string;
  /** The kind of host that the cache runs on: `aws vm`. */
  readonly host: string;
  readonly upstreams: readonly Pick<Upstream, "name" | "registry" | "url" | "repositories">[];
  /** Whether nodes get blobs from the bucket. The cache then doesn't count their bytes. */
  readonly redirected: boolean;
}

const generated = (name: string) => readFileSync(new URL(`generated/${name}`, import.meta.url), "utf8");
const [style, code] = [generated("page.css"), generated("page.js")];

/** Allows only the page's own style and script, and requests to its own server. https://www.w3.org/TR/CSP3/ */
const contentSecurityPolicy = [
  "default-src 'none'",
  "connect-src 'self'",
  `style-src '${digestOf(style)}'`,
  `script-src '${digestOf(code)}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function digestOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

const { first, last, step } = lastDay(0);
const lastStep = (last - first) / step;

/** The maximum number of globs shown per upstream. The page is part of the Pod, which is limited to 64 KiB in Azure. */
const maxGlobs = 8;

/** The status page of a region's cache: one HTML file that uses Prometheus's HTTP API on the same server. It needs no other file or server. */
export function statusPage({ region, endpoint, host, upstreams, redirected }: StatusPageFacts): string {
  const { host: authority } = new URL(endpoint);
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Registry cache ${region} (${authority})</title>
<style>${new Html(style)}</style>
<header>
<h1>Registry cache ${region}</h1>
<p><code>${endpoint}</code> <span>${host}</span></p>
</header>
<main>
<p id="said" role="status"></p>
<div id="verdict" tabindex="-1"><p class="unknown"><i aria-hidden="true">?</i><b>Asking Prometheus</b></p></div>
<noscript><p>This page shows what Prometheus says, by a script.</p></noscript>
<section id="alerts"></section>
<section>
<h2>Last hour and last day</h2>
<div id="figures"></div>
${redirected ? html`<p class="dim">Bytes that nodes take from the bucket aren't counted here.</p>` : undefined}
</section>
<section>
<h2>Now</h2>
<div id="state"></div>
</section>
<section class="wide">
<h2>Last day</h2>
<div id="late" role="status"></div>
<div class="plots">
${["Answered from the cache", "Bytes per second", "First byte, 95th percentile", "Disk"].map(
  (title, index) => html`<figure>
<figcaption>${title}</figcaption>
<div id="plot${index}" class="plot" role="slider" aria-label="${title} by time" aria-describedby="day${index}" aria-valuemin="0" aria-valuemax="${lastStep}" aria-valuenow="${lastStep}" aria-valuetext="no data yet" tabindex="0"></div>
<ul id="legend${index}" class="legend"></ul>
</figure>
`,
)}</div>
</section>
<section class="wide">
<h2>What it is told to serve</h2>
<div class="scroll" role="region" aria-label="Registries" tabindex="0"><table class="registries">
<thead><tr><th scope="col">Registry</th><th scope="col">Repositories</th></tr></thead>
<tbody>
${upstreams.map(registryRow)}</tbody>
</table></div>
<p class="dim">Everything else is refused, and clients pull it from its own registry.</p>
</section>
</main>
<footer><p id="updated" class="dim"></p></footer>
<script type="module">${new Html(code)}</script>
</html>
`.text;
}

function registryRow({ name, registry, url, repositories }: StatusPageFacts["upstreams"][number]): Part {
  const shown = repositories.slice(0, maxGlobs);
  const more = repositories.length - shown.length;
  const elsewhere = url === registryUrl(registry) ? undefined : `, from ${url}`;
  return html`<tr><th scope="row">${registry} <span class="dim">${name}${elsewhere}</span></th><td>${shown.map(
    (glob) => html`<code>${glob}</code> `,
  )}${more > 0 ? `and ${more} more` : undefined}</td></tr>
`;
}
