/** Markdown elements of reports on GitHub, GitLab and elsewhere. */
import { texts } from "../../components/capacity/text.ts";

/** GitHub's limit for comments and issues is 65,536 characters, and workflows add a line. The number of characters is never greater than the number of bytes. */
const mostBytes = 65_000;
const cutShort =
  "\n\n**The report was cut here, as a comment can't be longer.** The job's log has all of it.\n";

export interface Report {
  /** For the job's log. */
  readonly whole: string;
  /** For a comment. If the report is too long, the last blocks are left out. */
  readonly short: string;
}

/** Joins blocks as {@link texts} does. Cuts only between blocks, so that tables and lists stay complete. */
export function fitted(...all: readonly (string | false | undefined)[]): Report {
  const blocks = texts(...all);
  const whole = `${blocks.join("\n\n")}\n`;
  if (Buffer.byteLength(whole) <= mostBytes) return { whole, short: whole };
  let text = "";
  for (const block of blocks) {
    const longer = text === "" ? block : `${text}\n\n${block}`;
    if (Buffer.byteLength(longer + cutShort) > mostBytes) break;
    text = longer;
  }
  return { whole, short: text + cutShort };
}

/** Escapes a foreign name, such as a stack's from its file name, so that it contains no markup. */
export function plain(name: string): string {
  return name.replaceAll(/[^\w./-]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Foreign text as code, so that it contains no markup and mentions nobody. */
export function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\``;
}

/** The same, with line breaks. */
export function codeBlock(text: string): string {
  return `\`\`\`text\n${text.replaceAll("```", "'''")}\n\`\`\``;
}

export function details(summary: string, body: string, isOpen = false): string {
  return `<details${isOpen ? " open" : ""}><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}
