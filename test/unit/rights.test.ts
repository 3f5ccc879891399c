/** The tables behind `npm run rights`: what stacks can make has its rights, and what the policies say is as AWS takes it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import { rows as awsRows } from "../../scripts/rights/aws/actions.ts";
import { lengthOf, maxPolicyLength, policiesFor } from "../../scripts/rights/aws/policy.ts";
import { rows as azureRows } from "../../scripts/rights/azure/actions.ts";
import { rolesFor } from "../../scripts/rights/azure/role.ts";
import { writeDocuments } from "../../scripts/rights/documents.ts";
import type { Resource } from "../../scripts/rights/resources.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { tempDir } from "../support/scope.ts";

const clouds = [
  { cloud: awsCloud(), prefix: "aws:", rows: awsRows },
  { cloud: azureCloud(), prefix: "azure-native:", rows: azureRows },
];

for (const { cloud, prefix, rows } of clouds) {
  test(`all types of ${prefix} that a stack can make have their rights`, () => {
    const types = Object.keys(cloud.definition.resources).filter((type) => type.startsWith(prefix));
    assert.ok(types.length > 10);
    assert.deepEqual(
      types.filter((type) => !rows[type]),
      [],
    );
  });
}

const account = "123456789012";
const region = { region: "eu-central-1" };

function resource(type: string, inputs: Resource["inputs"], id?: string): Resource {
  return { type, name: "eu-central-1", id, inputs, provider: region };
}

describe("policies of IAM", () => {
  const trust = (Service: string) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service } }] });
  const role = (name: string, more: Resource["inputs"] = {}) =>
    resource("aws:iam/role:Role", { name, assumeRolePolicy: trust("ec2.amazonaws.com"), ...more });

  async function statementOf(resources: readonly Resource[], action: string) {
    const policies = await policiesFor(resources, { stack: "team", account });
    return policies.flatMap(({ Statement }) => Statement).filter(({ Action }) => Action.includes(action));
  }

  test("a role is passed on to the services that it is for", async () => {
    const [statement, ...others] = await statementOf([role("cache")], "iam:PassRole");
    assert.deepEqual(others, []);
    assert.deepEqual(statement?.Resource, [`arn:aws:iam::${account}:role/cache`]);
    assert.deepEqual(statement?.Condition, {
      StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com"] },
    });
  });

  test("with a boundary, no role is made without it; with a path, none in another", async () => {
    const permissionsBoundary = `arn:aws:iam::${account}:policy/boundary`;
    const bounded = role("cache", { permissionsBoundary, path: "/caches/" });
    const [statement] = await statementOf([bounded], "iam:CreateRole");
    assert.deepEqual(statement?.Resource, [`arn:aws:iam::${account}:role/caches/cache`]);
    assert.deepEqual(statement?.Condition, {
      ArnEquals: { "iam:PermissionsBoundary": permissionsBoundary },
    });
  });

  test("in a network that was there, machines are placed and nothing is changed", async () => {
    const adopted = resource("aws:ec2/networkInterface:NetworkInterface", {
      subnetId: "subnet-0aaaaaaaaaaaaaaaa",
    });
    const subnet = `arn:aws:ec2:eu-central-1:${account}:subnet/subnet-0aaaaaaaaaaaaaaaa`;
    const placed = await statementOf([adopted], "ec2:CreateNetworkInterface");
    assert.ok(placed.some(({ Resource, Condition }) => Resource.includes(subnet) && Condition === undefined));
    assert.deepEqual(await statementOf([adopted], "ec2:DeleteSubnet"), []);
  });

  test("a key of the account's encrypts, and is granted to services only", async () => {
    const kmsKeyId = `arn:aws:kms:eu-central-1:${account}:key/0a1b2c3d`;
    const [grant] = await statementOf([resource("aws:ebs/volume:Volume", { kmsKeyId })], "kms:CreateGrant");
    assert.deepEqual(grant?.Resource, [kmsKeyId]);
    assert.deepEqual(grant?.Condition, { Bool: { "kms:GrantIsForAWSResource": "true" } });
  });

  test("a load balancer is made under the stack's names", async () => {
    const balancer = resource("aws:lb/loadBalancer:LoadBalancer", { namePrefix: "cache-" });
    const [statement] = await statementOf([balancer], "elasticloadbalancing:CreateLoadBalancer");
    const arn = `arn:aws:elasticloadbalancing:eu-central-1:${account}`;
    assert.ok(statement?.Resource.includes(`${arn}:loadbalancer/net/cache-*/*`));
  });

  test("another partition has other ARNs", async () => {
    const china = { ...role("cache"), provider: { region: "cn-north-1" } };
    const [statement] = await statementOf([china], "iam:CreateRole");
    assert.deepEqual(statement?.Resource, [`arn:aws-cn:iam::${account}:role/cache`]);
  });

  test("many names are more documents, none of them too long", async () => {
    const regions = Array.from({ length: 200 }, (_, index) =>
      role(`cache-of-a-region-with-a-long-name-${index}`),
    );
    const policies = await policiesFor(regions, { stack: "team", account });
    assert.ok(policies.length > 1);
    for (const policy of policies) assert.ok(lengthOf(policy) <= maxPolicyLength);
  });

  test("a type that the table lacks is refused", async () => {
    const unknown = resource("aws:sqs/queue:Queue", {});
    await assert.rejects(policiesFor([unknown], { stack: "team", account }), /aws:sqs\/queue:Queue/);
  });
});

describe("roles of Azure", () => {
  const subscription = "11111111-2222-4333-8444-555555555555";
  const request = { stack: "team", account: subscription };
  const disk = (inputs: Resource["inputs"]) => resource("azure-native:compute:Disk", inputs);

  test("in a group that was there, the rights end with the group", () => {
    const [role, ...others] = rolesFor([disk({ resourceGroupName: "caches" })], request);
    assert.deepEqual(others, []);
    const group = `/subscriptions/${subscription}/resourceGroups/caches`;
    assert.equal(role?.assignment.scope, group);
    assert.deepEqual(role?.definition.AssignableScopes, [group]);
  });

  test("a zone's records are changed in their zone alone", () => {
    const inputs = { resourceGroupName: "dns", zoneName: "example.com", recordType: "A" };
    const roles = rolesFor([resource("azure-native:dns:RecordSet", inputs)], request);
    const role = roles.find(({ definition }) => definition.Actions.some((it) => it.endsWith("/write")));
    assert.match(
      role?.assignment.scope ?? "",
      /resourceGroups\/dns\/providers\/Microsoft\.Network\/dnsZones\/example\.com$/,
    );
    assert.match(role?.definition.AssignableScopes.join() ?? "", /resourceGroups\/dns$/);
  });

  test("only the stack's own roles may be granted, and only by whoever deploys", () => {
    const zone = resource("azure-native:dns:Zone", { zoneName: "acme.example.com" });
    const grant = resource("azure-native:authorization:RoleAssignment", {});
    const [role] = rolesFor([zone, grant], request);
    assert.match(
      role?.assignment.condition ?? "",
      /RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals \{befefa01-[-\w]+\}/,
    );
    const [reader] = rolesFor([zone, grant], { ...request, isReadOnly: true });
    assert.equal(reader?.assignment.condition, undefined);
    assert.deepEqual(
      reader?.definition.Actions.filter((action) => !action.endsWith("/read")),
      [],
    );
  });
});

test("a directory has the documents of the last run alone, and what isn't a document of any", async () => {
  await using directory = await tempDir();
  const out = join(directory.path, "rights");
  await writeDocuments({ "policy-1.json": {}, "policy-2.json": {}, "policy-10.json": {} }, out);
  await writeFile(join(out, "policy-network.json"), "{}");
  assert.deepEqual(await writeDocuments({ "policy-1.json": { a: 1 } }, out), [join(out, "policy-1.json")]);
  assert.deepEqual((await readdir(out)).sort(), ["policy-1.json", "policy-network.json"]);
});

test("what can be no account is refused as wrong usage", async () => {
  for (const account of ["12345678901", "production"]) {
    const args = ["scripts/rights.ts", "aws-eu-central-1", "--account", account];
    const { exitCode, stderr } = await execa("node", args, { cwd: projectDirectory, reject: false });
    assert.equal(exitCode, 2);
    assert.match(stderr, /12 digits, or the id of a subscription/);
  }
});

describe("the commands of docs/rights.md", () => {
  const blocks = [...readFileSync("docs/rights.md", "utf8").matchAll(/^```bash\n(.*?)^```$/gms)].map(
    ([, block = ""]) => block,
  );

  async function run(program: string, documents: Record<string, object>): Promise<string[][]> {
    await using programs = await fakePrograms({ [program]: "" });
    await writeDocuments(documents, join(programs.directory, "rights"));
    const script = blocks.filter((block) => block.includes(`${program} `)).join("");
    await execa("bash", ["-euo", "pipefail", "-c", script], {
      cwd: programs.directory,
      env: programs.env,
    });
    return programs.calls();
  }

  test("AWS: each policy is created, attached, and gets a version", async () => {
    const calls = await run("aws", { "policy-1.json": {}, "policy-2.json": {} });
    const said = calls.map(([, , command, , name, , document]) => [command, name, document].join(" "));
    const policy = "registry-cache-aws-eu-central-1-deploy-policy";
    const arn = `arn:aws:iam::111122223333:policy/${policy}`;
    const first = ["1", "2"].flatMap((it) => [
      `create-policy ${policy}-${it} file://rights/policy-${it}.json`,
      `attach-role-policy registry-cache-deploy ${arn}-${it}`,
    ]);
    const next = ["1", "2"].map((it) => `create-policy-version ${arn}-${it} file://rights/policy-${it}.json`);
    assert.deepEqual(said, [...first, ...next]);
  });

  test("Azure: each role is created, assigned by its name, and updated", async () => {
    const calls = await run("az", {
      "role-1.json": { Name: "a role" },
      "role-2.json": { Name: "another role" },
      "assignment-1.json": { scope: "/subscriptions/1" },
      "assignment-2.json": { scope: "/subscriptions/2", condition: "(A 'b' AND C)" },
    });
    const assigned = calls.filter(([, , kind]) => kind === "assignment");
    const valueAfter = (call: string[], option: string) => call[call.indexOf(option) + 1];
    assert.deepEqual(
      assigned.map((call) => [valueAfter(call, "--role"), valueAfter(call, "--scope"), ...call.slice(12)]),
      [
        ["a role", "/subscriptions/1"],
        ["another role", "/subscriptions/2", "--condition=(A 'b' AND C)", "--condition-version=2.0"],
      ],
    );
    const definitions = calls.filter(([, , kind]) => kind === "definition");
    assert.deepEqual(
      definitions.map(([, , , command, , file]) => `${command} ${file}`),
      ["create", "create", "update", "update"].map(
        (command, index) => `${command} @rights/role-${(index % 2) + 1}.json`,
      ),
    );
  });
});
