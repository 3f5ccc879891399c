/** What is said of a region that a cloud has apart from its public regions. @param cloud `AWS` */
export function otherPartition(region: string, cloud: string): string {
  return `"${region}" is in a part of ${cloud} with names, addresses and services of its own, which isn't supported: docs/governance.md says what is missing`;
}
