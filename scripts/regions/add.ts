/**
 * Creates a stack file for another region from an existing one. The text stays the same, including its comments, except for what belongs to the old region. The YAML document is only
 * used to find positions in the text.
 */
import { type Document, isMap, isNode, isScalar, parseDocument, visit } from "yaml";
import { isMapping, valueAt as valueIn } from "../../components/config/as-written.ts";
import { knownKeys } from "../../components/config/parse.ts";
import { hint, itHas } from "../../components/config/problems.ts";
import { type AnyRegion, namespace } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { problemLine } from "../command/problems.ts";
import { configurationsOf } from "../fleet/configurations.ts";
import { type ProjectFiles, pathOf } from "../fleet/stack-files.ts";

export interface NewRegion {
  readonly provider: string;
  /** As the provider names it. On Kubernetes, any name. */
  readonly region: string;
  readonly topology: string;
  /** The stack whose file is the model. @default the first of the kind */
  readonly from?: string | undefined;
  /** New values by path below the region. Undefined keeps the existing file's value. */
  readonly values: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface NewFile {
  readonly text: string;
  /** The same text with the existing file's encrypted values, for checks. The new stack gets its own values only after it was created. */
  readonly withSecrets: string;
  /** The keys of those values. */
  readonly secrets: readonly string[];
  /** Path of the existing file. */
  readonly from: string;
  /** The existing stack's secrets provider, unless it is a passphrase. */
  readonly secretsProvider?: string;
  /** Values from the existing file that the user must review: paths below the region, with their values. */
  readonly kept: Kept;
  /** The same of the whole stack: paths in the stack's configuration. */
  readonly keptOfStack: Kept;
  /** Everything else from the existing file: keys of the whole stack, and paths below the region. */
  readonly alsoKept: { readonly stack: readonly string[]; readonly region: readonly string[] };
  /** Keys of the whole stack that only other files have. */
  readonly onlyOthers: readonly string[];
  /** Keys that were left out because they belong to the old region: paths below the region. */
  readonly leftOut: readonly string[];
}

type Kept = readonly (readonly [path: string, value: unknown])[];

type Path = readonly (string | number)[];

/** Replaces a range of the text. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const region: Path = ["config", `${namespace}:regions`, 0];

/** Optional keys that name things of the old region or its account. */
const regional = ["network", "resourceGroup", "machine", "serviceAccount"];
/** Keys that say where a cache stores its blobs, with the option for each. Two caches can't share such a place. A new value of one key makes it another place. */
const stores: readonly Readonly<Record<string, string>>[] = [
  { "storage.s3.bucket": "--bucket" },
  { "storage.azure.account": "--account", "storage.azure.container": "--container" },
];
/** Keys about the encryption of a stack's secrets. `pulumi stack init` creates them for the new stack. */
const encryption: readonly Path[] = [["encryptionsalt"], ["encryptedkey"], ["secretsprovider"]];
/** Keys that the user must review before taking over their values. */
const ownPaths = `
  context kubeconfig namespace subscription apiAccess
  storage.class storage.s3.region storage.s3.endpoint storage.azure.account storage.azure.container
  endpoint.hostname endpoint.zone endpoint.zoneResourceGroup endpoint.zoneSubscription endpoint.privateLink
  endpoint.tls.email endpoint.tls.challengeZone endpoint.tls.challengeZoneResourceGroup
  endpoint.tls.challengeZoneSubscription endpoint.tls.name endpoint.tls.secretName
  expose access.clients access.metrics
`
  .trim()
  .split(/\s+/);
/** The same of the whole stack: they name the team, the installation or the receivers of another cache. */
const ownStackPaths = ["governance.tags", "monitoring.labels", "monitoring.alertmanagers"];

/**
 * Doesn't check whether a preview would accept the file: see checkFiles().
 * @throws RangeError if there is no suitable file, or it has no place for a value
 */
export function newStackFile(files: ProjectFiles, wanted: NewRegion): NewFile {
  const { path: from, stack, region: old, others } = templateFor(files, wanted);
  const text = files.stacks.find(({ name }) => name === stack)?.text ?? "";
  const document = parseDocument(text);
  checkStore(document, wanted);
  const values = {
    ...wanted.values,
    name: wanted.region,
    "endpoint.hostname": wanted.values["endpoint.hostname"] ?? hostnameFor(wanted, old),
  };
  const secrets = secretsOf(document);
  const cuts = (paths: readonly Path[]) => paths.flatMap((path) => cut(document, path, text));
  const edits = [
    ...cuts([...encryption, ...regional.map((key) => [...region, key])]),
    ...Object.entries(values).flatMap(([path, value]) =>
      value === undefined ? [] : [replacement(document, path, value, from)],
    ),
  ];
  // On Kubernetes, a region can have any name, even an ordinary word, so names in the text aren't replaced.
  const renamed = (it: string) =>
    wanted.provider === "kubernetes" ? it : withName(it, old.name, wanted.region);
  const named = renamed(edited(text, [...edits, ...cuts(secrets.map((key) => ["config", key]))]));
  const made = parseDocument(named);
  const kept = ownPaths
    .filter((path) => wanted.values[path] === undefined)
    .flatMap((path) => {
      const value = valueAt(made, path);
      return value === undefined ? [] : [[path, value] as const];
    });
  const listed = ["name", "topology", ...kept.map(([path]) => path), ...Object.keys(wanted.values)];
  const isListed = (path: string) => listed.some((one) => path === one || path.startsWith(`${one}.`));
  const ofStack = keysOfStack(named);
  const config = readStackFile("", named);
  const keptOfStack = ownStackPaths.flatMap((path) => {
    const value = valueIn(path.split("."), config);
    return value === undefined ? [] : [[path, value] as const];
  });
  const secretsProvider = document.get("secretsprovider");
  return {
    text: named,
    withSecrets: renamed(edited(text, edits)),
    secrets,
    from,
    kept,
    keptOfStack,
    alsoKept: {
      stack: ofStack,
      region: pathsIn(made.toJS().config[`${namespace}:regions`][0]).filter((path) => !isListed(path)),
    },
    onlyOthers: [...new Set(others.flatMap(keysOfStack))].filter((key) => !ofStack.includes(key)).sort(),
    leftOut: regional.filter((key) => valueAt(document, key) !== undefined),
    ...(typeof secretsProvider === "string" && { secretsProvider }),
  };
}

/** The keys that a stack's file sets for the whole stack. */
function keysOfStack(text: string): string[] {
  return Object.keys(readStackFile("", text)).filter(
    (key) => knownKeys.includes(key) && !["version", "provider", "regions"].includes(key),
  );
}

/** The paths of all values in a mapping. A list is a value. */
function pathsIn(mapping: object): string[] {
  return Object.entries(mapping).flatMap(([key, value]) =>
    isMapping(value) ? pathsIn(value).map((path) => `${key}.${path}`) : [key],
  );
}

/** Replaces the region's name, also in comments, but not in settings of all regions: an address there may contain another region's name. */
function withName(text: string, old: string, name: string): string {
  const others: (readonly [from: number, to: number])[] = [];
  visit(parseDocument(text), {
    Pair: (_, { key }) => (isScalar(key) && key.value === region[1] ? visit.SKIP : undefined),
    Scalar: (_, { range }) => {
      if (range) others.push([range[0], range[1]]);
    },
  });
  return text.replace(new RegExp(`(?<!\\w)${old}(?!\\w)`, "g"), (match, at: number) =>
    others.some(([from, to]) => from <= at && at < to) ? match : name,
  );
}

function edited(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((one, other) => other.from - one.from)
    .reduce((rest, { from, to, text }) => rest.slice(0, from) + text + rest.slice(to), text);
}

/** This project's example of each kind. Teams delete those that they don't use. */
const examples: Readonly<Record<string, string>> = {
  "aws cluster": "aws-us-east-1",
  "aws vm": "aws-eu-central-1",
  "azure cluster": "azure-germanywestcentral",
  "azure vm": "azure-westeurope",
  "kubernetes cluster": "kubernetes-example",
};

function templateFor(files: ProjectFiles, { provider, topology, from }: NewRegion) {
  const { configurations, unread, problems } = configurationsOf(files);
  const found = configurations.flatMap(({ stack, path, config }) => {
    const [region, another] = config.regions;
    return region && !another ? [{ stack, path, region, kind: `${config.provider} ${region.topology}` }] : [];
  });
  const kind = `${provider} ${topology}`;
  const fitting = found.find((one) => one.kind === kind && (from === undefined || one.stack === from));
  if (fitting) {
    const readable = configurations.map(({ stack }) => stack);
    return {
      ...fitting,
      others: files.stacks.flatMap(({ name, text }) => (readable.includes(name) ? text : [])),
    };
  }
  const ofKind = found.filter((one) => one.kind === kind).map(({ stack }) => stack);
  if (from !== undefined && ofKind.length > 0)
    throw new RangeError(
      `--from: ${from} isn't a stack with exactly one region of the kind "${kind}": ${hint(from, ofKind, `these are ${ofKind.join(", ")}`)}`,
    );
  const known = itHas([...new Set(found.map(({ kind }) => kind))].sort());
  const wrong = problems.map((problem) => `\n${problemLine(problem)}`).join("");
  const unreadable = `, and these, which can't be read: ${unread.join(", ")}${wrong}`;
  const example = examples[kind];
  // By another name, because a stack of the user may have the example's.
  const wayOut = example
    ? `. Bring this project's example back, until the new file is written: \`git show project/main:${pathOf(example)} > ${pathOf(`example-${provider}-${topology}`)}\` (docs/upgrading.md has the remote)`
    : "";
  throw new RangeError(
    `stacks/ has no file with one region of the kind "${kind}" to begin with: ${known}${unread.length > 0 ? unreadable : wayOut}`,
  );
}

/** @throws RangeError if both regions would get the same hostname, because the old one doesn't contain its region's name, or the new region has the same name */
function hostnameFor({ provider, region, values }: NewRegion, { name, endpoint }: AnyRegion): string {
  const { hostname } = endpoint;
  const labels = hostname.split(".");
  const renamed = labels.map((label) => (label === name ? region : label)).join(".");
  const oldZone = "zone" in endpoint ? endpoint.zone : undefined;
  const zone = values["endpoint.zone"];
  const wanted =
    zone === undefined || oldZone === undefined
      ? renamed
      : `${renamed.slice(0, renamed.length - oldZone.length)}${zone}`;
  if (provider === "kubernetes" || !labels.includes(name) || wanted === hostname)
    throw new RangeError(`--hostname is missing: ${hostname} is that of another region`);
  return wanted;
}

/** @throws RangeError if both regions would store their blobs in the same place */
function checkStore(document: Document, { values }: NewRegion): void {
  for (const options of stores) {
    const paths = Object.keys(options).filter((path) => valueAt(document, path) !== undefined);
    if (paths.length === 0 || paths.some((path) => values[path] !== undefined)) continue;
    throw new RangeError(
      `${Object.values(options).join(" or ")} is missing, in the place of the other region's ${paths.join(" and ")}`,
    );
  }
}

/** The configuration keys with encrypted values. */
function secretsOf(document: Document): string[] {
  const config = document.get("config");
  if (!isMap(config)) return [];
  return config.items.flatMap(({ key, value }) =>
    isScalar(key) && isSealed(value) ? [String(key.value)] : [],
  );
}

/** Whether a value is `{ secure: … }` or contains such a value. */
function isSealed(value: unknown): boolean {
  return isMap(value) && (value.has("secure") || value.items.some((pair) => isSealed(pair.value)));
}

/** Removes the lines of a key, if it exists. */
function cut(document: Document, path: Path, text: string): Edit[] {
  const parent = document.getIn(path.slice(0, -1), true) ?? document.contents;
  if (!isMap(parent)) return [];
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  const [start] = (isNode(pair?.key) && pair.key.range) || [];
  const [, end] = (isNode(pair?.value) && pair.value.range) || [];
  if (start === undefined || end === undefined) return [];
  const newline = text.indexOf("\n", end - 1);
  return [{ from: text.lastIndexOf("\n", start) + 1, to: newline < 0 ? text.length : newline + 1, text: "" }];
}

/** @throws RangeError if the file doesn't have the key */
function replacement(
  document: Document,
  path: string,
  value: string | readonly string[],
  file: string,
): Edit {
  const node = document.getIn([...region, ...path.split(".")], true);
  const [from, to] = (isNode(node) && node.range) || [];
  if (from === undefined || to === undefined) {
    throw new RangeError(
      `${path} has no place in the new file: ${file}, from which it is made, doesn't have it`,
    );
  }
  const text =
    typeof value === "string" ? scalar(value) : `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  return { from, to, text };
}

/** Adds quotes unless the value is certainly a string without them. */
function scalar(value: string): string {
  return /^[a-z](?:[\w.@-]*\w)?$/i.test(value) && !/^(?:true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

function valueAt(document: Document, path: string): unknown {
  const value = document.getIn([...region, ...path.split(".")]);
  return isNode(value) ? value.toJSON() : value;
}
