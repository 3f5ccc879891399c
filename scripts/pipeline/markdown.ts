/** What reports on GitHub, GitLab and elsewhere are made of. */
import { texts } from "../../components/capacity/text.ts";

/** GitHub takes comments and issues of up to 65,536 characters, and workflows add a line; there are at most as many characters as bytes. */
const mostBytes = 65_000;
const cutShort =
  "\n\n**The report was cut here, as a comment can't be longer.** The job's log has all of it.\n";

/** Blocks as {@link texts}, of which the end is left out where they are too long for a comment. Cut between them, so that no table or list is torn. */
export function fitted(...all: readonly (string | false | undefined)[]): string {
  const blocks = texts(...all);
  const whole = `${blocks.join("\n\n")}\n`;
  if (Buffer.byteLength(whole) <= mostBytes) return whole;
  let text = "";
  for (const block of blocks) {
    const longer = text === "" ? block : `${text}\n\n${block}`;
    if (Buffer.byteLength(longer + cutShort) > mostBytes) break;
    text = longer;
  }
  return text + cutShort;
}

/** A name of others, in which nothing is markup: a stack's is that of a file. */
export function plain(name: string): string {
  return name.replaceAll(/[^\w./-]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Text of others as code, in which nothing is markup and nobody is mentioned. */
export function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\``;
}

/** The same with its lines. */
export function codeBlock(text: string): string {
  return `\`\`\`text\n${text.replaceAll("```", "'''")}\n\`\`\``;
}

export function details(summary: string, body: string, isOpen = false): string {
  return `<details${isOpen ? " open" : ""}><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}
