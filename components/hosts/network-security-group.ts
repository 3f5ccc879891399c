/** Maximum number of source ranges in all rules of an Azure network security group: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
export const maxNetworkSecurityGroupRanges = 4000;

/** Maximum number of service tags. Each takes one of the group's 1000 rules (same page); the rest is for the other rules. */
export const maxNetworkSecurityGroupTags = 900;
