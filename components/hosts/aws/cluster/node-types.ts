import { orRedirect } from "../../../capacity/plan-region.ts";
import { surgeOf } from "../../kubernetes/controller.ts";
import { previousResource } from "../../previous-outputs.ts";
import type { Question } from "../account.ts";
import { findOffers } from "../offers.ts";
import { checkVCpus, vCpusInUse } from "../quotas.ts";
import { type AwsClusterPlan, clusterType } from "./plan.ts";

/** The number of replicas decides how large a machine must be. */
const path = "replicas.min";

/**
 * Checks that the account gets the machines that the replicas ask Auto Mode for. Otherwise, the replicas wait for nodes until the update's time is over.
 * Auto Mode itself ignores the types that AWS doesn't offer.
 * @param zones of the nodes. If there are none, that is already a problem.
 */
export async function checkNodeTypes(
  question: Question<AwsClusterPlan>,
  zones: readonly string[],
): Promise<void> {
  const { region, lookUp } = question;
  const { nodes } = question.plan;
  if (!nodes) return;
  const types = nodes.map(({ type }) => type);
  const offers = await findOffers(path, types, question);
  if (!offers || zones.length === 0) return;
  const offered = nodes.filter(({ type }) => offers.get(type)?.some((zone) => zones.includes(zone)));
  const where = zones.join(", ");
  const [smallest] = offered;
  if (!smallest) {
    const message = `no machine that sustains what each of ${region.replicas.min} replicas needs is offered in ${where}: ${types.join(", ")}. Set more replicas, for which smaller ones are enough${orRedirect(region.storage)}`;
    return lookUp.refuse(path, message);
  }
  const [usual] = types;
  if (smallest.type !== usual)
    lookUp.warn(
      path,
      `${usual} isn't offered in ${where}. The nodes are ${smallest.type} at least. The estimate of costs counts ${usual}`,
    );
  await checkVCpus(question, path, async () => {
    const { min, max = min } = region.replicas;
    const needs = (count: number) => ({
      vCpus: count * smallest.vCpu,
      who: `${count} of ${smallest.type} need ${count * smallest.vCpu}`,
    });
    const surge = surgeOf(max);
    const wanted = needs(max + surge);
    return {
      own: await vCpusOfCluster(region.name),
      required: needs(min),
      wanted: { ...wanted, who: `${wanted.who} (${surge} of them during roll-outs)` },
    };
  });
}

/** Counts the vCPUs of the nodes that a region's cluster has now. */
async function vCpusOfCluster(region: string): Promise<number> {
  type Cluster = { readonly vpcConfig?: { readonly clusterSecurityGroupId?: string } };
  const cluster = await previousResource<Cluster>(clusterType, region);
  const group = cluster?.vpcConfig?.clusterSecurityGroupId;
  return group === undefined ? 0 : vCpusInUse(region, [{ Name: "instance.group-id", Values: [group] }]);
}
