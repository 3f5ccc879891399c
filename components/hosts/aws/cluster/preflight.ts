import { isReservedRange } from "../../../config/access.ts";
import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { Findings } from "../../kind.ts";
import { clusterFindings, type Surroundings } from "../../kubernetes-cluster/preflight.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { isApiPrivate } from "./api-access.ts";

export interface AwsSurroundings extends Surroundings {
  /** Id of the VPC in which the region's cluster is, or `create` for its own. @default there is no cluster yet */
  readonly previousVpc?: string | undefined;
  /** Whether the region has an endpoint service. @default no */
  readonly hasPrivateLink?: boolean;
  /** Whether the AWS CLI is installed. */
  readonly hasCli: boolean;
}

/** What is to be said of a region by what is there of it, found without asking AWS. */
export function awsClusterFindings(region: AwsClusterRegion, surroundings: AwsSurroundings): Findings {
  const { problems, warnings } = clusterFindings(region, services.aws, surroundings);
  const { previousVpc = region.network.vpc, hasPrivateLink = false, hasCli } = surroundings;
  return {
    problems: [
      ...problems,
      // EKS would say so when another network has been made: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
      ...problemIf(
        previousVpc !== region.network.vpc,
        "network.vpc",
        `the cluster is in \`${previousVpc}\`, and can't move: destroy the region first, by \`pulumi destroy\` or an update without it`,
      ),
      ...apiProblems(region, surroundings),
      // AWS deletes no load balancer that an endpoint service leads to, and deletes that one only at the end of the update.
      ...problemIf(
        hasPrivateLink && region.endpoint.exposure === "public",
        "endpoint.exposure",
        "needs another load balancer: remove `privateLink` in an earlier update",
      ),
      ...problemIf(
        !hasCli,
        "topology",
        "a cluster is reached by the AWS CLI, `aws`, which isn't on the PATH: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
      ),
    ],
    warnings,
  };
}

/** EKS would say so when the network has been made. The update goes on in the cluster that it has just made. */
function apiProblems(region: AwsClusterRegion, { previousVersion }: AwsSurroundings): Problem[] {
  const reserved = region.apiAccess.flatMap((range, index) =>
    isReservedRange(range)
      ? [{ path: `apiAccess[${index}]`, message: `${range} is reserved, and nobody comes from there` }]
      : [],
  );
  if (reserved.length > 0) return reserved;
  if (previousVersion !== undefined || region.network.vpc !== "create" || !isApiPrivate(region)) return [];
  const message =
    "has private ranges only, and the network that the stack makes isn't connected to another one yet: add the public addresses of whoever runs `pulumi up`, or name an existing network";
  return [{ path: "apiAccess", message }];
}
