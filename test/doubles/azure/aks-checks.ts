/** AKS's rules for a cluster's network and nodes. */
import { contains, isRange, lengthOf, overlap } from "../checks.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text } from "../values.ts";

export function invalid(condition: unknown, message: string): void {
  demand(condition, "InvalidParameter", message);
}

/** https://learn.microsoft.com/azure/aks/azure-cni-overlay */
export function checkNetwork(profile: Inputs): void {
  const isOverlay = profile.networkPluginMode === "overlay";
  invalid(!isOverlay || profile.networkPlugin === "azure", "overlay is a mode of the plugin azure");
  const isCilium = profile.networkDataplane === "cilium";
  invalid(!isCilium || profile.networkPolicy === "cilium", "the data plane cilium has the policy cilium");
  const [pods, services] = [text("podCidr", profile), text("serviceCidr", profile)];
  invalid(
    [pods, services].every((range) => isRange(range, "ipv4")),
    `ranges ${pods} and ${services}`,
  );
  invalid(lengthOf(services) > 12, `serviceCidr ${services} is too large`);
  invalid(!overlap(pods, services), `${pods} and ${services} overlap`);
  const dns = text("dnsServiceIP", profile);
  const [network = ""] = services.split("/");
  const isFirst = dns === network.replace(/0$/, "1");
  invalid(contains(services, `${dns}/32`) && !isFirst, `dnsServiceIP ${dns}`);
}

/**
 * Checks the outbound type, for which AKS requires settings of the subnet: https://learn.microsoft.com/azure/aks/egress-outboundtype
 * @param egress public ranges of the subnet's firewall or NAT gateway. The nodes use it whatever the outbound type is, and the API must allow it:
 * https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
 */
export function checkOutbound(
  outboundType: string,
  subnet: Inputs,
  authorized: readonly string[],
  egress: readonly string[],
): void {
  const has = { userAssignedNATGateway: subnet.natGateway, userDefinedRouting: subnet.routeTable }[
    outboundType
  ];
  const isFree = ["loadBalancer", "none"].includes(outboundType);
  demand(
    isFree || has,
    "ExistingRouteTableNotAssociatedWithSubnet",
    `${outboundType} and subnet ${subnet.name}`,
  );
  const missing = egress.find((range) => !authorized.some((other) => contains(other, range)));
  demand(!missing, "VMExtensionError_K8SAPIServerConnFail", `${missing} may not reach the API`);
}

/**
 * Checks the number of nodes in an update while the autoscaler is on. Reports contradict each other, so this refuses everything that any report saw
 * refused: a number outside the range (https://github.com/Azure/AKS/issues/1481), which {@link checkPool} refuses, and a missing number or one that
 * differs from the pool's, which AKS treats as manual scaling (https://github.com/hashicorp/terraform-provider-azurerm/pull/4256). No report saw the
 * nearest number in the range refused.
 * @param live the pool's current number of nodes
 */
export function checkCount(pool: Inputs, live: number | undefined): void {
  if (pool.enableAutoScaling !== true || live === undefined) return;
  const [least = 0, count, most = 0] = ["minCount", "count", "maxCount"].map((it) => number(it, pool));
  const allowed = Math.min(Math.max(live, least), most);
  demand(
    count === allowed,
    "BadRequest",
    `Cannot manually scale AgentPool ${pool.name}, which has ${live} nodes, to ${count}`,
  );
}

/** https://learn.microsoft.com/azure/aks/use-system-pools#system-and-user-node-pools */
export function checkPool(pool: Inputs, version: string): void {
  const {
    letters = "",
    processors = "0",
    features = "",
  } = /^Standard_(?<letters>[A-Z]+)(?<processors>\d+)(?<features>[a-z]*)_v\d$/.exec(text("vmSize", pool))
    ?.groups ?? {};
  invalid(/^[a-z][a-z0-9]{0,11}$/.test(text("name", pool)), `pool ${pool.name}`);
  invalid(letters !== "", `The VM size ${pool.vmSize} is not known`);
  if (pool.mode === "System") {
    invalid(Number(processors) >= 4 && letters !== "B", `${pool.vmSize} is not for system pools`);
    invalid((number("count", pool) ?? 0) >= 2, "a system pool has two nodes at least");
    invalid((number("maxPods", pool) ?? 250) >= 30, "a system pool's nodes take 30 Pods at least");
  }
  invalid(!features.includes("p") || pool.osType !== "Windows", "Windows doesn't run on Arm");
  const [least, has, most] = ["minCount", "count", "maxCount"].map((it) => number(it, pool) ?? 0) as [
    number,
    number,
    number,
  ];
  const isScaled = pool.enableAutoScaling === true;
  // https://github.com/kubernetes-sigs/cluster-api-provider-azure/issues/5947
  invalid(isScaled ? least <= has && has <= most : least + most === 0, `count ${least}, ${has}, ${most}`);
  const size = number("osDiskSizeGB", pool) ?? 128;
  invalid(size >= 30 && size <= 2048, `osDiskSizeGB ${size}`);
  demand(
    pool.orchestratorVersion === version,
    "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged",
    `pool ${pool.name}: ${pool.orchestratorVersion}`,
  );
}
