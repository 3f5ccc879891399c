/**
 * Renews test/doubles/aws/models.json: AWS's own models of the calls and resources in test/doubles/aws/members.ts. It needs Python 3 with pip, and
 * PyPI.
 * Usage: npm exec -- node test/setup/aws-models.ts
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { type Model, members } from "../doubles/aws/members.ts";
import type { Models, Shape } from "../doubles/aws/models.ts";
import { SdkTypes } from "../doubles/sdk-types.ts";

/** botocore has the models of the calls, which all AWS SDKs share. cfn-lint has CloudFormation's resource schemas: https://github.com/aws-cloudformation/cfn-lint */
const packages = { botocore: "1.44.8", "cfn-lint": "1.58.0" };

/** The newest version of each service's API in botocore. */
const versions: Readonly<Record<string, string>> = {
  cloudwatch: "2010-08-01",
  ec2: "2016-11-15",
  eks: "2017-11-01",
  elbv2: "2015-12-01",
  iam: "2010-05-08",
  logs: "2014-03-28",
  route53: "2013-04-01",
  s3: "2006-03-01",
  ssm: "2014-11-06",
};

/** https://botocore.amazonaws.com/v1/documentation/api/latest/development/designnotes.html */
interface ServiceModel {
  readonly operations: Readonly<Record<string, { readonly input: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, ServiceShape>>;
}
interface ServiceShape extends Omit<Shape, "members" | "member" | "key"> {
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
}

/** https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html */
interface ResourceSchema extends PropertySchema {
  readonly definitions?: Readonly<Record<string, PropertySchema>>;
  readonly createOnlyProperties?: readonly string[];
}
interface PropertySchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
  readonly items?: PropertySchema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

const sdk = new SdkTypes("@pulumi/aws");
const directory = await mkdtemp(join(tmpdir(), "aws-models-"));
try {
  const wanted = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const options = [
    "--quiet",
    "--root-user-action=ignore",
    "--no-deps",
    "--only-binary=:all:",
    "--disable-pip-version-check",
  ];
  await execa("python3", ["-m", "pip", "install", ...options, "--target", directory, ...wanted], {
    stdio: "inherit",
  });
  await writeFile(
    new URL("../doubles/aws/models.json", import.meta.url),
    linesOf({ packages, ...(await models(directory)) }),
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function models(root: string): Promise<Omit<Models, "packages">> {
  const shapes: Record<string, Shape> = {};
  const createOnly: Record<string, readonly string[]> = {};
  for (const [type, { calls, resource }] of Object.entries(members)) {
    for (const call of calls) await addCall(root, call, inputsFor(type, call), shapes);
    if (!resource) continue;
    const schema = await resourceSchema(root, resource.of);
    const shape = shapeOf(schema, schema.definitions ?? {});
    shapes[resource.of] = withMembers(shape, inputsFor(type, resource));
    createOnly[resource.of] = pathsOf(schema.createOnlyProperties);
  }
  return { createOnly, shapes };
}

/** Names of everything that a resource's inputs can become, in lower case. */
function inputsFor(type: string, { names = {} }: Model): ReadonlySet<string> {
  const renamed = Object.values(names).map((path) => path.split(".")[0] ?? "");
  return new Set([...sdk.inputs(type), ...renamed].map((name) => name.toLowerCase()));
}

/** Removes the members that no input becomes. */
function withMembers({ members: parts = {}, ...shape }: Shape, inputs: ReadonlySet<string>): Shape {
  const kept = Object.entries(parts).filter(([name]) => inputs.has(name.toLowerCase()));
  return { ...shape, members: Object.fromEntries(kept) };
}

/** Adds the input of a call, and each shape that it contains, once. */
async function addCall(
  root: string,
  { of }: Model,
  inputs: ReadonlySet<string>,
  shapes: Record<string, Shape>,
): Promise<void> {
  const [call = "", part] = of.split("/");
  const [service = "", operation = ""] = call.split(".");
  const file = join(root, "botocore/data", service, String(versions[service]), "service-2.json.gz");
  const model: ServiceModel = JSON.parse(gunzipSync(await readFile(file)).toString());
  const found = model.operations[operation];
  if (!found) throw new Error(`botocore has no ${call}`);
  const shapeNamed = (name: string) => model.shapes[name] as ServiceShape;
  const add = (name: string): string => {
    const key = `${service}#${name}`;
    const shape = shapeNamed(name);
    const own = constraintsOf(shape);
    const isPlain = !shape.members && !shape.member && !shape.key;
    if (isPlain && Object.values(own).every((it) => it === undefined)) return shape.type;
    if (key in shapes) return key;
    shapes[key] = { type: shape.type, ...own };
    shapes[key] = { type: shape.type, ...own, ...partsOf(shape, add) };
    return key;
  };
  const input = shapeNamed(found.input.shape);
  const kept = Object.entries(input.members ?? {}).filter(
    ([name]) => part !== undefined || inputs.has(name.toLowerCase()),
  );
  const shape = { ...input, members: Object.fromEntries(kept) };
  shapes[call] = { type: shape.type, ...constraintsOf(shape), ...partsOf(shape, add) };
}

function constraintsOf({ required, enum: values, pattern, min, max }: ServiceShape) {
  return { required, enum: values, pattern, min, max };
}

function partsOf(shape: ServiceShape, add: (name: string) => string): Partial<Shape> {
  const { members: parts, member, key, value } = shape;
  return {
    ...(parts && {
      members: Object.fromEntries(Object.entries(parts).map(([name, its]) => [name, add(its.shape)])),
    }),
    ...(member && { member: add(member.shape) }),
    ...(key && value && { key: add(key.shape), member: add(value.shape) }),
  };
}

async function resourceSchema(root: string, type: string): Promise<ResourceSchema> {
  const schemas = join(root, "cfnlint/data/schemas");
  const names = JSON.parse(await readFile(join(schemas, "providers/us-east-1.json"), "utf8"));
  if (!(type in names)) throw new Error(`cfn-lint has no ${type}`);
  return JSON.parse(await readFile(join(schemas, "resources", `${names[type]}.json`), "utf8"));
}

/** Converts a schema to a shape, with references resolved. @param seen the references so far, to stop at a circle */
function shapeOf(
  { $ref, ...schema }: PropertySchema,
  definitions: Readonly<Record<string, PropertySchema>>,
  seen: readonly string[] = [],
): Shape {
  const name = $ref?.replace("#/definitions/", "");
  if (name !== undefined) {
    const found = definitions[name];
    return found && !seen.includes(name) ? shapeOf(found, definitions, [...seen, name]) : { type: "any" };
  }
  const inside = (it: PropertySchema) => shapeOf(it, definitions, seen);
  const [type = "any"] = [schema.type].flat();
  if (schema.properties)
    return {
      type: "structure",
      required: schema.required,
      members: Object.fromEntries(Object.entries(schema.properties).map(([it, its]) => [it, inside(its)])),
    };
  if (schema.items)
    return { type: "list", min: schema.minItems, max: schema.maxItems, member: inside(schema.items) };
  return {
    type: type === "number" ? "double" : type === "object" ? "any" : type,
    enum: schema.enum?.map(String),
    // JSON Schema searches for a pattern anywhere in the text.
    pattern: schema.pattern && `.*(?:${schema.pattern}).*`,
    min: schema.minLength ?? schema.minimum,
    max: schema.maxLength ?? schema.maximum,
  };
}

function pathsOf(pointers: readonly string[] = []): string[] {
  return pointers.map((it) => it.replace("/properties/", "").replaceAll("/", ".")).sort();
}

/** Writes a line for each call, resource and shape, so that a diff shows which of them changed. */
function linesOf(value: Models): string {
  const parts = Object.entries(value).map(([part, entries]) => {
    const lines = Object.entries(entries).map(([key, it]) => `${JSON.stringify(key)}: ${JSON.stringify(it)}`);
    return `${JSON.stringify(part)}: {\n${lines.sort().join(",\n")}\n}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}
