/**
 * Writes the objects of a stack's regions as YAML, for Flux, Argo CD and Helm: docs/gitops.md.
 * Usage: npm run render -- STACK [--out DIR] [--values DIR] [--external-secrets KIND/NAME [--secret-prefix PREFIX]] [--cilium]
 */
import { parseArgs } from "node:util";
import type { Problem } from "../components/config/problems.ts";
import { configurationsOf } from "./fleet/configurations.ts";
import { pathOf, readStackFiles } from "./fleet/stack-files.ts";
import { checkFiles } from "./regions/check.ts";
import { draft } from "./render/directory.ts";
import { chartValues, kustomizations } from "./render/files.ts";
import { type RenderedRegion, renderStack, secretsToMake } from "./render/stack.ts";

const usage =
  "Usage: npm run render -- STACK [--out DIR] [--values DIR] [--external-secrets KIND/NAME [--secret-prefix PREFIX]] [--cilium]";

const { stack, out, values, options } = parse();
const regions = await render();
const outputs = [
  { directory: out, rendered: kustomizations(regions) },
  { directory: values, rendered: chartValues(regions) },
];
const drafts = await Promise.all(
  outputs.flatMap(({ directory, rendered }) =>
    directory === undefined ? [] : [draft(directory, stack, rendered).then((it) => ({ directory, ...it }))],
  ),
);
endWith(drafts.flatMap(({ problems }) => problems));
try {
  for (const { directory, apply } of drafts) {
    const { written, removed } = await apply();
    console.log(`${directory}: ${written.length} written, ${removed.length} removed`);
  }
} catch (error) {
  endWith([{ path: stack, message: (error as Error).message }]);
}
const byStore = options.secretStore !== undefined;
for (const line of regions.flatMap((region) => secretsToMake(region, byStore))) console.log(line);

/** What `up` would refuse ends the program here. */
async function render(): Promise<readonly RenderedRegion[]> {
  const files = await readStackFiles(process.cwd(), []);
  const checked = await checkFiles(files, [stack], new Date().toISOString().slice(0, 10));
  for (const { path, message } of checked.warnings) console.error(`! ${path}: ${message}`);
  const configuration = configurationsOf(files).configurations.find((it) => it.stack === stack);
  if (!configuration) return endWith(checked.problems, checked.note);
  const { regions, problems } = renderStack(configuration.config, stack, options);
  const inFile = problems.map(({ path, message }) => ({ path: `${pathOf(stack)}: ${path}`, message }));
  endWith([...checked.problems, ...inFile]);
  return regions;
}

/** Ends the program where there are problems. */
function endWith(problems: readonly Problem[], note?: string): never[] {
  for (const { path, message } of problems) console.error(`✗ ${path}: ${message}`);
  if (note) console.error(note);
  if (problems.length > 0) process.exit(1);
  return [];
}

function parse() {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        out: { type: "string" },
        values: { type: "string" },
        "external-secrets": { type: "string" },
        "secret-prefix": { type: "string" },
        cilium: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [stack, ...others] = positionals;
    if (stack === undefined || others.length > 0) throw new Error("name one STACK");
    const { out, values: valuesDirectory, cilium } = values;
    if (out === undefined && valuesDirectory === undefined) throw new Error("--out or --values is missing");
    const secretStore = storeOf(values["external-secrets"], values["secret-prefix"]);
    const networkPolicies = cilium ? "cilium" : "kubernetes";
    return { stack, out, values: valuesDirectory, options: { networkPolicies, secretStore } } as const;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

function storeOf(reference: string | undefined, prefix: string | undefined) {
  if (reference === undefined) {
    if (prefix !== undefined) throw new Error("--secret-prefix goes with --external-secrets only");
    return undefined;
  }
  const [kind, name, ...rest] = reference.split("/");
  if ((kind !== "ClusterSecretStore" && kind !== "SecretStore") || !name || rest.length > 0) {
    throw new Error("--external-secrets must be ClusterSecretStore/NAME or SecretStore/NAME");
  }
  return { kind, name, prefix } as const;
}
