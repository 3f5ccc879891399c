import { isReservedRange } from "../../../config/access.ts";
import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { Findings } from "../../kind.ts";
import { clusterFindings, type Surroundings } from "../../kubernetes-cluster/preflight.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { isApiPrivate } from "./api-access.ts";

export interface AwsSurroundings extends Surroundings {
  /** Id of the VPC of the region's cluster, or `create` if the stack created that VPC. @default there is no cluster yet */
  readonly previousVpc?: string | undefined;
  /** Whether the region already has an endpoint service. @default no */
  readonly hasPrivateLink?: boolean;
  /** Whether the AWS CLI is installed. */
  readonly hasCli: boolean;
}

/** Findings about a region and its existing resources that need no request to AWS. */
export function awsClusterFindings(region: AwsClusterRegion, surroundings: AwsSurroundings): Findings {
  const { problems, warnings } = clusterFindings(region, services.aws, surroundings);
  const { previousVpc = region.network.vpc, hasPrivateLink = false, hasCli } = surroundings;
  return {
    problems: [
      ...problems,
      // Otherwise, EKS refuses it only after another network was created: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
      ...problemIf(
        previousVpc !== region.network.vpc,
        "network.vpc",
        `the cluster is in \`${previousVpc}\`, and can't move: destroy the region first, by \`pulumi destroy\` or an update without it`,
      ),
      ...apiProblems(region, surroundings),
      // AWS doesn't delete a load balancer that an endpoint service uses, and the update deletes the endpoint service only at its end.
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

/** Otherwise, EKS refuses reserved ranges only after the network was created. A new cluster's API must be reachable, because the same update continues inside the cluster. */
function apiProblems(region: AwsClusterRegion, { previousVersion }: AwsSurroundings): Problem[] {
  const reserved = region.apiAccess.flatMap((range, index) =>
    isReservedRange(range)
      ? [{ path: `apiAccess[${index}]`, message: `${range} is reserved: no client has such an address` }]
      : [],
  );
  if (reserved.length > 0) return reserved;
  if (previousVersion !== undefined || region.network.vpc !== "create" || !isApiPrivate(region)) return [];
  const message =
    "has private ranges only, and the network that the stack makes isn't connected to another one yet: add the public addresses from which you run `pulumi up`, or name an existing network";
  return [{ path: "apiAccess", message }];
}
