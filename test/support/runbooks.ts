/** The runbooks in docs/runbooks: their sections, and their blocks of commands with the places where each runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lexer, type Token, type Tokens } from "marked";
import { projectDirectory } from "./project.ts";

export const runbooksDirectory = join(projectDirectory, "docs", "runbooks");

/** The places where a block runs: the words after `sh` in its first line. */
export const places = {
  vm: "in the session on a VM, as root",
  local: "in the session for the stack `local` on this machine",
  kubernetes: "in the session for a cluster",
  client: "on a node, or another address in `access.clients`",
  anywhere: "anywhere with a way to the upstream",
  stack: "on one's own computer, in a clone of the project",
  aws: "on one's own computer, with the account of AWS",
  azure: "on one's own computer, with the subscription of Azure",
} as const;

export type Place = keyof typeof places;

/** The sections of every runbook, in this order. */
export const sections = ["Impact", "See", "Do", "Verify"] as const;

export type Section = (typeof sections)[number];

export interface Block {
  readonly runbook: string;
  /** The second-level heading above the block. */
  readonly section: string;
  /** The first word after the fence. */
  readonly language: string;
  readonly places: readonly Place[];
  /** The words that aren't places. */
  readonly unknown: readonly string[];
  /** The commands, with a line feed at the end. */
  readonly text: string;
}

export interface Page {
  readonly headings: readonly { readonly depth: number; readonly text: string }[];
  readonly blocks: readonly Block[];
  /** The targets of its links, as written. */
  readonly links: readonly string[];
  /** The inline code of its text and tables. */
  readonly codes: readonly string[];
}

/** @param file path of a page, from the project's directory */
export function page(file: string): Page {
  const headings: { depth: number; text: string }[] = [];
  const blocks: Block[] = [];
  const links: string[] = [];
  const codes: string[] = [];
  let section = "";
  const runbook = file.replace(/^.*\//, "").replace(/\.md$/, "");
  for (const token of flat(lexer(readFileSync(join(projectDirectory, file), "utf8")))) {
    if (token.type === "heading") {
      const { depth, text } = token as Tokens.Heading;
      headings.push({ depth, text });
      if (depth === 2) section = text;
    }
    if (token.type === "link") links.push((token as Tokens.Link).href);
    if (token.type === "codespan") codes.push((token as Tokens.Codespan).text);
    if (token.type === "code") {
      const [language = "", ...words] = ((token as Tokens.Code).lang ?? "").split(" ").filter(Boolean);
      const isPlace = (word: string): word is Place => Object.hasOwn(places, word);
      blocks.push({
        runbook,
        section,
        language,
        places: words.filter(isPlace),
        unknown: words.filter((word) => !isPlace(word)),
        text: `${token.text}\n`,
      });
    }
  }
  return { headings, blocks, links, codes };
}

/** All tokens in the order of the page, including those in lists and tables. */
function* flat(tokens: readonly Token[]): Generator<Token> {
  for (const token of tokens) {
    yield token;
    if (token.type === "table") {
      const { header, rows } = token as Tokens.Table;
      for (const cell of [header, ...rows].flat()) yield* flat(cell.tokens);
    } else if (token.type === "list") {
      for (const item of (token as Tokens.List).items) yield* flat(item.tokens);
    } else if ("tokens" in token && token.tokens) yield* flat(token.tokens);
  }
}

/** The anchors that GitHub generates: https://github.com/gjtorikian/html-pipeline/blob/main/lib/html_pipeline/node_filter/table_of_contents_filter.rb */
export function anchorsOf({ headings }: Page): string[] {
  return headings.map(({ text }) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
}

export function runbook(name: string): Page {
  return page(`docs/runbooks/${name}.md`);
}

/** The blocks of a place, in the order in which they are pasted. */
export function blocksOf(name: string, section: Section, place: Place): readonly Block[] {
  return runbook(name).blocks.filter((block) => block.section === section && block.places.includes(place));
}

/** The text of each block of commands on another page of docs/. */
export function commandsIn(file: string): string[] {
  return page(`docs/${file}`)
    .blocks.filter(({ language }) => language === "sh")
    .map(({ text }) => text);
}

/** The variables in the first line of a block, which its reader changes, with their values. */
export function variablesOf({ text }: Pick<Block, "text">): Record<string, string> {
  const [first = ""] = text.split("\n");
  if (!/^(?:[A-Z_]+=[\w.:/~-]+ ?)+$/.test(first)) return {};
  return Object.fromEntries(
    [...first.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** The block with other values in its first line. @throws Error for a variable that the line doesn't set */
export function withVariables(block: Block, values: Readonly<Record<string, string>>): string {
  const own = variablesOf(block);
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(own, name)) throw new Error(`${block.runbook} sets no ${name} in:\n${block.text}`);
  }
  if (Object.keys(own).length === 0) return block.text;
  const [, ...rest] = block.text.split("\n");
  const first = Object.entries({ ...own, ...values }).map(([name, value]) => `${name}=${word(value)}`);
  return [first.join(" "), ...rest].join("\n");
}

/** A value as a word for the shell, which still expands `~`. */
function word(value: string): string {
  return /^[\w.:/~-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/**
 * The region's resources that the runbook's update selects by `--replace` or `--exclude`. In these patterns, `*` matches anything except a colon, and
 * `**` matches anything:
 * https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/deployment.go
 */
export function takenBy(
  option: "replace" | "exclude",
  { stack, resources }: { stack: string; resources: readonly { type: string; name: string }[] },
): string[] {
  const block = blocksOf("RegistryCacheDown", "Do", "stack").find(
    ({ text }) => text.includes(`STACK=${stack} `) && text.includes(" --replace "),
  );
  if (!block) throw new Error(`no block replaces the machine of ${stack}`);
  const { REGION: region = "" } = variablesOf(block);
  const [, glob = ""] = block.text.match(new RegExp(`--${option} ["']([^"']+)["']`)) ?? [];
  const parts = glob.replace("$REGION", region).split("**");
  const pattern = new RegExp(`^${parts.map((part) => part.replaceAll("*", "[^:]*")).join(".*")}$`);
  return resources
    .filter(({ type, name }) => pattern.test(`urn:pulumi:${stack}::registry-cache::parent$${type}::${name}`))
    .map(({ type, name }) => `${type} ${name}`);
}
