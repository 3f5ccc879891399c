import { Region } from "@pulumi/aws/types/enums/index.js";
import { hint, type Problem } from "../../config/problems.ts";
import { otherPartition } from "../other-partition.ts";

/** Partitions of their own, with other ARNs and addresses: China, US government, sovereign clouds. docs/governance.md says why they aren't supported. */
const elsewhere = /^(?:cn|eusc|us-gov|us-iso[a-z]?|eu-iso[a-z]?)-/;

/** The regions of the public partition that the provider knows. */
export const regionNames: readonly string[] = Object.values(Region).filter((name) => !elsewhere.test(name));

/** @returns problems whose path is relative to the region. */
export function nameProblems({ name }: { readonly name: string }): Problem[] {
  if (regionNames.includes(name)) return [];
  if (elsewhere.test(name)) return [{ path: "name", message: otherPartition(name, "AWS") }];
  const wayOut = hint(name, regionNames, "`aws ec2 describe-regions` names them");
  return [{ path: "name", message: `"${name}" is not a region of the public AWS cloud: ${wayOut}` }];
}
