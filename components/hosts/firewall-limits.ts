/** What the clouds' packet filters take. */

/**
 * Inbound rules per security group of AWS, for IPv4 and again for IPv6. A prefix list counts with its maximum of entries. An account may have more:
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
 */
export const maxRulesPerGroup = 60;

/** Of sources in all rules of a network security group of Azure: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
export const maxSecurityGroupRanges = 4000;
