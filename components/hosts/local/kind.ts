import type { LocalRegion } from "../../config/schema.ts";
import type { KindDefinition } from "../kind.ts";
import { LocalHost } from "./local-host.ts";
import { type LocalPlan, planLocal } from "./plan.ts";
import { preflight } from "./preflight.ts";

/** A region on this machine. */
export const local: KindDefinition<LocalRegion, LocalPlan, object> = {
  plan: planLocal,
  preflight,
  lookUp: async () => ({ found: {}, problems: [] }),
  create: (name, args, options) => new LocalHost(name, args, options),
};
