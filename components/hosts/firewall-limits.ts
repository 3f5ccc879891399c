/** The most sources in all rules of a network security group of Azure: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
export const maxSecurityGroupRanges = 4000;
