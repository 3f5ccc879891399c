import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Upstream } from "../../config/schema.ts";
import { registryUrl } from "../../config/upstream.ts";
import { Html, html, type Html as Part } from "./page/html.ts";

/** What the page says without asking Prometheus. */
export interface StatusPageFacts {
  /** The region's name. */
  readonly region: string;
  /** URL that clients connect to. */
  readonly endpoint: string;
  /** What kind of host it runs on: `aws vm`. */
  readonly host: string;
  readonly upstreams: readonly Pick<Upstream, "name" | "registry" | "url" | "repositories">[];
  /** Whether nodes take blobs from the bucket: then the cache counts none of their bytes. */
  readonly redirected: boolean;
}

const generated = (name: string) => readFileSync(new URL(`generated/${name}`, import.meta.url), "utf8");
const [style, code] = [generated("page.css"), generated("page.js")];

/** Its own style and script, and answers of its own server: nothing else that a page can do. https://www.w3.org/TR/CSP3/ */
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

/** So many globs of an upstream: the page travels with the Pod, for which Azure has 64 KiB. */
const maxGlobs = 8;

/** How the cache of a region does, for a browser: one page over Prometheus's HTTP API, beside which it must be served. It needs no other file and no other network. */
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
<div id="verdict" role="status"><p class="unknown"><i aria-hidden="true">?</i><b>Asking Prometheus</b></p></div>
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
<div class="plots">
${["Answered from the cache", "Bytes per second", "First byte, 95th percentile", "Disk"].map(
  (title, index) => html`<figure>
<figcaption>${title}</figcaption>
<div id="plot${index}" class="plot"></div>
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
