import assert from "node:assert/strict";
import { parseConfig } from "../../components/config/parse.ts";
import type { RegionKind, Regions } from "../../components/config/schema.ts";
import type { PlanRequest } from "../../components/hosts/kind.ts";

/**
 * The arguments of the plan of a stack's only region.
 * @param keys the stack's configuration
 */
export function planRequest<Name extends RegionKind>(
  kind: Name,
  keys: Record<string, unknown>,
): PlanRequest<Regions[Name]> {
  const { regions, ...shared } = parseConfig(keys);
  const [region, ...others] = regions;
  assert.deepEqual([region?.kind, others], [kind, []]);
  return { ...shared, region: region as Regions[Name], stack: "test" };
}
