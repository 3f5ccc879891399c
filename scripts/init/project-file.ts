import { type Document, isCollection, isScalar, parseDocument } from "yaml";
import { fieldOf, valueAt } from "../../components/config/as-written.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { ConfigError, type Problem } from "../../components/config/problems.ts";
import { parseYaml, readStackFile } from "../../components/config/stack-file.ts";

/** A value in Pulumi.yaml that differs between organizations. */
export interface Setting {
  /** An example value for the usage. */
  readonly example: string;
  /** What the value is, as a phrase. */
  readonly what: string;
  /** Path of the value in Pulumi.yaml. */
  readonly path: readonly (string | number)[];
  /** Whether the value is a list, separated by commas. */
  readonly isList?: boolean;
  /** Path of what an empty value removes. @default {@link path} */
  readonly removes?: readonly (string | number)[];
  /** @returns what is wrong with a value that Pulumi itself would refuse too late */
  readonly refuse?: (value: string) => string | undefined;
}

const upstream = ["config", "registry-cache:upstreams", 0];
const alerts = ["config", "registry-cache:monitoring", "value", "alerts"];

/** By their options of `npm run init`. */
export const settings: Readonly<Record<string, Setting>> = {
  registry: {
    example: "ghcr.io",
    what: "the registry that has your images",
    path: [...upstream, "registry"],
  },
  upstream: { example: "ghcr", what: "a short name for it", path: [...upstream, "name"] },
  repositories: {
    example: "example/**,charts/example/**",
    what: "its repositories that are cached",
    path: [...upstream, "repositories"],
    isList: true,
  },
  probe: {
    example: "example/app:1.0",
    what: "an image of them, which tells whether the registry answers",
    path: [...upstream, "probe"],
  },
  team: { example: "platform", what: "the team that alerts go to", path: [...alerts, "labels", "team"] },
  "runbook-url": {
    example: "https://example.com/runbooks/{alert}",
    what: "where your runbooks are, with {alert} in place of an alert's name",
    path: [...alerts, "runbookUrl"],
  },
  state: {
    example: "s3://example-pulumi-state",
    what: "where Pulumi keeps the state of stacks (docs/state.md)",
    path: ["backend", "url"],
    removes: ["backend"],
    refuse: (value) =>
      /^(?:s3|azblob|gs|file|https?):\/\/./.test(value)
        ? undefined
        : `"${value}" must begin with s3://, azblob://, gs://, file:// or https://`,
  },
};

/** Values by option, as text. */
export type Answers = Readonly<Record<string, string>>;

/**
 * The present values of a project file.
 * @throws ConfigError if the text isn't a project file
 */
export function currentAnswers(text: string): Answers {
  const project = parseYaml(text, "Pulumi.yaml");
  const missing = ["name", "runtime"].filter((key) => fieldOf(project, key) === undefined);
  if (missing.length > 0) {
    const message = `isn't a project file: it has no ${missing.join(" and no ")}`;
    throw new ConfigError([{ path: "Pulumi.yaml", message }]);
  }
  const answers = Object.entries(settings).flatMap(([option, { path }]) => {
    const value = valueAt(path, project);
    return value === undefined ? [] : [[option, String(value)] as const];
  });
  return Object.fromEntries(answers);
}

/** A minimal stack, so that the shared configuration can be checked as with any other stack. */
const smallest = `config: { "registry-cache:provider": local, "registry-cache:regions": [{ name: local }] }`;

/**
 * Sets values in a project file. Everything else stays, including comments. An empty value removes the present one.
 * @throws ConfigError with all problems
 */
export function withAnswers(text: string, answers: Answers): string {
  const document = parseDocument(text);
  const problems: Problem[] = [];
  for (const [option, { path, isList, removes = path, refuse }] of Object.entries(settings)) {
    const value = answers[option];
    if (value === undefined) continue;
    const message = value && refuse?.(value);
    if (message) problems.push({ path: path.join("."), message });
    if (value === "") {
      if (document.hasIn(removes)) document.deleteIn(removes);
      continue;
    }
    const taken = makeRoom(document, path);
    if (taken) problems.push(taken);
    else document.setIn(path, isList ? document.createNode(value.split(",").map((it) => it.trim())) : value);
  }
  const changed = document.toString({ lineWidth: 0 });
  try {
    parseConfig(readStackFile(changed, smallest));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return changed;
}

/** Removes empty parents of the path (`config:`), so that they can become maps. @returns a problem if a parent is already a plain value */
function makeRoom(document: Document, path: Setting["path"]): Problem | undefined {
  for (const depth of path.keys()) {
    const parent = path.slice(0, depth);
    const node = document.getIn(parent, true);
    if (isScalar(node) && node.value === null) document.deleteIn(parent);
    else if (node !== undefined && !isCollection(node)) {
      return { path: parent.join("."), message: "is a value, and nothing can be written below it" };
    }
  }
  return undefined;
}
