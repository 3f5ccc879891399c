/** The parts of `npm run adopt`. test/engine/cloud-lost-state.test.ts tests the whole command. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { composedId } from "../../scripts/adopt/ids.ts";
import { importFiles } from "../../scripts/adopt/import-file.ts";
import { adoptedLines } from "../../scripts/adopt/report.ts";
import { projectDirectory } from "../support/project.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** From the sections "Import" in the providers' documentation, and Azure's reference for resource ids. */
test("composes ids in the form that an import takes", () => {
  const subscription = "00000000-0000-0000-0000-000000000000";
  const idOf = (type: string, inputs: object) => composedId(type, { ...inputs }, subscription);
  const route = { routeTableId: "rtb-1", destinationIpv6CidrBlock: "::/0" };
  assert.equal(idOf("aws:ec2/route:Route", route), "rtb-1_::/0");
  assert.equal(idOf("aws:ec2/route:Route", { ...route, routeTableId: unknown }), null);
  assert.equal(idOf("aws:s3/bucket:Bucket", { bucketPrefix: "cache-" }), undefined);
  assert.equal(idOf("aws:s3/bucket:Bucket", { bucket: "cache" }), "cache");
  assert.equal(idOf("aws:ec2/vpc:Vpc", {}), undefined);
  const record = {
    resourceGroupName: "dns",
    zoneName: "example.com",
    recordType: "A",
    relativeRecordSetName: "@",
  };
  assert.equal(
    idOf("azure-native:dns:RecordSet", record),
    `/subscriptions/${subscription}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com/A/@`,
  );
  const metadata = { name: "cache" };
  assert.equal(idOf("kubernetes:core/v1:Namespace", { metadata }), "cache");
  assert.equal(
    idOf("kubernetes:core/v1:Service", { metadata: { ...metadata, namespace: "ns" } }),
    "ns/cache",
  );
  assert.equal(idOf("kubernetes:helm.sh/v3:Release", { name: "cm", namespace: "ns" }), "ns/cm");
});

test("orders a component's provider after the component, with the resources that the provider creates", () => {
  const host = { type: "registry-cache:aws:ClusterHost", name: "host", component: true } as const;
  const provider = { type: "pulumi:providers:kubernetes", name: "kubernetes", parent: "host", inputs: {} };
  const object = {
    type: "kubernetes:core/v1:Namespace",
    name: "ns",
    id: "ns",
    parent: "host",
    provider: "kubernetes",
  };
  const [first, second, ...others] = importFiles([object, provider, host]);
  assert.deepEqual(first, { resources: [host], nameTable: {} });
  assert.deepEqual(second, { resources: [object, provider], nameTable: { host: "host" } });
  assert.deepEqual(others, []);
  assert.deepEqual(importFiles([]), []);
});

for (const script of ["adopt", "rights", "accept"])
  for (const [stack, said] of [
    ["aws-eu-centrl-1", /there is no such file; the stacks are aws-eu-central-1, /],
    ["local", /provider: the stack is on this machine, /],
  ] as const)
    test(`refuses the stack ${stack} in ${script} before anything else`, async () => {
      const { exitCode, stderr } = await execa("node", [`scripts/${script}.ts`, stack], {
        cwd: projectDirectory,
        // No engine can be found.
        env: { HOME: "/dev/null" },
        reject: false,
      });
      assert.equal(exitCode, 1);
      assert.ok(stderr.startsWith(`✗ stacks/Pulumi.${stack}.yaml: `), stderr);
      assert.match(stderr, said);
    });

test("adopts nothing where nothing is found", () => {
  const { problems } = adoptedLines({ files: [], count: 0, missing: [], changes: [] });
  assert.deepEqual(problems, [
    "nothing was found that the state lacks. If something should be there, use the credentials of its account, and the name and regions that the stack had; otherwise, there is nothing to adopt: bring it up",
  ]);
});
