/** The life of a stack whose endpoint can't be reached from the internet. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { loadBalancerType } from "../doubles/aws/eks.ts";
import { existing } from "../doubles/aws/existing.ts";
import { arnOf } from "../doubles/aws/load-balancer.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import { aws } from "../support/cloud-aws.ts";
import { awsCluster } from "../support/cloud-aws-cluster.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { clusterStack } from "../support/cluster-files.ts";
import { exposureOf } from "../support/posture.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";

const privateClients = { clients: ["10.0.0.0/8"] };

/** Each test continues from the state that the previous one leaves. */
describe("a private cluster in AWS", { concurrency: 1 }, () => {
  const parts = scope({ after });
  const account = awsCluster.newAccount();
  const { cloud, clusters } = account;
  const things = (type: string) => cloud.things(`aws:${type}`);
  const access = privateClients;
  let stack: CloudStack;
  let endpoint: object;

  test("has an internal load balancer, and an API without a public address", async () => {
    stack = parts.use(await clusterStack(awsCluster.file, awsCluster, account));
    endpoint = { ...(stack.regions[0]?.endpoint as object), exposure: "private" };
    const linked = { ...endpoint, privateLink: { allowed: ["210987654321"] } };
    await stack.configure(
      {},
      { ...awsCluster.adopting, endpoint: linked, access, apiAccess: ["10.0.0.0/8"] },
    );
    await succeeds(stack, "up");
    await succeeds(stack, "up", ["--expect-no-changes"]);
    const [balancer, ...others] = cloud.things(loadBalancerType);
    assert.deepEqual(
      [balancer?.inputs.isPublic, balancer?.inputs.ranges, others],
      [false, ["10.0.0.0/8"], []],
    );
    const [record] = things("route53/record:Record");
    assert.deepEqual(valueAt("aliases[0].name", record?.inputs ?? {}), balancer?.outputs.hostname);
    const [service] = things("ec2/vpcEndpointService:VpcEndpointService");
    assert.deepEqual(valuesAt("networkLoadBalancerArns[*]", service?.inputs ?? {}), [
      arnOf(String(balancer?.id), "us-east-1"),
    ]);
    const [cluster] = things("eks/cluster:Cluster");
    assert.equal(valueAt("vpcConfig.endpointPublicAccess", cluster?.inputs ?? {}), false);
    const [rule] = things("vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual(
      [rule?.inputs.securityGroupId, rule?.inputs.cidrIpv4],
      [valueAt("vpcConfig.clusterSecurityGroupId", cluster?.outputs ?? {}), "10.0.0.0/8"],
    );
  });

  test("becomes public with another load balancer, to which its name then resolves", async () => {
    const region = { endpoint: { ...endpoint, exposure: "public" }, apiAccess: ["198.51.100.0/28"] };
    await stack.configure({}, { ...awsCluster.adopting, ...region });
    const { messages } = await stack.run("preview");
    assert.match(
      messages,
      /endpoint\.exposure: needs another load balancer: remove `privateLink` in an earlier update/,
    );
    await stack.configure({}, { ...awsCluster.adopting, endpoint, access, apiAccess: ["10.0.0.0/8"] });
    await succeeds(stack, "up");
    assert.deepEqual(things("ec2/vpcEndpointService:VpcEndpointService"), []);
    stack.done();
    await stack.configure({}, { ...awsCluster.adopting, ...region });
    await succeeds(stack, "up");
    const [balancer] = cloud.things(loadBalancerType);
    assert.equal(balancer?.inputs.isPublic, true);
    const [record] = things("route53/record:Record");
    assert.deepEqual(valueAt("aliases[0].name", record?.inputs ?? {}), balancer?.outputs.hostname);
    const done = stack.done().filter((it) => /(?:Service|Cluster) /.test(it));
    assert.deepEqual(done, [
      "update Cluster us-east-1",
      "delete Service us-east-1",
      "create Service us-east-1",
    ]);
  });

  // Except for EKS's last logs: accept.test.ts.
  test("leaves nothing after destroy", async () => {
    await succeeds(stack, "destroy");
    assert.deepEqual([...cloud.things(), ...clusters.things()], []);
  });
});

