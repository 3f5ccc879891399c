import { z } from "zod";
import { sealedCredentialsOrToken } from "../../components/config/credentials.ts";
import { knownKeys } from "../../components/config/parse.ts";
import { namespace, providers, stackSchemas, unknownProviderSchema } from "../../components/config/schema.ts";

/** A JSON Schema, with the keywords that this project reads. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of a zod schema's input: what a user writes, before defaults and conversions. Checks in code aren't included. */
export function inputSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  return rest;
}

/**
 * The JSON Schema of a whole stack file, `stacks/Pulumi.<stack>.yaml`, for editors. Keys that the project's configuration can supply are optional. Unknown keys of this
 * namespace must be credentials. Keys of other namespaces can have any value.
 */
export function stackFileSchema(): JsonSchema {
  const { properties = {} } = inputSchemaOf(unknownProviderSchema);
  const config: JsonSchema = {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => [`${namespace}:${key}`, schema]),
    ),
    patternProperties: {
      [`^${namespace}:(?!(?:${knownKeys.join("|")})$)`]: inputSchemaOf(sealedCredentialsOrToken),
      [`^(?!${namespace}:)[^:]+:`]: {},
    },
    additionalProperties: false,
    required: [`${namespace}:provider`, `${namespace}:regions`],
    anyOf: providers.map((provider) => ({
      properties: {
        [`${namespace}:provider`]: { const: provider },
        [`${namespace}:regions`]: inputSchemaOf(stackSchemas[provider].shape.regions),
        [`${namespace}:governance`]: governanceOf(stackSchemas[provider].shape),
      },
    })),
  };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A stack of regional registry caches",
    type: "object",
    properties: { config },
    required: ["config"],
  };
}

/** A provider without accounts has no `governance`. */
function governanceOf(shape: object): JsonSchema | false {
  return "governance" in shape ? inputSchemaOf(shape.governance as z.ZodType) : false;
}
