import { hint, type Problem } from "../config/problems.ts";

/** The regions of a cloud, by the names that its API has for them. */
export interface CloudRegions {
  /** `AWS` */
  readonly cloud: string;
  readonly known: readonly string[];
  /** Matches those that the cloud has apart from its public regions. */
  readonly elsewhere: RegExp;
  /** The command that lists them. */
  readonly listedBy: string;
}

/** @returns problems whose path is relative to the region. */
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