/** Each test continues from the state that the previous one leaves. */
describe("a private machine in AWS", { concurrency: 1 }, () => {
  const parts = scope({ after });
  const cloud = aws.newCloud();
  const things = (type: string) => cloud.things(`aws:${type}`);
  let stack: CloudStack;
  let file: object;

  async function update(endpoint: object, region: object = {}) {
    await stack.configure({}, { endpoint: { ...file, ...endpoint }, access: privateClients, ...region });
    const run = await succeeds(stack, "up");
    return { ...run, done: stack.done() };
  }

  async function up(...args: Parameters<typeof update>) {
    const updated = await update(...args);
    await succeeds(stack, "up", ["--expect-no-changes"]);
    return updated;
  }

  test("becomes private in place, keeps the machine, and loses its public address", async () => {
    stack = parts.use(await cloudStack(aws.file, cloud));
    file = stack.regions[0]?.endpoint as object;
    await succeeds(stack, "up");
    stack.done();
    const { messages, done } = await up({ exposure: "private" });
    assert.match(messages, /regions\[0\]\.network: is created by the stack: no client reaches/);
    const [region] = stack.regions;
    assert.ok(
      done.includes("delete EipAssociation eu-central-1") && done.includes("delete Eip eu-central-1"),
    );
    assert.ok(done.includes("update Route eu-central-1"), done.join());
    assert.deepEqual(
      done.filter((operation) => /(?:Instance|NetworkInterface|Volume) /.test(operation)),
      ["update NetworkInterface eu-central-1"],
      String(region?.name),
    );
    assert.deepEqual(
      things("ec2/eip:Eip").map(({ name }) => name),
      ["eu-central-1-nat"],
    );
    assert.deepEqual(aws.violations(cloud.things(), exposureOf([{ access: privateClients }])), []);
    const address = things("ec2/networkInterface:NetworkInterface")[0]?.outputs.privateIp;
    assert.deepEqual(
      things("route53/record:Record").map(({ inputs }) => inputs.records),
      [[address]],
    );
    const { address: told } = (await stack.outputs()).caches["eu-central-1"];
    assert.equal(told, address);
  });

  test("has its name in a private zone that its network resolves, and proves it in a public zone", async () => {
    const tls = { mode: "acme", email: "platform@example.com", challengeZone: existing.zone.name };
    const { name: zone, id: zoneId } = existing.privateZone;
    await up({ exposure: "private", hostname: `cache.${zone}`, zone, tls });
    const [record] = things("route53/record:Record");
    assert.deepEqual([record?.inputs.zoneId, record?.inputs.name], [zoneId, `cache.${zone}`]);
    const [association] = things("route53/zoneAssociation:ZoneAssociation");
    assert.equal(association?.inputs.vpcId, things("ec2/vpc:Vpc").find(({ name }) => name)?.id);
    const rights = things("iam/rolePolicy:RolePolicy").find(({ name }) => name?.endsWith("-challenge"));
    assert.ok(String(rights?.inputs.policy).includes(`hostedzone/${existing.zone.id}"`));
    assert.ok(!String(rights?.inputs.policy).includes(zoneId));
    assert.match(aws.podsOf(cloud).join(), /LEGO_DNS_RESOLVERS.*ns-1\.awsdns-01\.com:53,ns-2/);
  });

  test("serves other accounts by an endpoint service, and nobody outside of its network otherwise", async () => {
    const allowed = ["210987654321", "arn:aws:iam::210987654321:role/network"];
    const { messages } = await up({ exposure: "private", privateLink: { allowed } });
    assert.doesNotMatch(messages, /no client reaches/);
    const [service] = things("ec2/vpcEndpointService:VpcEndpointService");
    assert.deepEqual(valuesAt("allowedPrincipals[*]", service?.inputs ?? {}), [
      "arn:aws:iam::210987654321:root",
      allowed[1],
    ]);
    const { privateLink, endpoint } = (await stack.outputs()).caches["eu-central-1"];
    assert.equal(privateLink.service, service?.outputs.serviceName);
    assert.equal(`https://${privateLink.hostname}`, endpoint);
    const [wire] = things("ec2/networkInterface:NetworkInterface");
    const [target] = things("lb/targetGroupAttachment:TargetGroupAttachment");
    assert.equal(target?.inputs.targetId, wire?.outputs.privateIp);
    const [balancer] = things("lb/loadBalancer:LoadBalancer");
    const groups = valuesAt("securityGroups[*]", wire?.inputs ?? {});
    const shared = valuesAt("securityGroups[*]", balancer?.inputs ?? {});
    assert.ok(shared.length === 1 && groups.length === 2 && groups.includes(shared[0]));
    assert.match(aws.podsOf(cloud).join(), /10\.0\.0\.0\/26 1;/);
    assert.deepEqual(aws.violations(cloud.things(), exposureOf([{ access: privateClients }])), []);
  });

  test("leaves DNS when it is down, returns, and has its previous record without failover", async () => {
    const recordsOf = () =>
      Object.fromEntries(things("route53/record:Record").map(({ name, inputs }) => [name, inputs]));
    await update({ exposure: "private" });
    const before = recordsOf();
    const { done } = await up({ exposure: "private", failover: "dns" });
    assert.ok(done.includes("update Record eu-central-1"), done.join());
    const { "eu-central-1": own, ...pair } = recordsOf();
    const hostname = `active.${own?.name}`;
    assert.deepEqual(own?.aliases, [{ name: hostname, zoneId: own?.zoneId, evaluateTargetHealth: false }]);
    const [check] = things("route53/healthCheck:HealthCheck");
    const of = (name: string) => {
      const { name: its, records, healthCheckId, failoverRoutingPolicies } = pair[name] ?? {};
      return [its, records, healthCheckId, failoverRoutingPolicies];
    };
    assert.deepEqual(of("eu-central-1-active"), [
      hostname,
      before["eu-central-1"]?.records,
      check?.id,
      [{ type: "PRIMARY" }],
    ]);
    assert.deepEqual(of("eu-central-1-nowhere"), [
      hostname,
      ["255.255.255.255"],
      undefined,
      [{ type: "SECONDARY" }],
    ]);
    const other = await up({
      exposure: "private",
      failover: "dns",
      hostname: "other.eu-central-1.example.com",
    });
    const ends = other.done.filter((it) => /^delete Record eu-central-1(?:-active)?$/.test(it));
    assert.deepEqual(ends, ["delete Record eu-central-1", "delete Record eu-central-1-active"]);
    await update({ exposure: "private" });
    assert.deepEqual(recordsOf(), before);
  });

  test("gets another authority and keeps everything else, by the command of docs/day-2.md", async () => {
    await update({ exposure: "private", tls: { mode: "private" } });
    const before = (await stack.outputs()).caches["eu-central-1"].ca.certificate;
    await succeeds(stack, "up", ["--replace", "**:PrivateAuthority::**"]);
    assert.deepEqual(stack.done(), ["update Parameter eu-central-1-authority"]);
    assert.notEqual((await stack.outputs()).caches["eu-central-1"].ca.certificate, before);
  });

  test("keeps the machine if its Pod's bucket was deleted, and created again as in docs/day-2.md", async () => {
    const isPart = ({ type }: { type: string }) => /:s3\/bucket(?!:Bucket$)/.test(type);
    for (const part of cloud.things().filter(isPart)) cloud.remove(part);
    await succeeds(stack, "up", ["--refresh"]);
    const done = stack.done();
    assert.ok(
      done.some((it) => it.startsWith("create BucketObjectv2 ")),
      done.join(),
    );
    assert.deepEqual(
      done.filter((it) => !/^create Bucket\w+ /.test(it)),
      [],
    );
  });

  test("leaves nothing after destroy", async () => {
    await stack.unprotect();
    await succeeds(stack, "destroy");
    assert.deepEqual(cloud.things(), []);
  });

  test("is created in an existing private subnet without changing it", async () => {
    stack.done();
    const network = { vpc: existing.vpc, subnet: existing.privateSubnet };
    const clients = ["10.0.0.0/8", existing.peeredGroup];
    await up({ exposure: "private" }, { network, access: { clients, metrics: [existing.peeredGroup] } });
    const group = things("ec2/securityGroup:SecurityGroup").find(({ name }) => name);
    assert.deepEqual(valuesAt("ingress[*].securityGroups[*]", group?.inputs ?? {}), [
      existing.peeredGroup,
      existing.peeredGroup,
    ]);
    assert.deepEqual(things("ec2/eip:Eip"), []);
    assert.deepEqual(things("ec2/natGateway:NatGateway"), []);
  });
});
