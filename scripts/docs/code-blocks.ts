import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { parseMermaid, renderMermaidSVG } from "beautiful-mermaid";
import type { MicromarkToken, Rule } from "markdownlint";
import { parse as parseToml } from "smol-toml";
import { parseAllDocuments, parse as parseYaml } from "yaml";
import { isMapping } from "../../components/config/as-written.ts";
import { namespace } from "../../components/config/schema.ts";
import { stackFileSchema } from "./json-schema.ts";

/** A markdownlint rule: blocks of YAML, JSON, TOML and Mermaid can be parsed, parts of stack files are valid, and shell commands name their stack and have no comments. */
export const codeBlocks: Rule = {
  names: ["code-blocks"],
  description: "A block of code is what its language says",
  tags: ["code"],
  parser: "micromark",
  function: ({ parsers, lines }, onError) => {
    for (const block of fencedBlocks(parsers.micromark.tokens, lines)) {
      for (const detail of blockProblems(block)) onError({ lineNumber: block.line, detail });
    }
  },
};

interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

function fencedBlocks(tokens: readonly MicromarkToken[], lines: readonly string[]): Block[] {
  return tokens.flatMap((token) => {
    if (token.type !== "codeFenced") return fencedBlocks(token.children, lines);
    const [fence] = token.children;
    const [language = ""] = (fence?.text ?? "")
      .replace(/^[`~]+/, "")
      .trim()
      .split(/\s/);
    const indentation = new RegExp(`^ {0,${token.startColumn - 1}}`);
    const text = lines
      .slice(token.startLine, token.endLine - 1)
      .map((line) => `${line.replace(indentation, "")}\n`)
      .join("");
    return [{ language, text, line: token.startLine }];
  });
}

const checks: Readonly<Record<string, (text: string) => readonly string[]>> = {
  yaml: yamlProblems,
  // A page can show members of an object without its braces.
  json: (text) => thrown(() => JSON.parse(text.startsWith('"') ? `{${text}}` : text)),
  // Alternatives, separated by an empty line, repeat the same tables.
  toml: (text) => text.split("\n\n").flatMap((part) => thrown(() => parseToml(part))),
  mermaid: (text) => thrown(() => readMermaid(text)),
  sh: shellProblems,
  bash: shellProblems,
  console: shellProblems,
};

/** @returns the problems of a block. Empty for a language that isn't checked. */
export function blockProblems({ language, text }: Pick<Block, "language" | "text">): readonly string[] {
  return checks[language]?.(text) ?? [];
}

function thrown(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function yamlProblems(text: string): string[] {
  const documents = parseAllDocuments(text);
  const errors = documents.flatMap((document) => document.errors.map(({ message }) => message));
  if (errors.length > 0) return errors;
  return documents.flatMap((document) => stackFileProblems(document.toJS()));
}

/** The parser of flowcharts silently skips lines that it doesn't understand, so their arrows are counted. */
function readMermaid(text: string): void {
  if (text.startsWith("sequenceDiagram\n")) {
    renderMermaidSVG(text);
    return;
  }
  const { nodes, edges } = parseMermaid(text);
  const arrows = text.match(/--+>|-\.+->|==+>|-\.- *>|<-->/g) ?? [];
  if (nodes.size === 0) throw new Error("it has no nodes");
  if (edges.length < arrows.length)
    throw new Error(`it has ${arrows.length} arrows, of which ${edges.length} can be read`);
}

/** Pulumi commands that work on a stack, each with its options up to the next command. */
const stackCommand =
  /(?<=^|[\s("'])((?:pulumi|npm run (?:--silent )?pulumi --) (?:up|preview|destroy|refresh|config|state|import|stack(?: output| export| import|(?= --)))\b)([^;&|)]*)/gm;

function shellProblems(text: string): string[] {
  return [...withoutStack(text), ...comments(text)];
}

/** A here-document: its first line, and its text. */
const hereDocument = /(<<-?\s*(["']?)(\w+)\2.*\n)(?:.*\n)*?\s*\3$/gm;
/** What a `#` can be in, apart from that text: quoted text, or a comment. Only the comments are reported. */
const unbroken = /'[^']*'|"(?:\\.|[^"\\])*"|\\.|(?<=^|\s)#.*$/gm;

/** Readers of a page paste its commands, and zsh has no comments there: https://zsh.sourceforge.io/Doc/Release/Options.html#index-INTERACTIVECOMMENTS */
function comments(text: string): string[] {
  return [...text.replaceAll(hereDocument, "$1").matchAll(unbroken)]
    .filter(([part]) => part.startsWith("#"))
    .map(
      ([comment]) =>
        `\`${comment}\` is a comment, and an interactive zsh reads it as words of the command: write it above the block`,
    );
}

/** Readers of a page can have another stack selected, and `destroy` asks only once. */
function withoutStack(text: string): string[] {
  return [...text.replaceAll("\\\n", " ").matchAll(stackCommand)]
    .filter(([, , options = ""]) => !/(?:^|\s)(?:--stack|-s)\b/.test(options))
    .map(
      ([, command]) =>
        `\`${command}\` names no stack: without \`--stack\`, the engine takes whichever was selected last`,
    );
}

type Mapping = Readonly<Record<string, unknown>>;

interface Example {
  readonly config: Mapping;
  readonly region: Mapping;
}

const regionsKey = `${namespace}:regions`;
const projectDirectory = new URL("../../", import.meta.url);

let validator: ValidateFunction | undefined;
let examples: readonly Example[] | undefined;

/** A complete file for each kind of region. A part that a page shows is inserted into these. */
function exampleFiles(): readonly Example[] {
  examples ??= [
    "aws-eu-central-1",
    "aws-us-east-1",
    "azure-westeurope",
    "azure-germanywestcentral",
    "kubernetes-example",
    "local",
  ].map((stack) => {
    const { config } = parseYaml(
      readFileSync(new URL(`stacks/Pulumi.${stack}.yaml`, projectDirectory), "utf8"),
    );
    return { config, region: config[regionsKey][0] };
  });
  return examples;
}

/** Checks a whole file, top-level keys, or keys of a region. Other YAML isn't checked. */
function stackFileProblems(value: unknown): string[] {
  if (!isMapping(value)) return [];
  const keys = Object.keys(value);
  if (keys.length === 0) return [];
  if (isMapping(value.config) && `${namespace}:provider` in value.config) return invalid([value], [""]);
  if (keys.every((key) => key.startsWith(`${namespace}:`))) {
    return invalid(
      exampleFiles().map(({ config }) => ({ config: { ...config, ...value } })),
      keys.map((key) => `/config/${key}`),
    );
  }
  if (!keys.every((key) => regionKeys.has(key))) return [];
  return invalid(
    exampleFiles().map(({ config, region }) => ({
      config: { ...config, [regionsKey]: [merged(region, value)] },
    })),
    keys.map((key) => `/config/${regionsKey}/0/${key}`),
  );
}

/** Keys of a region with which no other YAML in the pages begins. */
const regionKeys: ReadonlySet<string> = new Set([
  "access",
  "endpoint",
  "expose",
  "network",
  "nodes",
  "replicas",
  "scheduling",
  "storage",
  "pods",
  "namespace",
]);

/** Replaces the example's keys by the part's. A mapping without a kind is merged key by key. */
function merged(region: Mapping, part: Mapping): Mapping {
  const entries = Object.entries(part).map(([key, value]) => {
    const present = region[key];
    const isWhole = !isMapping(value) || !isMapping(present) || "kind" in value;
    return [key, isWhole ? value : { ...present, ...value }];
  });
  return { ...region, ...Object.fromEntries(entries) };
}

/**
 * @returns no problems if one of the candidates is valid; otherwise the problems of the part that the page shows
 * @param shown paths of that part in the candidates
 */
function invalid(candidates: readonly unknown[], shown: readonly string[]): string[] {
  validator ??= new Ajv({ formats: { email: true }, allErrors: true }).compile(stackFileSchema());
  const found: string[] = [];
  for (const candidate of candidates) {
    if (validator(candidate)) return [];
    found.push(...(validator.errors ?? []).map(said));
  }
  const about = found.filter((error) => shown.some((path) => error.startsWith(path)));
  return [...new Set(about.length > 0 ? about : found)].slice(0, 8);
}

function said({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params;
  return `${instancePath || "/"} ${message}${additionalProperty === undefined ? "" : ` "${additionalProperty}"`}`;
}
