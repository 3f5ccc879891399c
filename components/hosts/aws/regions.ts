import { Region } from "@pulumi/aws/types/enums/index.js";

/** Partitions of their own, with other ARNs and addresses: China, US government, sovereign clouds. They are not supported. */
const elsewhere = /^(?:cn|eusc|us-gov|us-iso[a-z]?|eu-iso[a-z]?)-/;

/** The regions of the public partition that the provider knows. */
export const regionNames: readonly string[] = Object.values(Region).filter((name) => !elsewhere.test(name));
