// A double of the AWS CLI for the calls of the runbooks: it filters the API's answers by the command's own `--query`, and refuses what AWS refuses.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import jmespath from "jmespath";

const [service, operation, ...rest] = process.argv.slice(2);
/** @type {(name: string) => string} */
const option = (name) => (rest.includes(`--${name}`) ? rest[rest.indexOf(`--${name}`) + 1] : undefined) ?? "";

const instance = "i-0123456789abcdef0";
const hostname = "cache.eu-central-1.example.com.";
const zones = [
  { Id: "/hostedzone/Z0PRIVATE", Name: "example.com.", Config: { PrivateZone: true } },
  { Id: "/hostedzone/Z0PUBLIC", Name: "example.com.", Config: { PrivateZone: false } },
  // The list contains the given name and all later ones: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
  { Id: "/hostedzone/Z0OTHER", Name: "example.net.", Config: { PrivateZone: false } },
];
const records = [
  { Name: "example.com.", Type: "NS", TTL: 172800, ResourceRecords: [{ Value: "ns-1.example.net." }] },
  { Name: `_acme-challenge.${hostname}`, Type: "TXT", TTL: 60, ResourceRecords: [{ Value: '"x"' }] },
  { Name: hostname, Type: "A", TTL: 300, ResourceRecords: [{ Value: "203.0.113.9" }] },
  { Name: hostname, Type: "AAAA", TTL: 300, ResourceRecords: [{ Value: "2001:db8::9" }] },
  { Name: hostname, Type: "CAA", TTL: 300, ResourceRecords: [{ Value: '0 issue "letsencrypt.org"' }] },
];

const operations = {
  "ec2 describe-instances": () => ({
    Reservations: rest.includes("Name=tag:stack,Values=aws-eu-central-1")
      ? [{ Instances: [{ InstanceId: instance }] }]
      : [],
  }),
  "ec2 describe-instance-status": () => ({
    InstanceStatuses: [
      {
        InstanceId: instance,
        InstanceState: { Code: 16, Name: "running" },
        SystemStatus: { Status: "ok" },
        InstanceStatus: { Status: "impaired" },
      },
    ],
  }),
  "ec2 reboot-instances": () => ({}),
  "ec2 start-instances": () => ({}),
  "ssm start-session": () => `Starting session with ${option("target")}`,
  "ec2 describe-vpc-endpoint-services": () => ({
    ServiceDetails: [{ AvailabilityZones: ["eu-central-1b"] }],
  }),
  "ec2 create-vpc-endpoint": () => ({
    VpcEndpoint: { DnsEntries: [{ HostedZoneId: "Z1", DnsName: "vpce-1.vpce-svc-1.vpce.amazonaws.com" }] },
  }),
  "ec2 get-console-output": () => ({ Output: "Kernel panic" }),
  "route53 list-hosted-zones-by-name": () => ({ HostedZones: zones }),
  "route53 list-resource-record-sets": () => ({ ResourceRecordSets: inPublicZone(records) }),
  "route53 change-resource-record-sets": () => {
    const { Changes } = JSON.parse(readFileSync(option("change-batch").replace("file://", ""), "utf8"));
    const deleted = Changes.map(({ Action, ResourceRecordSet }) => {
      const known = records.some((record) => isDeepStrictEqual(record, ResourceRecordSet));
      if (Action !== "DELETE" || !known) throw new Error("InvalidChangeBatch: it was not found");
      return `${ResourceRecordSet.Type} ${ResourceRecordSet.Name}`;
    });
    return inPublicZone({ Deleted: deleted });
  },
};

/** @template T @param {T} answer @returns {T} */
function inPublicZone(answer) {
  if (option("hosted-zone-id") === "/hostedzone/Z0PUBLIC") return answer;
  throw new Error(`NoSuchHostedZone: No hosted zone found with ID: ${option("hosted-zone-id")}`);
}

try {
  const run = operations[`${service} ${operation}`];
  if (!run) throw new Error(`Invalid choice: ${service} ${operation}`);
  const answer = option("query") ? jmespath.search(run(), option("query")) : run();
  const asText = (value) => (Array.isArray(value) ? value.join("\t") : (value ?? "None"));
  console.log(option("output") === "text" ? asText(answer) : JSON.stringify(answer));
} catch (error) {
  console.error(`An error occurred: ${error.message}`);
  process.exitCode = 254;
}
