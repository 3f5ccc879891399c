import type { Problem } from "../components/config/problems.ts";
import type { StackConfig } from "../components/config/schema.ts";
import type { Resource, Rule, Violation } from "./rule.ts";
import { rules } from "./rules.ts";
import { parseSettings, type Settings } from "./settings.ts";

/** The violated rule, and the effect of the violation. */
export interface Found {
  readonly rule: string;
  readonly level: Rule["level"];
}

/**
 * The violations that the policy pack would report for these resources.
 * @param stack the stack's name, without organization
 * @param settings the level and parameters of each rule. @default the rules' own defaults
 */
export function resourceViolations(
  resources: readonly Resource[],
  stack: string,
  settings = parseSettings({}),
): (Violation & Found)[] {
  return judged(settings, (rule, values) => [
    ...resources.flatMap((resource) =>
      (rule.each?.(resource, values) ?? []).map((message) => ({ resource, message })),
    ),
    ...(rule.all?.(resources, values, stack) ?? []),
  ]);
}

/**
 * The violations in a stack's configuration, with their paths in it.
 * @param stack the stack's name, without organization. Its file has the same name.
 * @param settings from readSettings()
 */
export function configurationViolations(
  stack: string,
  config: StackConfig,
  settings: Settings,
): (Problem & Found)[] {
  return judged(settings, (rule, values) => rule.configuration?.(stack, config, values) ?? []);
}

function judged<Result>(
  settings: Settings,
  judge: (rule: Rule, values: Record<string, unknown>) => readonly Result[],
): (Result & Found)[] {
  return rules.flatMap((rule) => {
    const { enforcementLevel: level = rule.level, ...values } = settings[rule.name] ?? {};
    if (level === "disabled") return [];
    return judge(rule, values).map((it) => ({ ...it, rule: rule.name, level }));
  });
}
