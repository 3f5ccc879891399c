/** Follows docs/adding-a-provider.md: writes its code blocks into a copy of the project, which then has another provider. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { tsc } from "../../scripts/setup/tsc.ts";
import { Cloud, type CloudDefinition } from "../doubles/cloud.ts";
import { demand } from "../doubles/faults.ts";
import { serve } from "../doubles/serve.ts";
import { knownViolations, newStack, projectDirectory, succeeds, withPolicies } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const docs = join(projectDirectory, "docs", "adding-a-provider.md");
const copied = [
  ...["components", "policy", "scripts", "stacks", "dashboards", "docs", "index.ts", "start.js"],
  ...["Pulumi.yaml", "package.json", "tsconfig.json", "biome.json"],
];

/** A code block whose first line names a file of the project. */
interface Step {
  readonly language: string;
  readonly file: string;
  readonly text: string;
}

/** The new provider's own folder. */
const ownFolder = "components/hosts/example/";

function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/^```(ts|diff) (components\S+)\n(.*?)^```$/gms)].map(
    ([, language = "", file = "", text = ""]) => ({ language, file, text }),
  );
}

/** @throws AssertionError if the lines around the new ones are missing in the file, or occur more than once */
function edited(present: string, { file, text }: Step): string {
  const lines = text.trimEnd().split("\n");
  const side = (skipped: string) =>
    lines
      .filter((line) => !line.startsWith(skipped))
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const [before, after] = [side("+"), side("-")];
  assert.equal(present.split(before).length, 2, `${file} must have once:\n${before}`);
  return present.replace(before, () => after);
}

/** The page's cloud. */
const definition: CloudDefinition = {
  name: "example",
  sdk: { version: "1.0.0", problems: () => [] },
  resources: {
    "example:index:Machine": { create: () => ({ id: "machine-1", outputs: { address: "192.0.2.10" } }) },
  },
  functions: {
    "example:index:getLocation": ({ name }) => {
      demand(name === "moon", "NotFound", `there is no location ${name}`);
      return { name };
    },
  },
  scopeOf: () => "account",
  codes: { exists: "Exists", missing: "NotFound", inUse: "InUse", fixed: "Fixed" },
  existing: [],
};

describe("another provider", () => {
  const parts = scope({ after });
  let project: string;
  let steps: readonly Step[];

  const write = async (step: Step): Promise<void> => {
    const path = join(project, step.file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, step.language === "ts" ? step.text : edited(await readFile(path, "utf8"), step));
  };
  const compile = () => execa(tsc, ["--project", "tsconfig.json"], { cwd: project, reject: false });

  before(async () => {
    project = parts.use(await tempDir()).path;
    steps = stepsOf(await readFile(docs, "utf8"));
    for (const name of copied)
      await cp(join(projectDirectory, name), join(project, name), { recursive: true });
    await symlink(join(projectDirectory, "node_modules"), join(project, "node_modules"));
  });

  test("that is only in the schema causes a type error in each file that must change", async () => {
    for (const step of steps) if (step.file.startsWith("components/config/")) await write(step);
    const { stdout } = await compile();
    const files = new Set([...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file]) => file));
    const others = steps.filter(({ file }) => !/^components\/(?:config|hosts\/example)\//.test(file));
    assert.deepEqual([...files].sort(), others.map(({ file }) => file).sort());
  });

  test("compiles, and changes at most six files outside of its folder", async () => {
    for (const step of steps) if (!step.file.startsWith("components/config/")) await write(step);
    const { stdout } = await compile();
    assert.equal(stdout, "");
    await execa("biome", ["check", "--error-on-warnings", "--vcs-enabled=false", "components"], {
      cwd: project,
      preferLocal: true,
      localDir: projectDirectory,
    });
    const { stdout: generated } = await execa("node", ["scripts/generate.ts"], { cwd: project });
    const written = [...generated.matchAll(/^(\S+): written$/gm)].map(([, file]) => file);
    const outside = steps.map(({ file }) => file).filter((file) => !file.startsWith(ownFolder));
    const all = new Set([...outside, ...written]);
    assert.ok(all.size <= 6, [...all].join(", "));
  });

  test("plans a region, asks the provider, and creates what it plans", async () => {
    const served = parts.use(await serve(new Cloud(definition)));
    const region = {
      name: "moon",
      endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
      access: { clients: ["203.0.113.0/24"] },
    };
    const upstreams = [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }];
    const { path: directory } = parts.use(await tempDir());
    const stack = await newStack({
      stack: "example",
      directory,
      keys: { provider: "example", regions: [region], upstreams },
      environment: { PULUMI_DEBUG_PROVIDERS: served.address },
      program: project,
    });
    assert.match(
      knownViolations(await succeeds(stack, "preview", withPolicies)).join("\n"),
      /^advisory known-packages moon: [^\n]*\nuses the package `example`, whose own resources no rule checks: [^\n]*$/,
    );
    const { changes } = await succeeds(stack, "up");
    assert.ok(changes.some(({ op, type }) => op === "create" && type === "example:index:Machine"));
    const again = await succeeds(stack, "preview");
    assert.deepEqual([again.changes, again.changedOutputs], [[], []]);

    const problem = async (change: object) => {
      await stack.configure({ provider: "example", regions: [{ ...region, ...change }], upstreams });
      return (await stack.run("preview")).messages;
    };
    const tooLarge = await problem({ storage: { kind: "disk", size: "2TiB" } });
    assert.match(tooLarge, /regions\[0\]\.storage\.size: a machine has 1024GiB at most/);
    assert.match(await problem({ name: "mars" }), /regions\[0\]\.name: the location mars can't be found/);
    const unsupported = await problem({ endpoint: { ...region.endpoint, exposure: "private" }, access: {} });
    assert.match(unsupported, /regions\[0\]\.endpoint\.exposure: /);
    assert.match(unsupported, /regions\[0\]\.access\.clients: /);
  });
});
