/** The workload in a cluster on AWS, its rights, and its endpoint. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { valuesAt } from "../doubles/values.ts";
import type { AwsGraph } from "../support/aws-graph.ts";
import { type RegisteredResource, settled } from "../support/graph.ts";
import {
  bucket,
  counts,
  existing,
  graphOf,
  hostname,
  loadBalancer,
  type Manifest,
  manifest,
} from "./aws-cluster-region.ts";

function policyOf(resource: RegisteredResource) {
  return JSON.parse(String(resource.inputs.policy)).Statement;
}

const otherReplicas = {
  topologyKey: "kubernetes.io/hostname",
  labelSelector: {
    matchLabels: {
      "app.kubernetes.io/name": "registry-cache",
      "app.kubernetes.io/instance": "eu-central-1",
    },
  },
};

/** Replicas of the same revision run on different nodes, and those of others too if possible. */
const apart = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { ...otherReplicas, matchLabelKeys: ["pod-template-hash"] },
    ],
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: otherReplicas }],
  },
};

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("allows the Pods their bucket, cert-manager the proof of one name, and neither anything else", () => {
    const pods = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-pods"));
    const resources = pods.map(({ Resource }: { Resource: string }) => Resource);
    assert.deepEqual(resources, [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]);
    const proof = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-cert-manager"));
    assert.deepEqual(Object.values(proof.at(-1).Condition)[0], {
      "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
      "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
      "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
    });
    const associations = graph.resources.filter(({ type }) => type.endsWith(":PodIdentityAssociation"));
    assert.deepEqual(
      associations
        .map(({ inputs: { namespace, serviceAccount, roleArn } }) =>
          [namespace, serviceAccount, String(roleArn).split("eu-central-1-").at(-1)].join(" "),
        )
        .sort(),
      ["cert-manager cert-manager cert-manager", "registry-cache registry-cache pods"],
    );
  });

  test("starts Pods only once they have their identity", () => {
    const association = (part: string) =>
      `aws:eks/podIdentityAssociation:PodIdentityAssociation eu-central-1-${part}`;
    const namespace = graph.resource("kubernetes:core/v1:Namespace", "eu-central-1");
    assert.ok(namespace.dependencies.includes(association("pods")));
    assert.ok(
      namespace.dependencies.includes("kubernetes:cert-manager.io/v1:ClusterIssuer eu-central-1-issuer"),
    );
    const release = graph.resource("kubernetes:helm.sh/v3:Release");
    assert.ok(release.dependencies.includes(association("cert-manager")));
  });

  test("runs all Pods on existing nodes, and each replica on one of its own", () => {
    const scheduling = {
      nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64" },
      tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
    };
    const { template } = manifest(graph.resource("kubernetes:apps/v1:Deployment")).spec;
    const { nodeSelector, tolerations, affinity } = (template as Manifest).spec;
    assert.deepEqual({ nodeSelector, tolerations, affinity }, { ...scheduling, affinity: apart });
    const { values } = graph.resource("kubernetes:helm.sh/v3:Release").inputs;
    const { tolerations: tolerated, ...others } = values as Record<string, unknown>;
    assert.deepEqual(tolerated, scheduling.tolerations);
    assert.ok(!("affinity" in others));
  });

  test("has a load balancer that lets in the clients, and keeps their addresses", () => {
    const { metadata, spec } = manifest(graph.resource("kubernetes:core/v1:Service"));
    const prefix = "service.beta.kubernetes.io/aws-load-balancer";
    assert.deepEqual(metadata.annotations, {
      [`${prefix}-scheme`]: "internet-facing",
      [`${prefix}-nlb-target-type`]: "ip",
      [`${prefix}-target-group-attributes`]: "preserve_client_ip.enabled=true",
      [`${prefix}-attributes`]: "load_balancing.cross_zone.enabled=true",
    });
    assert.deepEqual(spec.loadBalancerSourceRanges, ["203.0.113.0/24"]);
    assert.equal(spec.loadBalancerClass, "eks.amazonaws.com/nlb");
    const namespace = manifest(graph.resource("kubernetes:core/v1:Namespace", "eu-central-1"));
    assert.equal(namespace.metadata.labels["eks.amazonaws.com/pod-readiness-gate-inject"], "enabled");
    assert.deepEqual(
      graph.resource("kubernetes:core/v1:ConfigMap", "eu-central-1-network-policies").inputs.data,
      { "enable-network-policy-controller": "true" },
    );
  });

  test("points the name at the load balancer", async () => {
    const { inputs, deleteBeforeReplace } = graph.resource("aws:route53/record:Record");
    assert.ok(deleteBeforeReplace);
    assert.deepEqual(inputs, {
      zoneId: "Z0123456789",
      name: hostname,
      type: "A",
      aliases: [{ name: loadBalancer, zoneId: "Z3F0SRJ5LGBH90", evaluateTargetHealth: false }],
    });
    assert.equal(await settled(graph.host.address), loadBalancer);
    assert.equal(await settled(graph.host.ca), undefined);
  });
});

