import type { KindDefinition } from "../kind.ts";
import { LocalHost } from "./local-host.ts";
import type { LocalPlan } from "./plan.ts";
import { preflight } from "./preflight.ts";

/** A region on this machine. */
export const local: KindDefinition<LocalPlan, object> = {
  preflight,
  lookUp: async () => ({ found: {}, problems: [] }),
  create: (name, args, options) => new LocalHost(name, args, options),
};
