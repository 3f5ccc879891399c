/** The conventional name of a stack with one region: `aws-eu-central-1`. Names of resources omit it, because it adds nothing to the region's name. */
export function conventionalStack(provider: string, region: string): string {
  return `${provider}-${region}`;
}
