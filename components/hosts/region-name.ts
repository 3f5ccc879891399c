import { hint, type Problem } from "../config/problems.ts";

/** A cloud's regions, with the names that its API uses. */
export interface CloudRegions {
  /** For example `AWS`. */
  readonly cloud: string;
  readonly known: readonly string[];
  /** Matches the regions outside the public cloud, such as government clouds. */
  readonly elsewhere: RegExp;
  /** The command that lists all regions. */
  readonly listedBy: string;
}

/** @returns problems whose path is relative to the region */
export function regionNameProblems(
  { name }: { readonly name: string },
  { cloud, known, elsewhere, listedBy }: CloudRegions,
): Problem[] {
  if (known.includes(name)) return [];
  const message = elsewhere.test(name)
    ? `"${name}" is in a part of ${cloud} with names, addresses and services of its own, which isn't supported: docs/governance.md says what is missing`
    : `"${name}" is not a region of the public ${cloud} cloud: ${hint(name, known, `\`${listedBy}\` names them`)}`;
  return [{ path: "name", message }];
}
