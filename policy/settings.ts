import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, type Problem } from "../components/config/problems.ts";
import { parseWith } from "../components/config/schema-problems.ts";
import { levels } from "./rule.ts";
import { rules } from "./rules.ts";

const schema = z.strictObject(
  Object.fromEntries(
    rules.map(({ name, level, parameters }) => [
      name,
      z.strictObject({ enforcementLevel: z.enum(levels).default(level), ...parameters }).prefault({}),
    ]),
  ),
);

/** The level and the parameters of each rule, by the rule's name: what the team sets, otherwise the defaults. */
export type Settings = Readonly<Record<string, { readonly enforcementLevel: (typeof levels)[number] }>>;

/**
 * @param raw the parsed content of policy/config.json, in the format of Pulumi's `--policy-pack-config`
 * @throws ConfigError with all problems
 */
export function parseSettings(raw: unknown): Settings {
  const { data, problems } = parseWith(schema, raw);
  if (!data) throw new ConfigError(problems);
  return data as Settings;
}

/**
 * Reads policy/config.json. If the file doesn't exist or has problems, the settings are the defaults.
 * @param file another path, for tests
 */
export function readSettings(file = join(import.meta.dirname, "config.json")): {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
} {
  try {
    const raw = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    return { settings: parseSettings(raw), problems: [] };
  } catch (error) {
    const found = error instanceof ConfigError ? error.problems : [{ path: "", message: String(error) }];
    const problems = found.map(({ path, message }) => ({
      path: ["policy/config.json", path].filter(Boolean).join(": "),
      message,
    }));
    return { settings: parseSettings({}), problems };
  }
}
