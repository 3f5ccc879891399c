import { isDeepStrictEqual } from "node:util";
import type { LookUp } from "../look-up.ts";

/** What an update does with a region's machine: create the first one, leave the existing one alone, or delete it and create another. */
export type Fate = "new" | "stays" | "replaced";

/** The values that the stack's state contains. */
export type Told<MadeOf> = { readonly [Key in keyof MadeOf]?: MadeOf[Key] | undefined };

/**
 * @param previous the values of the existing machine that force a replacement when they change, from the last update. @default there is no machine
 * @param wanted the same values for this update. @default unknown, because something that they depend on is missing
 */
export function fateOf<MadeOf extends object>(
  previous: Told<MadeOf> | undefined,
  wanted: MadeOf | undefined,
): Fate {
  if (previous === undefined) return "new";
  return isDeepStrictEqual(previous, wanted) ? "stays" : "replaced";
}

/** Added to an obstacle if the machine stays. The engine doesn't tell the program which resources `--replace` names. */
const runsOn =
  "The existing machine keeps running. An update that would replace it is refused; `pulumi up --replace` would delete it and couldn't make another";

const isDeleted = "This update would replace the machine, which is deleted first";

/**
 * Reports what prevents the creation of a machine. If this update must create one, that is a problem. If the machine stays, it's a warning, so that all other changes still apply.
 * @param obstacles the findings, each with what the user can do
 */
export function tellObstacles(lookUp: LookUp, obstacles: LookUp, fate: Fate): void {
  for (const { path, message } of obstacles.warnings) lookUp.warn(path, message);
  for (const { path, message } of obstacles.problems) {
    if (fate === "stays") lookUp.warn(path, `${message}. ${runsOn}`);
    else lookUp.refuse(path, fate === "replaced" ? `${message}. ${isDeleted}` : message);
  }
}
