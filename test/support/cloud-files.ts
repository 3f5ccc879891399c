import { aws } from "./cloud-aws.ts";
import { azure } from "./cloud-azure.ts";
import type { CloudCase } from "./cloud-case.ts";
import { hasCluster, stackFiles } from "./stack-files.ts";

export const clouds = { aws, azure } satisfies Record<string, CloudCase>;

/** The files in stacks/ for machines in a cloud, each with the facts of its cloud. cluster-files.ts has those for clusters. */
export const cloudFiles = stackFiles
  .filter(({ file, provider }) => !["local", "kubernetes"].includes(provider) && !hasCluster(file))
  .map(({ file, provider }) => ({ file, cloud: caseOf(provider, file) }));

function caseOf(provider: string, file: string): CloudCase {
  const found = Object.entries(clouds).find(([name]) => name === provider)?.[1];
  if (!found) throw new Error(`${file}: nothing stands in for the provider ${provider} in test/support/`);
  return found;
}
