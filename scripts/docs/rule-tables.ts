/** The tables of docs/policies.md. */
import { z } from "zod";
import type { Rule } from "../../policy/rule.ts";
import { exceptions } from "../../policy/rules/least-privilege.ts";
import { rules } from "../../policy/rules.ts";
import { markdownTable } from "../output/markdown-table.ts";

/** The rules' requirements, as Markdown. */
export function ruleTables(): string {
  return [
    markdownTable(["rule", "what must hold", "why", "judges", "level"], rules.map(ruleRow)),
    "\n### Parameters\n",
    markdownTable(["rule", "parameter", "default", "meaning"], rules.flatMap(parameterRows)),
    "\n### Wildcards that are allowed\n",
    markdownTable(
      ["actions", "resources", "why"],
      exceptions.map(({ actions, resource, why }) => [code(actions.source), code(resource.source), why]),
    ),
  ].join("\n");
}

function ruleRow({ name, what, why, level, each, all, configuration }: Rule): string[] {
  const judged = { resources: each, "the whole stack": all, configuration };
  const judges = Object.entries(judged).flatMap(([what, judge]) => (judge ? [what] : []));
  return [code(name), what, why, judges.join(", "), level];
}

function parameterRows({ name, parameters = {} }: Rule): string[][] {
  const { properties = {} } = z.toJSONSchema(z.object(parameters), { io: "input" });
  return Object.entries(properties).map(([key, schema]) => {
    const { default: value, description = "" } = schema as { default: unknown; description?: string };
    const shown = [value].flat().map((it) => code(String(it)));
    return [code(name), code(key), shown.join(", "), description];
  });
}

function code(text: string): string {
  return `\`${text}\``;
}
