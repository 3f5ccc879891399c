/** Checks the Markdown files for `npm run check`: links, anchors, tables, and code blocks that can be parsed. */
import { globSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "markdownlint";
import { lint } from "markdownlint/promise";
import relativeLinks, { markdownIt } from "markdownlint-rule-relative-links";
import { codeBlocks } from "./code-blocks.ts";

/** https://github.com/DavidAnson/markdownlint/blob/v0.42.1/doc/Rules.md */
const rules: Configuration = {
  default: false,
  "code-blocks": true,
  "relative-links": true,
  "link-fragments": true,
  "reference-links-images": true,
  "no-empty-links": true,
  "no-reversed-links": true,
  "no-alt-text": true,
  "heading-increment": true,
  "single-h1": true,
  "no-duplicate-heading": { siblings_only: true },
  "table-column-count": true,
  "table-pipe-style": true,
};

/** The project's own Markdown files, relative to its directory. */
export function markdownFiles(directory: string): string[] {
  const patterns = ["*.md", "docs/**/*.md", ".github/**/*.md", "charts/**/*.md"];
  return globSync(patterns, { cwd: directory }).sort();
}

/** The rule that the targets of relative links exist. */
export const linksOnly: Configuration = { default: false, "relative-links": true };

/** @returns one line per problem: `docs/clients.md:12: …` */
export async function markdownProblems(
  directory: string,
  files: readonly string[],
  config: Configuration = rules,
): Promise<string[]> {
  const results = await lint({
    files: files.map((file) => join(directory, file)),
    config,
    customRules: [relativeLinks, codeBlocks],
    markdownItFactory: () => markdownIt,
  });
  return files.flatMap((file) =>
    (results[join(directory, file)] ?? []).map(
      ({ lineNumber, ruleDescription, errorDetail, errorContext }) =>
        `${file}:${lineNumber}: ${[ruleDescription, errorDetail, errorContext].filter(Boolean).join(": ")}`,
    ),
  );
}
