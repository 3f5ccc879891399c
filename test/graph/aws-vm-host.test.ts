/** The resources of a region in AWS, and their inputs. test/engine tests what AWS does with them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { settled } from "../support/graph.ts";
import { takenBy } from "../support/runbooks.ts";
import { graphOf, host, hostname, pod, short, userData } from "./aws-vm-region.ts";

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("has these resources, whose types and names never change", () => {
    const types = [
      "aws:cloudwatch/metricAlarm:MetricAlarm eu-central-1-reboot",
      "aws:cloudwatch/metricAlarm:MetricAlarm eu-central-1-recover",
      "aws:ebs/volume:Volume eu-central-1",
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup eu-central-1",
      "aws:ec2/eip:Eip eu-central-1",
      "aws:ec2/eipAssociation:EipAssociation eu-central-1",
      "aws:ec2/instance:Instance eu-central-1",
      "aws:ec2/internetGateway:InternetGateway eu-central-1",
      "aws:ec2/networkInterface:NetworkInterface eu-central-1",
      "aws:ec2/route:Route eu-central-1",
      "aws:ec2/route:Route eu-central-1-ipv6",
      "aws:ec2/routeTable:RouteTable eu-central-1",
      "aws:ec2/routeTableAssociation:RouteTableAssociation eu-central-1",
      "aws:ec2/securityGroup:SecurityGroup eu-central-1",
      "aws:ec2/subnet:Subnet eu-central-1",
      "aws:ec2/volumeAttachment:VolumeAttachment eu-central-1",
      "aws:ec2/vpc:Vpc eu-central-1",
      "aws:ec2/vpcEndpoint:VpcEndpoint eu-central-1",
      "aws:iam/instanceProfile:InstanceProfile eu-central-1",
      "aws:iam/role:Role eu-central-1",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-challenge",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-parameters",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-pod",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment eu-central-1",
      "aws:route53/record:Record eu-central-1",
      "aws:route53/record:Record eu-central-1-ipv6",
      "aws:s3/bucket:Bucket eu-central-1",
      "aws:s3/bucketObjectv2:BucketObjectv2 eu-central-1",
      "aws:s3/bucketObjectv2:BucketObjectv2 eu-central-1-pointer",
      "aws:s3/bucketPolicy:BucketPolicy eu-central-1",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock eu-central-1",
      "aws:ssm/parameter:Parameter eu-central-1-credentials-team",
      "pulumi:index:Stash eu-central-1-image-arm64",
      "pulumi:providers:aws eu-central-1",
      "registry-cache:aws:VmHost eu-central-1",
    ];
    assert.deepEqual(graph.resources.map(({ type, name }) => `${type} ${name}`).sort(), types);
    for (const it of graph.resources) {
      // The SDK has older types for S3.
      if (!it.type.startsWith("aws:s3/")) assert.deepEqual(it.aliases, [], short(it));
      const isRoot = it.type === "pulumi:providers:aws" || it.type === "registry-cache:aws:VmHost";
      assert.equal(it.parent, isRoot ? "" : host, short(it));
    }
  });

  test("outputs what every host does", async () => {
    assert.equal(await settled(graph.host.address), "192.0.2.7");
    assert.equal(await settled(graph.host.ca), undefined);
    assert.equal(graph.host.diskGiB, 240);
    const pointer = graph.resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1-pointer");
    assert.equal(await settled(graph.host.pod ?? assert.fail("no Pod")), pointer.inputs.content);
    const { outputs } = graph.resource("registry-cache:aws:VmHost");
    // There is no `ca`, because the certificate is a public one.
    assert.deepEqual(Object.keys(outputs ?? {}).sort(), ["address", "diskGiB"]);
  });

  test("tags everything that can be tagged, by the provider and by names", () => {
    const { inputs } = graph.resource("pulumi:providers:aws");
    assert.equal(inputs.region, "eu-central-1");
    assert.deepEqual(JSON.parse(String(inputs.defaultTags)), {
      tags: { project: "registry-cache", stack: "test", "managed-by": "pulumi" },
    });
    /** The end of each resource's name, after the region's. */
    const ends = {
      "Bucket eu-central-1": "-pod",
      "BucketObjectv2 eu-central-1": "-pod",
      "BucketObjectv2 eu-central-1-pointer": "-pod",
      "DefaultSecurityGroup eu-central-1": "-default-unused",
      "Eip eu-central-1": "",
      "Instance eu-central-1": "",
      "InstanceProfile eu-central-1": "",
      "InternetGateway eu-central-1": "",
      "MetricAlarm eu-central-1-reboot": "-reboot",
      "MetricAlarm eu-central-1-recover": "-recover",
      "NetworkInterface eu-central-1": "",
      "Parameter eu-central-1-credentials-team": "-credentials-team",
      "Role eu-central-1": "",
      "RouteTable eu-central-1": "",
      "SecurityGroup eu-central-1": "",
      "Subnet eu-central-1": "",
      "Volume eu-central-1": "-data",
      "Vpc eu-central-1": "",
      "VpcEndpoint eu-central-1": "-s3",
    };
    const tagged = graph.resources.filter(({ inputs }) => inputs.tags !== undefined);
    assert.deepEqual(
      Object.fromEntries(tagged.map((it) => [short(it), it.inputs.tags])),
      Object.fromEntries(
        Object.entries(ends).map(([it, end]) => [it, { Name: `registry-cache-test-eu-central-1${end}` }]),
      ),
    );
  });

  test("protects only the data disk, and deletes before a replacement only what can't exist twice", () => {
    const having = (property: "protect" | "deleteBeforeReplace") =>
      graph.resources.filter((it) => it[property]).map(short);
    assert.deepEqual(having("protect"), ["Volume eu-central-1"]);
    assert.deepEqual(having("deleteBeforeReplace").sort(), [
      "Instance eu-central-1",
      ...["Record eu-central-1", "Record eu-central-1-ipv6"],
      "VolumeAttachment eu-central-1",
    ]);
    assert.deepEqual(graph.resource("aws:ec2/volumeAttachment:VolumeAttachment").inputs, {
      deviceName: "/dev/sdf",
      instanceId: "eu-central-1-id",
      volumeId: "vol-0123456789abcdef0",
      skipDestroy: true,
    });
    assert.ok(graph.resources.every(({ replaceOnChanges }) => replaceOnChanges.length === 0));
  });

  test("has an encrypted gp3 disk of the planned size and speed, in the machine's zone", () => {
    const { tags, ...inputs } = graph.resource("aws:ebs/volume:Volume").inputs;
    assert.deepEqual(inputs, {
      availabilityZone: "eu-central-1b",
      type: "gp3",
      size: 240,
      iops: 3000,
      throughput: 125,
      encrypted: true,
    });
  });

  test("uses the first of the region's own zones that offers the machine, and keeps it", () => {
    const subnet = graph.resource("aws:ec2/subnet:Subnet");
    assert.equal(subnet.inputs.availabilityZone, "eu-central-1b");
    assert.deepEqual(subnet.ignoreChanges, ["availabilityZone"]);
    assert.equal(subnet.inputs.ipv6CidrBlock, "2001:db8:1:ff00::/64");
    assert.equal(subnet.inputs.mapPublicIpOnLaunch, undefined);
  });

  test("resolves the image once, so a newer one replaces nothing", () => {
    const stash = graph.resource("pulumi:index:Stash");
    assert.deepEqual(stash.inputs, { input: "ami-0123456789abcdef0" });
    assert.deepEqual(stash.ignoreChanges, ["input"]);
    assert.equal(graph.resource("aws:ec2/instance:Instance").inputs.ami, "ami-0123456789abcdef0");
  });

  test("has a machine with only IMDSv2, an encrypted root disk, and no addresses except the interface's", () => {
    const { ami, userDataBase64, tags, ...inputs } = graph.resource("aws:ec2/instance:Instance").inputs;
    assert.deepEqual(inputs, {
      instanceType: "c6gn.medium",
      iamInstanceProfile: "registry-cache-test-eu-central-1",
      primaryNetworkInterface: { networkInterfaceId: "eu-central-1-id" },
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: 12,
        encrypted: true,
        deleteOnTermination: true,
        tags: { Name: "registry-cache-test-eu-central-1-root" },
      },
    });
  });

  test("tells the machine of its Pod once its rights, its secrets and the Pod exist", () => {
    const { dependencies } = graph.resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1-pointer");
    for (const needed of [
      "aws:iam/rolePolicy:RolePolicy eu-central-1-parameters",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-pod",
      "aws:s3/bucketObjectv2:BucketObjectv2 eu-central-1",
      "aws:ssm/parameter:Parameter eu-central-1-credentials-team",
    ]) {
      assert.ok(dependencies.includes(needed), needed);
    }
  });

  test("starts the machine once it has access to the internet and its rights", () => {
    const { dependencies } = graph.resource("aws:ec2/instance:Instance");
    for (const needed of [
      "aws:ec2/route:Route eu-central-1",
      "aws:ec2/route:Route eu-central-1-ipv6",
      "aws:ec2/routeTableAssociation:RouteTableAssociation eu-central-1",
      "aws:ec2/eipAssociation:EipAssociation eu-central-1",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment eu-central-1",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-challenge",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-parameters",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-pod",
      "aws:ebs/volume:Volume eu-central-1",
    ]) {
      assert.ok(dependencies.includes(needed), needed);
    }
  });

  test("tells the machine its disk, its zone and its region", () => {
    const text = userData(graph);
    assert.match(text, /^#cloud-config\n/);
    assert.match(text, /nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0 /);
    assert.match(pod(graph), /AWS_HOSTED_ZONE_ID\s+value: Z0123456789/);
    assert.match(pod(graph), /AWS_REGION\s+value: eu-central-1/);
    assert.match(text, /amazon-ssm-eu-central-1\/[\d.]+\/debian_arm64\/amazon-ssm-agent\.deb/);
  });

  test("gives the Pod the machine's network and so its credentials, and lets lego ask no caching resolver", () => {
    assert.match(pod(graph), /^ {2}hostNetwork: true$/m);
    assert.match(pod(graph), / --dns\.propagation\.disable-rns /);
  });

  test("keeps lego at the record that the machine may write, where a wildcard of the zone is a CNAME", () => {
    assert.match(pod(graph), /LEGO_DISABLE_CNAME_SUPPORT\s+value: "true"/);
  });

  test("is replaced by the runbook's update, while the records stay away", () => {
    const of = { stack: "aws-eu-central-1", resources: graph.resources };
    assert.deepEqual(takenBy("replace", of), ["aws:ec2/instance:Instance eu-central-1"]);
    assert.deepEqual(takenBy("exclude", of), [
      "aws:route53/record:Record eu-central-1",
      "aws:route53/record:Record eu-central-1-ipv6",
    ]);
  });

  test("recovers broken machines by a move, and restarts stuck ones later", () => {
    const alarm = (action: string) =>
      graph.resource("aws:cloudwatch/metricAlarm:MetricAlarm", `eu-central-1-${action}`).inputs;
    assert.deepEqual(alarm("recover").alarmActions, ["arn:aws:automate:eu-central-1:ec2:recover"]);
    assert.deepEqual(alarm("reboot").alarmActions, ["arn:aws:automate:eu-central-1:ec2:reboot"]);
    assert.equal(alarm("recover").metricName, "StatusCheckFailed_System");
    assert.equal(alarm("reboot").metricName, "StatusCheckFailed_Instance");
    assert.ok(Number(alarm("recover").evaluationPeriods) < Number(alarm("reboot").evaluationPeriods));
    assert.deepEqual(alarm("recover").dimensions, { InstanceId: "eu-central-1-id" });
  });
});

