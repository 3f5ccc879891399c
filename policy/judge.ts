import type { Problem } from "../components/config/problems.ts";
import type { StackConfig } from "../components/config/schema.ts";
import type { Resource, Rule, Violation } from "./rule.ts";
import { rules } from "./rules.ts";
import { parseSettings, type Settings } from "./settings.ts";

/** The rule that is violated, and what that does. */
export interface Found {
  readonly rule: string;
  readonly level: Rule["level"];
}

/**
 * What is wrong with resources, as the policy pack finds it.
 * @param stack its name, without organization
 * @param settings by default, the rules' own
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
 * What is wrong with a stack's configuration, by paths in it.
 * @param stack its name, without organization, which is that of its file
 * @param settings by readSettings()
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
