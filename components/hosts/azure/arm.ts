/** Azure Resource Manager: what it answers, and what the provider has no function for. */

/** Whether Azure has no such resource, or not even its resource group: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found */
export function isMissing({ message }: Error): boolean {
  return /ResourceNotFound|ResourceGroupNotFound/.test(message);
}
