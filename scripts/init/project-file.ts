import { type Document, isCollection, isScalar, parseDocument } from "yaml";
import { fieldOf, valueAt } from "../../components/config/as-written.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { ConfigError, type Problem } from "../../components/config/problems.ts";
import { parseYaml, readStackFile } from "../../components/config/stack-file.ts";

/** A value in Pulumi.yaml that is another one in each organization. */
export interface Setting {
  /** Option of `npm run init`. */
  readonly option: string;
  /** What a value looks like, for the usage. */
  readonly example: string;
  /** What it is, as a phrase. */
  readonly what: string;
  /** Where it stands. */
  readonly path: readonly (string | number)[];
  /** A list, separated by commas. */
  readonly isList?: boolean;
  /** The whole of it that an empty value removes. @default {@link path} */
  readonly removes?: readonly (string | number)[];
  /** @returns what is wrong with a value that Pulumi would find too late */
  readonly refuse?: (value: string) => string | undefined;
}

const upstream = ["config", "registry-cache:upstreams", 0];
const monitoring = ["config", "registry-cache:monitoring", "value"];

export const settings: readonly Setting[] = [
  {
    option: "registry",
    example: "ghcr.io",
    what: "the registry that has your images",
    path: [...upstream, "registry"],
  },
  { option: "upstream", example: "ghcr", what: "a short name for it", path: [...upstream, "name"] },
  {
    option: "repositories",
    example: "example/**,charts/example/**",
    what: "its repositories that are cached",
    path: [...upstream, "repositories"],
    isList: true,
  },
  {
    option: "probe",
    example: "example/app:1.0",
    what: "an image of them, which tells whether the registry answers",
    path: [...upstream, "probe"],
  },
  {
    option: "team",
    example: "platform",
    what: "the team that alerts go to",
    path: [...monitoring, "alerts", "labels", "team"],
  },
  {
    option: "runbook-url",
    example: "https://example.com/runbooks/{alert}",
    what: "where your runbooks are, with {alert} in place of an alert's name",
    path: [...monitoring, "alerts", "runbookUrl"],
  },
  {
    option: "state",
    example: "s3://example-pulumi-state",
    what: "where Pulumi keeps the state of stacks (docs/state.md)",
    path: ["backend", "url"],
    removes: ["backend"],
    refuse: (value) =>
      /^(?:s3|azblob|gs|file|https?):\/\/./.test(value)
        ? undefined
        : `"${value}" must begin with s3://, azblob://, gs://, file:// or https://`,
  },
];

/** Values by option, as text. */
export type Answers = Readonly<Record<string, string>>;

/**
 * What a project file has now.
 * @throws ConfigError for a text that is no project file
 */
export function currentAnswers(text: string): Answers {
  const project = parseYaml(text, "Pulumi.yaml");
  const missing = ["name", "runtime"].filter((key) => fieldOf(project, key) === undefined);
  if (missing.length > 0) {
    const message = `isn't a project file: it has no ${missing.join(" and no ")}`;
    throw new ConfigError([{ path: "Pulumi.yaml", message }]);
  }
  const values = settings.map(({ option, path }) => [option, valueAt(path, project)] as const);
  return Object.fromEntries(
    values.flatMap(([option, value]) => (value === undefined ? [] : [[option, String(value)]])),
  );
}

/** The smallest stack, with which what is shared is checked as with any other. */
const smallest = `config: { "registry-cache:provider": local, "registry-cache:regions": [{ name: local }] }`;

/**
 * A project file with other values, and all else, comments too, as it is. An empty value removes what is there.
 * @throws ConfigError with all problems
 */
export function withAnswers(text: string, answers: Answers): string {
  const document = parseDocument(text);
  const problems: Problem[] = [];
  for (const { option, path, isList, removes = path, refuse } of settings) {
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

/** Makes what is empty on the way (`config:`) absent. @returns what is a value there already */
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
