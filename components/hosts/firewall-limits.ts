/** The most sources in all rules of a network security group of Azure: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
export const maxSecurityGroupRanges = 4000;

/** Of its 1000 rules, each of which takes one service tag, as far as the others leave them: same page. */
export const maxSecurityGroupTags = 900;
