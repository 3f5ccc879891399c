import { readFileSync } from "node:fs";
import type { Problem } from "../../components/config/problems.ts";
import { Html, html } from "../../components/monitoring/status-page/page/html.ts";

const style = ["../../components/monitoring/status-page/base.css", "page.css"].map(
  (path) => new Html(readFileSync(new URL(path, import.meta.url), "utf8")),
);

/** A self-contained HTML page: it needs no other files, no scripts and no network. */
export function document(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
${style}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}

export function problemList(problems: readonly Problem[]): Html | undefined {
  if (problems.length === 0) return undefined;
  return html`<section class="problems">
<h2>Problems</h2>
<ul>${problems.map(({ path, message }) => html`<li><b>${path}</b>: ${message}</li>`)}</ul>
</section>`;
}
