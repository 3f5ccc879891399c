import type { PolicyDocument } from "@pulumi/aws/iam/documents.js";
import { getLoadBalancerOutput } from "@pulumi/aws/lb/getLoadBalancer.js";
import * as pulumi from "@pulumi/pulumi";
import type { Host, HostArgs } from "../../kind.ts";
import { workloadName } from "../../kubernetes/names.ts";
import { Workload } from "../../kubernetes/workload.ts";
import { namespace, workloadRegion } from "../../kubernetes-cluster/workload-region.ts";
import { bucketStore, createBucket } from "../bucket.ts";
import { attachZone } from "../hosted-zones.ts";
import { bucketKeyRights, bucketPolicy, together } from "../policies.ts";
import { createEndpointService } from "../private-link.ts";
import { createAccessEntries, openPrivateApi } from "./api-access.ts";
import { createCertificates } from "./certificates.ts";
import { createCluster, createMetricsServer, enforceNetworkPolicies } from "./cluster.ts";
import type { ClusterFindings } from "./findings.ts";
import { createKubernetesProvider } from "./kubernetes-provider.ts";
import {
  loadBalancerAnnotations,
  loadBalancerClass,
  loadBalancerHandover,
  loadBalancerName,
  readinessGateLabels,
} from "./load-balancer.ts";
import { createNetwork } from "./network.ts";
import { createNodePool, schedulingOf } from "./node-pool.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { createRecord } from "./record.ts";
import { createPodIdentity } from "./roles.ts";

/** The cache as a workload in an EKS cluster of its own, with a bucket that its replicas share. */
export class ClusterHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly privateLink: Host["privateLink"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];

  constructor(
    name: string,
    args: HostArgs<AwsClusterPlan, ClusterFindings>,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("registry-cache:aws:ClusterHost", name, {}, options);
    const own = { parent: this };
    const { plan, found, secrets } = args;
    const { region, names } = plan;
    const { accountId, bucket, kmsKeyArn } = found;
    const { delivery, expireDays } = region.storage;

    const network = createNetwork(name, args, own);
    if (network.ownVpcId) {
      const { hostedZone } = found;
      attachZone(name, { region: region.name, hostedZone, vpcId: network.ownVpcId }, own);
    }
    const { cluster, nodes } = createCluster(name, args, network, own);
    const { name: clusterName } = cluster;
    const access = { cluster, region: region.name };
    const opened = openPrivateApi(name, plan, cluster, own);
    const provider = createKubernetesProvider(name, access, { ...own, dependsOn: [nodes, ...opened] });
    const policies = enforceNetworkPolicies(name, { ...own, provider });
    const { nodeSubnets } = network;
    const pool = createNodePool(name, plan, { cluster, nodeSubnets, kmsKeyArn }, { ...own, provider });
    createMetricsServer(name, plan, cluster, { ...own, dependsOn: [nodes, ...pool] });
    const certificates = createCertificates(name, args, { clusterName, nodes: pool, provider }, own);
    const store = createBucket(name, { names, region: region.name, bucket, expireDays, kmsKeyArn }, own);
    const identity = createPodIdentity(
      name,
      {
        plan,
        part: "pods",
        accountId,
        clusterName,
        namespace,
        serviceAccount: workloadName,
        rights: storeRights(region.name, bucket, kmsKeyArn),
      },
      own,
    );
    const workload = new Workload(
      name,
      {
        ...plan,
        secrets,
        region: workloadRegion(region, {
          store: bucketStore({ region: region.name, bucket, delivery }),
          annotations: loadBalancerAnnotations(
            region.endpoint,
            network.loadBalancerSubnets,
            plan.governance?.tags,
          ),
          loadBalancerClass,
          handover: loadBalancerHandover,
          namespaceLabels: readinessGateLabels,
          loadBalancerRanges: network.loadBalancerRanges,
          // Their addresses don't pass an endpoint: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
          ...(region.endpoint.privateLink && { furtherClients: network.loadBalancerRanges }),
          scheduling: schedulingOf(plan),
        }),
        serviceAccount: {},
      },
      { ...own, provider, dependsOn: [policies, ...pool, ...certificates, ...store, ...identity] },
    );
    this.privateLink =
      region.endpoint.privateLink &&
      createEndpointService(
        name,
        { names, endpoint: region.endpoint, loadBalancer: loadBalancerArn(workload.address, own) },
        own,
      );
    createAccessEntries(name, plan, clusterName, own);
    createRecord(name, args, workload.address, own);

    this.address = workload.address;
    this.ca = workload.ca;
    this.diskGiB = workload.diskGiB;
    this.bucketUrl = workload.bucketUrl;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** The controller of the cluster has made it, so only its address is known. */
function loadBalancerArn(address: pulumi.Output<string>, { parent }: { readonly parent: pulumi.Resource }) {
  return getLoadBalancerOutput({ name: address.apply(loadBalancerName) }, { parent }).arn;
}

/** Of the replicas, in their bucket. */
function storeRights(region: string, bucket: string, keyArn: string | undefined): PolicyDocument {
  const rights = bucketPolicy(bucket);
  if (keyArn === undefined) return rights;
  return together(rights, bucketKeyRights({ region, keyArn }, `arn:aws:s3:::${bucket}`, "write"));
}