test("leaves DNS when EC2 finds its machine broken or gone, and follows another machine", async () => {
  const endpoint = { hostname, zone: "example.com", failover: "dns", tls: { mode: "private" } };
  const { resource } = await graphOf({ endpoint });
  const { tags, ...check } = resource("aws:route53/healthCheck:HealthCheck", "eu-central-1").inputs;
  const { name, ...alarm } = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "eu-central-1-gone").inputs;
  assert.deepEqual(check, {
    type: "CLOUDWATCH_METRIC",
    cloudwatchAlarmName: name,
    cloudwatchAlarmRegion: "eu-central-1",
    insufficientDataHealthStatus: "Unhealthy",
    triggers: { InstanceId: "eu-central-1-id" },
  });
  const { metricName, statistic, threshold, evaluationPeriods, period, treatMissingData } = alarm;
  assert.deepEqual(
    [metricName, statistic, threshold, evaluationPeriods, period, treatMissingData],
    ["StatusCheckFailed", "Maximum", 1, 3, 60, "breaching"],
  );
});

test("uses the configuration's image unchanged", async () => {
  const { resource, resources } = await graphOf({ machine: { image: "ami-0feedfacefeedface" } });
  assert.equal(resource("aws:ec2/instance:Instance").inputs.ami, "ami-0feedfacefeedface");
  assert.ok(!resources.some(({ type }) => type === "pulumi:index:Stash"));
});
