/** What no cluster may have by the rules in policy/, and what a cluster may have only if its stack's configuration says so. */
import type { Resource } from "../../policy/rule.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import { exposureOf, violationsIn } from "./posture.ts";

/** Describes each violation. */
export function kubernetesViolations(objects: readonly Resource[], regions: readonly unknown[]): string[] {
  const exposure = exposureOf(regions);
  const mayBeOpen = exposure.clients.some((it) => everyone.includes(it));
  const policies = objects.filter(({ type }) => /:(?:Cilium)?NetworkPolicy$/.test(type));
  const isOpen = (rule: unknown) => {
    const sources = sourcesOf(rule);
    return sources.length === 0 || sources.some((it) => everyone.includes(String(it)));
  };
  return [
    ...violationsIn(objects, exposure),
    ...policies
      .filter(({ props }) => !mayBeOpen && valuesAt("spec.ingress[*]", props).some(isOpen))
      .map(({ type }) => `${type}: lets everyone in`),
  ];
}

const everyone = ["0.0.0.0/0", "::/0", "world", "all"];

/** The sources of a rule of either kind: address ranges, entities, and whole selectors. */
function sourcesOf(rule: unknown): unknown[] {
  return [
    ...valuesAt("from[*]", rule).map((peer) => valueAt("ipBlock.cidr", peer) ?? peer),
    ...["fromCIDR[*]", "fromEntities[*]", "fromEndpoints[*]"].flatMap((path) => valuesAt(path, rule)),
  ];
}
