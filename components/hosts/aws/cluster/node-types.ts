import type { Machine } from "../../../capacity/machine.ts";
import { orRedirect, smallestOfAutoMode } from "../../../capacity/plan-region.ts";
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
  const { nodes } = question.plan;
  const smallest = nodes ? await findSmallest(nodes, zones, question) : smallestOfAutoMode;
  if (!smallest) return;
  const { region } = question;
  await checkVCpus(question, path, async () => {
    const { min, max = min } = region.replicas;
    // On a machine that is chosen for one replica, a roll-out's additional replicas have no room.
    const surge = nodes ? surgeOf(max) : 0;
    const needs = (count: number) => ({
      vCpus: count * smallest.vCpu,
      who: `${count} ${nodes ? `of ${smallest.type}` : `machines with ${smallest.vCpu} or more each`} need ${count * smallest.vCpu}`,
    });
    const wanted = needs(max + surge);
    const who = surge > 0 ? `${wanted.who} (${surge} of them during roll-outs)` : wanted.who;
    return { own: await vCpusOfCluster(region.name), required: needs(min), wanted: { ...wanted, who } };
  });
}

/** Finds the smallest of the machines that AWS offers in the zones. Reports if it isn't the usual one, or if there is none. */
async function findSmallest(
  nodes: readonly Machine[],
  zones: readonly string[],
  question: Question<AwsClusterPlan>,
): Promise<Machine | undefined> {
  const { region, lookUp } = question;
  const types = nodes.map(({ type }) => type);
  const offers = await findOffers(path, types, question);
  if (!offers || zones.length === 0) return undefined;
  const smallest = nodes.find(({ type }) => offers.get(type)?.some((zone) => zones.includes(zone)));
  const where = zones.join(", ");
  const [usual] = types;
  if (!smallest) {
    const message = `no machine that sustains what each of ${region.replicas.min} replicas needs is offered in ${where}: ${types.join(", ")}. Set more replicas, for which smaller ones are enough${orRedirect(region.storage)}`;
    lookUp.refuse(path, message);
  } else if (smallest.type !== usual) {
    lookUp.warn(
      path,
      `${usual} isn't offered in ${where}. The nodes are ${smallest.type} at least. The estimate of costs counts ${usual}`,
    );
  }
  return smallest;
}

/** Counts the vCPUs of the nodes that a region's cluster has now. */
async function vCpusOfCluster(region: string): Promise<number> {
  type Cluster = { readonly vpcConfig?: { readonly clusterSecurityGroupId?: string } };
  const cluster = await previousResource<Cluster>(clusterType, region);
  const group = cluster?.vpcConfig?.clusterSecurityGroupId;
  return group === undefined ? 0 : vCpusInUse(region, [{ Name: "instance.group-id", Values: [group] }]);
}
