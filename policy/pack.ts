/** The rules as a policy pack for `pulumi preview` and `pulumi up`: docs/policies.md. */
import { type Policies, PolicyPack } from "@pulumi/policy";
import { z } from "zod";
import type { Rule } from "./rule.ts";
import { rules } from "./rules.ts";
import { readSettings } from "./settings.ts";

/**
 * If a rule reads a value that is unknown during a preview, the SDK skips the rule for that resource and says so. `up` runs it before it creates the resource.
 * `validateStack` runs at the end of both `preview` and `up`.
 */
function policyOf({ name, what, level, parameters = {}, each, all }: Rule): Policies[number] {
  const { properties = {} } = z.toJSONSchema(z.object(parameters), { io: "input" });
  const common = { name, description: what, enforcementLevel: level, configSchema: { properties } };
  return {
    ...common,
    ...(each && {
      validateResource({ type, name, props, opts: { protect }, getConfig }, report) {
        for (const message of each({ type, name, props, protect }, getConfig())) report(message);
      },
    }),
    ...(all && {
      validateStack({ resources, getConfig }, report) {
        const stack = resources[0]?.urn.split(":")[2] ?? "";
        for (const { resource, message } of all(resources, getConfig(), stack)) {
          report(message, resource.urn);
        }
      },
    }),
  } as Policies[number];
}

const { settings, problems } = readSettings();
for (const { path, message } of problems) console.error(`${path}: ${message}`);
if (problems.length > 0) process.exit(1);

new PolicyPack("registry-cache", { policies: rules.map(policyOf) }, settings);
