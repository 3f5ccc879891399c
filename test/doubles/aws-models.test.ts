/** The double judges by AWS's own models, covers every input of a stack by them, and replaces resources for the same changes as CloudFormation. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { machines } from "../../components/capacity/machines.ts";
import { awsCloud } from "./aws/aws.ts";
import { type Model, members } from "./aws/members.ts";
import { type Member, memberOf, modelProblems, models } from "./aws/models.ts";
import { make, things } from "./aws-things.ts";
import { testRefusals } from "./refusals.ts";
import { SdkTypes } from "./sdk-types.ts";
import { type Inputs, revealed, withoutPath } from "./values.ts";

interface Recorded {
  readonly type: string;
  readonly inputs: Inputs;
}

/** The resources of recorded stacks of both kinds. */
const recorded: readonly Recorded[] = ["aws-vm", "aws-cluster"].flatMap((stack) => {
  const state = JSON.parse(readFileSync(new URL(`../engine/upgrade/${stack}.json`, import.meta.url), "utf8"));
  return (state.deployment ?? state).resources
    .filter(({ type }: Recorded) => type in members)
    .map(({ type, inputs }: Recorded) => ({ type, inputs: asGiven(inputs) }));
});
const given = [...recorded, ...Object.values(things).map(({ type, inputs }) => ({ type, inputs }))];

/** The inputs as the program gave them: without the engine's additions, and with a text in place of each secret, because the recorded ones are encrypted. */
function asGiven({ __defaults, ...inputs }: Inputs): Inputs {
  return revealed(
    JSON.parse(JSON.stringify(inputs), (_, value) =>
      value !== null && typeof value === "object" && "ciphertext" in value ? "secret" : value,
    ),
  ) as Inputs;
}

/** The innermost inputs, each with its value. A set of tags or dimensions counts as one value, because their names are values, too. */
function leavesOf(value: unknown, path = ""): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((entry) => leavesOf(entry, path));
  if (typeof value !== "object" || value === null || /(?:^|\.)(?:tags|dimensions)$/.test(path))
    return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, path ? `${path}.${key}` : key));
}

function modelsOf(type: string): Model[] {
  const { calls = [], resource } = members[type] ?? {};
  return [...calls, ...(resource ? [resource] : [])];
}

test("accepts everything that stacks configure", () => {
  for (const { type, inputs } of given) assert.deepEqual(modelProblems(type, inputs), [], type);
});

test("finds a member for every input of a stack, unless the table names the input as another one", () => {
  const escaped = given.flatMap(({ type, inputs }) => {
    const { calls = [], others = [] } = members[type] ?? {};
    return leavesOf(inputs)
      .map(([path]) => path)
      .filter((path) => !others.some((other) => path === other || path.startsWith(`${other}.`)))
      .filter((path) => !calls.some((call) => memberOf(call, path)))
      .map((path) => `${type} ${path}`);
  });
  assert.deepEqual([...new Set(escaped)], []);
});

test("has every type of the double in the table", () => {
  const made = Object.keys(awsCloud().definition.resources).filter((type) => type.startsWith("aws:"));
  assert.deepEqual(made.sort(), Object.keys(members).sort());
});

/** Replaces the value at a path, in each entry of a list. */
function changed(value: unknown, [key = "", ...rest]: readonly string[], to: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => changed(entry, [key, ...rest], to));
  const { [key]: child, ...others } = value as Inputs;
  if (rest.length > 0) return { ...others, [key]: changed(child, rest, to) };
  return { ...others, [key]: Array.isArray(child) ? child.map(() => to) : to };
}

/** Values that break a constraint, each with a description. */
function wrongFor({ shape }: Member): [string, unknown][] {
  const own = typeof shape.member === "string" ? models.shapes[shape.member] : shape.member;
  const { enum: values, max, type } = shape.type === "list" ? (own ?? shape) : shape;
  return [
    ...(values ? [["another value", "no-such-value"] as [string, unknown]] : []),
    ...(max !== undefined && type === "string"
      ? [["a longer text", "x".repeat(max + 1)] as [string, unknown]]
      : []),
    ...(max !== undefined && ["integer", "double"].includes(type)
      ? [["a larger number", max + 1] as [string, unknown]]
      : []),
  ];
}

test("refuses a stack's inputs by each constraint that a single change breaks", () => {
  const refused = { "another value": 0, "a longer text": 0, "a larger number": 0, "a missing member": 0 };
  for (const { type, inputs } of given) {
    for (const model of modelsOf(type)) {
      const told = (mutant: unknown) =>
        modelProblems(type, mutant as Inputs).filter((it) => it.startsWith(`${model.of}: `));
      for (const [path, value] of leavesOf(inputs)) {
        const member = memberOf(model, path);
        if (!member || value === null || typeof value === "object") continue;
        for (const [what, wrong] of wrongFor(member)) {
          assert.notDeepEqual(told(changed(inputs, path.split("."), wrong)), [], `${type} ${path}: ${what}`);
          refused[what as keyof typeof refused] += 1;
        }
        if (!member.isRequired || member.path.includes(".") || model.given?.includes(member.path)) continue;
        const without = withoutPath(inputs, path);
        if (told(without).length === 0) assert.fail(`${type} without ${path}`);
        refused["a missing member"] += 1;
      }
    }
  }
  for (const [what, count] of Object.entries(refused)) assert.ok(count > 0, what);
});

testRefusals(make, {
  "a value that isn't one of the API's": {
    of: "machine",
    with: { metadataOptions: { httpTokens: "sometimes" } },
    says: /ec2\.RunInstances: MetadataOptions\.HttpTokens can't be sometimes/,
  },
  "a description that is longer than the API takes": {
    of: "parameter",
    with: { description: "x".repeat(1025) },
    says: /ssm\.PutParameter: Description has 1025 characters, 1024 are allowed/,
  },
  "what lacks a member that the API needs": {
    of: "profile",
    with: { name: "another", role: undefined },
    says: /iam\.AddRoleToInstanceProfile: RoleName is required/,
  },
});

test("has every machine type of the catalogue", () => {
  const { shape } = memberOf({ of: "ec2.RunInstances" }, "instanceType") ?? {};
  assert.deepEqual(
    machines.aws.map(({ type }) => type).filter((type) => !shape?.enum?.includes(type)),
    [],
  );
});

describe("changes that replace a resource", () => {
  const sdk = new SdkTypes("@pulumi/aws");
  const { resources } = awsCloud().definition;
  for (const [type, { resource, differences = {} }] of Object.entries(members)) {
    if (!resource) continue;
    test(`are those of CloudFormation for ${type}, except for the table's differences`, () => {
      const { replacing = [] } = resources[type] ?? {};
      const replaced =
        typeof replacing === "function" ? replacing({ userDataReplaceOnChange: true }, {}) : replacing;
      const own = replaced.map((input) => memberOf(resource, input)?.path ?? input);
      const becoming = sdk.inputs(type).flatMap((input) => memberOf(resource, input)?.path ?? []);
      const theirs = (models.createOnly[resource.of] ?? []).filter((property) =>
        becoming.some((path) => `${property}.`.startsWith(`${path}.`)),
      );
      const different = [
        ...own.filter((it) => !theirs.includes(it)),
        ...theirs.filter((it) => !own.includes(it) && !own.some((other) => it.startsWith(`${other}.`))),
      ];
      assert.deepEqual([...new Set(different)].sort(), Object.keys(differences).sort());
    });
  }
});
