import { getLoadBalancerOutput } from "@pulumi/aws/lb/getLoadBalancer.js";
import { Record } from "@pulumi/aws/route53/record.js";
import * as pulumi from "@pulumi/pulumi";
import { goesFirst } from "../../goes-first.ts";
import type { Host } from "../../kind.ts";
import { workloadName } from "../../kubernetes/names.ts";
import { Workload } from "../../kubernetes/workload.ts";
import { namespace, workloadRegion } from "../../kubernetes-cluster/workload-region.ts";
import { createBucket } from "../bucket.ts";
import { createEndpointService } from "../endpoint-service.ts";
import { attachZone } from "../hosted-zones.ts";
import { bucketRights } from "../policies.ts";
import { createAccessEntries, openPrivateApi } from "./api-access.ts";
import { createCertificates } from "./certificates.ts";
import { createCluster, createMetricsServer, enforceNetworkPolicies } from "./cluster.ts";
import type { ClusterArgs } from "./findings.ts";
import { createKubernetesProvider } from "./kubernetes-provider.ts";
import {
  loadBalancerAnnotations,
  loadBalancerClass,
  loadBalancerHandover,
  loadBalancerName,
  readinessGateLabels,
} from "./load-balancer.ts";
import { createNetwork } from "./network.ts";
import { createNodePool, replicaSchedulingOf } from "./node-pool.ts";
import { createPodIdentity } from "./roles.ts";

/** The cache as a workload in its own EKS cluster. The replicas share a bucket. */
export class ClusterHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly privateLink: Host["privateLink"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];

  constructor(name: string, args: ClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:aws:ClusterHost", name, {}, options);
    const own = { parent: this };
    const { plan, found, secrets } = args;
    const { region } = plan;
    const { bucket, kmsKeyArn, hostedZone, loadBalancerZoneId } = found;

    const network = createNetwork(args, own);
    if (network.ownVpcId) attachZone(args, network.ownVpcId, own);
    const { cluster, nodes } = createCluster(args, network, own);
    const { name: clusterName } = cluster;
    const opened = openPrivateApi(plan, cluster, own);
    const provider = createKubernetesProvider(region, cluster, {
      ...own,
      dependsOn: [nodes, ...opened],
    });
    const policies = enforceNetworkPolicies(name, { ...own, provider });
    const pool = createNodePool(args, cluster, network.nodeSubnets, { ...own, provider });
    createMetricsServer(plan, cluster, { ...own, dependsOn: [nodes, ...pool] });
    const certificates = createCertificates(args, clusterName, pool, provider, own);
    const blobs = createBucket(plan, { ...region.storage, bucket, kmsKeyArn }, own);
    const identity = createPodIdentity(
      args,
      {
        part: "pods",
        clusterName,
        namespace,
        serviceAccount: workloadName,
        rights: bucketRights(region.name, bucket, kmsKeyArn),
      },
      own,
    );
    const workload = new Workload(
      name,
      {
        ...plan,
        secrets,
        region: workloadRegion(region, {
          store: blobs.store,
          annotations: loadBalancerAnnotations(plan, network.loadBalancerSubnets),
          loadBalancerClass,
          handover: loadBalancerHandover,
          namespaceLabels: readinessGateLabels,
          loadBalancerRanges: network.loadBalancerRanges,
          // A private link doesn't preserve the clients' addresses: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
          ...(region.endpoint.privateLink && { furtherClients: network.loadBalancerRanges }),
          scheduling: replicaSchedulingOf(plan),
        }),
        serviceAccount: {},
      },
      { ...own, provider, dependsOn: [policies, ...pool, ...certificates, ...blobs.resources, ...identity] },
    );
    this.privateLink =
      region.endpoint.privateLink && createEndpointService(plan, loadBalancerArn(workload.address, own), own);
    createAccessEntries(plan, clusterName, own);
    if (hostedZone && loadBalancerZoneId !== undefined) {
      const aliases = [{ name: workload.address, zoneId: loadBalancerZoneId, evaluateTargetHealth: false }];
      const record = { zoneId: hostedZone.id, name: region.endpoint.hostname, type: "A", aliases };
      new Record(name, record, goesFirst(own));
    }

    this.address = workload.address;
    this.ca = workload.ca;
    this.diskGiB = workload.diskGiB;
    this.bucketUrl = workload.bucketUrl;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** Looks up the ARN, because the cluster's controller creates the load balancer and only its address is known. */
function loadBalancerArn(address: pulumi.Output<string>, { parent }: { readonly parent: pulumi.Resource }) {
  return getLoadBalancerOutput({ name: address.apply(loadBalancerName) }, { parent }).arn;
}
