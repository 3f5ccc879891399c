import { parse, type ScalarTag } from "yaml";
import { isMapping } from "./as-written.ts";
import { ConfigError } from "./problems.ts";
import { namespace } from "./schema.ts";

/**
 * Merges Pulumi.yaml and a stack's file into the configuration that the engine would pass to the program. A key of the stack file replaces
 * the project's whole value. Secrets stay encrypted.
 * See https://www.pulumi.com/docs/iac/concepts/config/#project-level-configuration
 * @throws ConfigError if a text isn't YAML, or the stack file has no keys below `config`.
 */
export function readStackFile(projectYaml: string, stackYaml: string): Record<string, unknown> {
  const project = configOf(mapping(parseYaml(projectYaml, "Pulumi.yaml")).config).map(
    ([key, value]) => [key, projectValue(key, value)] as const,
  );
  const { config } = mapping(parseYaml(stackYaml, "stack file"));
  if (!isMapping(config)) {
    const message =
      "is missing, or has no keys: write them below it, indented, as in stacks/Pulumi.local.yaml";
    throw new ConfigError([{ path: "config", message }]);
  }
  const stack = configOf(config);
  return Object.fromEntries([...project, ...stack].filter(([, value]) => value !== undefined));
}

/** All keys of `config` in Pulumi.yaml or a stack's file, as written. Empty if the text can't be read. */
export function configKeys(text: string): string[] {
  try {
    return Object.keys(mapping(mapping(parseYaml(text, "")).config));
  } catch {
    return [];
  }
}

/** The entries of `config` in this project's namespace. Keys without a namespace belong to it, too. */
function configOf(config: unknown): [key: string, value: unknown][] {
  return Object.entries(mapping(config)).flatMap(([name, value]): [string, unknown][] => {
    const [space, key] = name.includes(":") ? name.split(/:(?:config:)?/, 2) : [namespace, name];
    return space === namespace && key !== undefined ? [[key, value]] : [];
  });
}

/** https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/workspace/project.json (`configTypeDeclaration`) */
const declarationKeys = ["value", "default", "type", "items", "description", "secret"];

/**
 * In a project file, a mapping is the declaration of a key, with its `value` or `default`. Anything else is the value itself.
 * @throws ConfigError if the mapping is a value itself, which Pulumi refuses
 */
function projectValue(key: string, value: unknown): unknown {
  if (!isMapping(value)) return value;
  const wrong = Object.keys(value).find((name) => !declarationKeys.includes(name));
  if (wrong !== undefined) {
    const message = `Pulumi reads "${wrong}" here as a setting of the key: write the mapping below \`value:\``;
    throw new ConfigError([{ path: `Pulumi.yaml: config.${namespace}:${key}`, message }]);
  }
  return value.value ?? value.default;
}

/** Numbers with underscores and octal numbers (`010`), which go-yaml still reads as in YAML 1.1: https://github.com/go-yaml/yaml/blob/v3.0.1/resolve.go#L191-L210 */
const numberOfGo: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^[-+]?(?:0[0-7_]+|\d[\d_]*_[\d_]*(?:\.[\d_]*)?)$/,
  resolve(text) {
    const plain = text.replaceAll("_", "");
    return /^[-+]?0[0-7]+$/.test(plain) ? Number.parseInt(plain, 8) : Number.parseFloat(plain);
  },
};

/**
 * Parses YAML as Pulumi does, including merge keys (`<<: *base`): https://github.com/go-yaml/yaml/tree/v3.0.1#compatibility
 * @param file the name for messages
 * @throws ConfigError if the text isn't YAML
 */
export function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { merge: true, customTags: (tags) => [numberOfGo, ...tags] });
  } catch (error) {
    throw new ConfigError([{ path: file, message: error instanceof Error ? error.message : String(error) }]);
  }
}

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
