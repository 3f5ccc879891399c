import { isDeepStrictEqual } from "node:util";
import type { LookUp } from "../look-up.ts";

/** What an update does with a region's machine: make the first one, leave the one that is there alone, or delete it and make another. */
export type Fate = "new" | "stays" | "replaced";

/** As far as the stack's state tells it. */
export type Told<MadeOf> = { readonly [Key in keyof MadeOf]?: MadeOf[Key] | undefined };

/**
 * @param previous what the machine was made of, by the last update; only what makes another machine of it. @default there is none
 * @param wanted the same, by this update. @default it can't be known, as what it depends on isn't there
 */
export function fateOf<MadeOf extends object>(
  previous: Told<MadeOf> | undefined,
  wanted: MadeOf | undefined,
): Fate {
  if (previous === undefined) return "new";
  return isDeepStrictEqual(previous, wanted) ? "stays" : "replaced";
}

/** Said of a machine that stays: the engine doesn't tell the program what `--replace` names. */
const runsOn =
  "The existing machine keeps running. An update that would replace it is refused; `pulumi up --replace` would delete it and couldn't make another";

const isDeleted = "This update would replace the machine, which is deleted first";

/**
 * Tells what keeps a machine from being made. It is refused where this update has to make one; a machine that stays is only warned about, so that all other changes can be made.
 * @param obstacles what was found, with what to do about it
 */
export function tellObstacles(lookUp: LookUp, obstacles: LookUp, fate: Fate): void {
  for (const { path, message } of obstacles.warnings) lookUp.warn(path, message);
  for (const { path, message } of obstacles.problems) {
    if (fate === "stays") lookUp.warn(path, `${message}. ${runsOn}`);
    else lookUp.refuse(path, fate === "replaced" ? `${message}. ${isDeleted}` : message);
  }
}