test("asks Auto Mode for machines that sustain the workload, where the smallest ones don't", async () => {
  const storage = { kind: "bucket", delivery: "proxied" };
  const { resource } = await graphOf({ storage }, {}, { nodes: 1200, peakMinutes: 10 });
  const { template } = manifest(resource("kubernetes:apps/v1:Deployment")).spec;
  const { nodeAffinity, ...others } = (template as Manifest).spec.affinity as Record<string, unknown>;
  assert.deepEqual(others, apart);
  const expressions =
    "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[*].matchExpressions[*]";
  const [key, operator, types] = ["key", "operator", "values[*]"].map((name) =>
    valuesAt(`${expressions}.${name}`, nodeAffinity),
  );
  assert.deepEqual([key, operator], [["node.kubernetes.io/instance-type"], ["In"]]);
  // Each replica sends 2,577 Mbps. An m6g.large sustains 750 of them, and the estimate counts the least expensive machine that sustains all.
  assert.ok(types?.[0] === "c6gn.xlarge" && types.length > 5 && !types.includes("m6g.large"), types?.join());
});

test("has no cert-manager with a private authority, and gives clients its certificate", async () => {
  const graph = await graphOf({ endpoint: { hostname, zone: "example.com", tls: { mode: "private" } } });
  assert.ok(!graph.resources.some(({ type }) => /helm|cert-manager/.test(type)));
  assert.equal(counts(graph.resources, "aws").PodIdentityAssociation, 1);
  assert.equal((await settled(graph.host.ca))?.certificate, "CERTIFICATE\n");
});

test("creates no record without a zone", async () => {
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  assert.equal(counts(graph.resources, "aws").Record, undefined);
});

test("lets in clients of another account at the edge, where they have the load balancer's addresses", async () => {
  const endpoint = { hostname, exposure: "private", tls: { mode: "private" } };
  const edgeOf = async (more: object) => {
    const graph = await graphOf({
      endpoint: { ...endpoint, ...more },
      network: existing,
      access: { clients: ["192.168.0.0/16"] },
    });
    const { spec } = manifest(graph.resource("kubernetes:core/v1:Service"));
    assert.deepEqual(spec.loadBalancerSourceRanges, ["192.168.0.0/16"]);
    const files = graph.resources.filter(({ type }) => type === "kubernetes:core/v1:ConfigMap");
    return files.map(({ inputs }) => JSON.stringify(inputs.data)).join();
  };
  const ranges = /10\.9\.0\.0\/24 1;.*10\.9\.1\.0\/24 1;/;
  assert.match(await edgeOf({ privateLink: { allowed: ["210987654321"] } }), ranges);
  assert.doesNotMatch(await edgeOf({}), ranges);
});

test("opens the load balancer to 0.0.0.0/0 for everyone, because a cluster is reached by IPv4 only", async () => {
  const graph = await graphOf({ access: { clients: "public" } });
  const { spec } = manifest(graph.resource("kubernetes:core/v1:Service"));
  assert.deepEqual(spec.loadBalancerSourceRanges, ["0.0.0.0/0"]);
});

test("installs the metrics server when replicas scale with load", async () => {
  const graph = await graphOf({ replicas: { min: 2, max: 6 } });
  const { addonName, configurationValues } = graph.resource("aws:eks/addon:Addon").inputs;
  assert.equal(addonName, "metrics-server");
  assert.deepEqual(JSON.parse(String(configurationValues)).tolerations, [
    { key: "CriticalAddonsOnly", operator: "Exists" },
  ]);
  assert.equal(counts((await graphOf()).resources, "aws").Addon, undefined);
});
