import { type CacheIdentity, capped, project } from "../../naming.ts";
import { type Names, namesOf } from "../naming.ts";

/** Names of what a region's cluster is made of, besides those that it has in common with a machine. */
export interface ClusterNames extends Names {
  readonly cluster: string;
  /** Also the beginning of the API's host name, to which Azure adds a part of its own. */
  readonly dnsPrefix: string;
  /** Where AKS puts nodes and load balancer. */
  readonly nodeResourceGroup: string;
  /** The cluster's own, by which AKS works on the network. {@link Names.identity} is that of the cache. */
  readonly clusterIdentity: string;
  readonly certManagerIdentity: string;
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerservice */
const longestNodeGroupName = 80;

/** All names of a cluster. The same input gives the same names for ever: another name replaces the resource. */
export function clusterNamesOf(identity: CacheIdentity): ClusterNames {
  const shared = namesOf(identity);
  const base = `${project}-${identity.region}`;
  return {
    ...shared,
    cluster: base,
    dnsPrefix: base,
    nodeResourceGroup: capped(`${shared.resourceGroup}-nodes`, longestNodeGroupName),
    clusterIdentity: `${base}-cluster`,
    certManagerIdentity: `${base}-cert-manager`,
  };
}
