/** Doubles of the programs that somebody on call runs. They answer as the real programs do, and refuse what those refuse. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type FakePrograms, fakePrograms } from "./fake-programs.ts";

export const containers = [
  "edge",
  "origin-gsoci",
  "exporter",
  "prometheus",
  "blackbox",
  "janitor",
  "prefetch",
  "acme",
] as const;

const aws = `exec "${process.execPath}" "${join(import.meta.dirname, "fake-aws.js")}" "$@"`;

const az = `
case "$*" in
  "vm boot-diagnostics get-boot-log "*) echo "Kernel panic" ;;
  "vm get-instance-view "*) echo '[["Provisioning succeeded", "VM running"], ["Ready"]]' ;;
  "network private-endpoint show "*) echo /subscriptions/s/networkInterfaces/wire ;;
  "network private-link-service show "*) echo /subscriptions/s/privateLinkServices/registry-cache/privateEndpointConnections/one ;;
  "network nic show "*" /subscriptions/s/networkInterfaces/wire "*) echo 10.1.0.4 ;;
esac`;

/** `npm run [--silent] SCRIPT -- ARGUMENT…` passes the arguments after the two dashes to the script. https://docs.npmjs.com/cli/commands/npm-run */
const npm = `
[ "$1" = run ] || { echo "Unknown command: $1" >&2; exit 1; }
shift
[ "$1" != --silent ] || shift
script=$1
[ "$2" = -- ] || { echo "npm takes the arguments of $script for its own: $*" >&2; exit 1; }
shift 2
case $script in
  pulumi) exec pulumi "$@" ;;
  oncall) case "$# $3" in "3 bypass" | "3 unbypass") ;; *) echo "Usage: npm run oncall -- STACK REGION COMMAND" >&2; exit 2 ;; esac ;;
  *) echo "npm error Missing script: $script" >&2; exit 1 ;;
esac`;

/** The flags of `pulumi up`, `pulumi destroy` and `pulumi stack output`, and whether each takes a value: https://www.pulumi.com/docs/iac/cli/commands/ */
const pulumiFlags: Readonly<Record<string, boolean>> = {
  "--stack": true,
  "--replace": true,
  "--exclude": true,
  "--target": true,
  "--target-dependents": false,
  "--refresh": false,
  "--json": false,
};

const inZone = ["--subscription", "--resource-group", "--zone-name"];
const ofMachine = ["--subscription", "--resource-group", "--name"];

/** Flags that the command requires, or without which its target depends on the defaults of the person on call. */
const required: Readonly<Record<string, readonly string[]>> = {
  // https://docs.aws.amazon.com/cli/latest/reference/
  "aws ec2 describe-instances": ["--region", "--filters"],
  "aws ec2 describe-instance-status": ["--region", "--instance-ids", "--include-all-instances"],
  "aws ec2 reboot-instances": ["--region", "--instance-ids"],
  "aws ec2 start-instances": ["--region", "--instance-ids"],
  "aws ec2 get-console-output": ["--region", "--instance-id"],
  "aws ssm start-session": ["--region", "--target"],
  "aws ec2 describe-vpc-endpoint-services": ["--region", "--service-names"],
  // https://docs.aws.amazon.com/cli/latest/reference/ec2/create-vpc-endpoint.html
  "aws ec2 create-vpc-endpoint": [
    "--region",
    "--vpc-endpoint-type",
    "--vpc-id",
    "--service-name",
    "--subnet-ids",
    "--security-group-ids",
  ],
  "aws route53 change-resource-record-sets": ["--hosted-zone-id", "--change-batch"],
  "aws route53 list-hosted-zones-by-name": ["--dns-name"],
  "aws route53 list-resource-record-sets": ["--hosted-zone-id"],
  // https://learn.microsoft.com/cli/azure/reference-index
  // https://learn.microsoft.com/cli/azure/network/private-endpoint
  "az network private-endpoint create": [
    "--resource-group",
    "--name",
    "--vnet-name",
    "--subnet",
    "--private-connection-resource-id",
    "--connection-name",
  ],
  "az network private-endpoint show": ["--resource-group", "--name"],
  "az network nic show": ["--ids"],
  // https://learn.microsoft.com/cli/azure/network/private-link-service
  "az network private-link-service show": ["--ids"],
  "az network private-link-service connection delete": ["--ids"],
  "az network private-dns zone create": ["--resource-group", "--name"],
  "az network private-dns link vnet create": [
    "--resource-group",
    "--zone-name",
    "--name",
    "--virtual-network",
    "--registration-enabled",
  ],
  "az network private-dns record-set a add-record": [
    "--resource-group",
    "--zone-name",
    "--record-set-name",
    "--ipv4-address",
  ],
  ...Object.fromEntries(
    ["dns", "private-dns"].flatMap((kind) => [
      ...["a", "cname"].flatMap((type) => [
        [`az network ${kind} record-set ${type} show`, [...inZone, "--name"]],
        [`az network ${kind} record-set ${type} delete`, [...inZone, "--name", "--yes"]],
      ]),
      [`az network ${kind} record-set list`, inZone],
    ]),
  ),
  "az vm boot-diagnostics get-boot-log": ofMachine,
  "az vm get-instance-view": ofMachine,
  "az vm redeploy": ofMachine,
  "az vm restart": ofMachine,
  "az vm run-command invoke": [...ofMachine, "--command-id", "--scripts"],
  "az vm start": ofMachine,
};

export function onCallPrograms(): Promise<FakePrograms> {
  return fakePrograms({ pulumi: "", git: "", npm, aws, az });
}

/** @throws AssertionError for a call that the real program refuses, or that could reach the wrong target */
export function assertSound(call: readonly string[]): void {
  const shown = call.join(" ");
  const [program] = call;
  assert.ok(!call.includes(""), `an empty argument: ${shown}`);
  if (program === "aws" || program === "az") {
    const known = Object.entries(required).find(([command]) => shown.startsWith(`${command} `));
    assert.ok(known, `unknown: ${shown}`);
    for (const option of known[1]) assert.ok(call.includes(option), `${option} is missing: ${shown}`);
  }
  if (program === "pulumi") assertPulumi(call, shown);
}

/** Without `--stack`, Pulumi uses the stack that was selected last. */
function assertPulumi(call: readonly string[], shown: string): void {
  assert.ok(call.includes("--stack"), `--stack is missing: ${shown}`);
  assert.match(shown, /^pulumi (?:up|destroy|stack output \w+) --/);
  const flags = call.slice(call.findIndex((word) => word.startsWith("--")));
  for (let at = 0; at < flags.length; at += 1) {
    const flag = flags[at] ?? "";
    const takesValue = pulumiFlags[flag];
    assert.notEqual(takesValue, undefined, `${flag}: ${shown}`);
    if (takesValue) at += 1;
    assert.ok(at < flags.length, `${flag} has no value: ${shown}`);
  }
}
