import { Region } from "@pulumi/aws/types/enums/index.js";
import type { CloudRegions } from "../region-name.ts";

/** Other partitions, with their own ARNs and addresses: China, US government, sovereign clouds. docs/governance.md says why they aren't supported. */
const elsewhere = /^(?:cn|eusc|us-gov|us-iso[a-z]?|eu-iso[a-z]?)-/;

/** The regions of the public partition that the provider knows. */
export const regionNames: readonly string[] = Object.values(Region).filter((name) => !elsewhere.test(name));

export const awsRegions: CloudRegions = {
  cloud: "AWS",
  known: regionNames,
  elsewhere,
  listedBy: "aws ec2 describe-regions",
};
