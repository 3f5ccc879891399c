/** What somebody on call runs, in the place of the real programs: they answer as those do, and refuse what those refuse. */
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

const log = `
echo '{"time":"2026-11-27T03:00:00Z","client":"203.0.113.7","uri":"/v2/a/blobs/b","status":"504","cache":"MISS","bytes":"17","userAgent":"containerd"}'
echo '{"time":"2026-11-27T03:00:00Z","client":"203.0.113.8","uri":"/v2/a/blobs/b","status":"200","cache":"HIT","bytes":"40000000000","userAgent":"containerd"}'
echo '2026/11/27 03:00:01 [error] 7#7: upstream timed out'`;

/** Of the ids of containers, before what container it is. */
const idPrefix = "id-of-";

/**
 * Without a terminal, the question of `prune` has no answer: https://docs.podman.io/en/latest/markdown/podman-image-prune.1.html
 * Without a container, `inspect` fails: https://docs.podman.io/en/latest/markdown/podman-inspect.1.html
 */
const podman = `
case "$1 $*" in
  "image image prune "*)
    [[ " $* " == *" --force "* || -t 0 ]] || { echo "Are you sure you want to continue? [y/N] Error: EOF" >&2; exit 125; } ;;
  "inspect inspect --format "*) [ $# -gt 3 ] || { echo "Error: no containers or images specified" >&2; exit 125; } ;;
  "ps "*/component=*) call="$*"; echo 2c3d; echo "${idPrefix}\${call##*/component=}" ;;
  "ps "*--quiet*) printf '%s\\n' 0a1b 2c3d ;;
  "ps "*) printf '%s\\n' ${containers.map((name) => `registry-cache-${name}-0123456789ab-${name}`).join(" ")} ;;
  "pod pod ps "*--quiet*) printf '%s\\n' 0a1b 2c3d ;;
  "logs "*) ${log} ;;
  "exec "*) echo "{} => 1 @[1]" ;;
esac`;

const certificate = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");

/**
 * An evicted Pod stays in the list until it is deleted, and takes no commands: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
 * https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */
const kubectl = `
shift 4
case "$*" in
  "exec evicted "*) echo "error: cannot exec into a container in a completed pod; current phase is Failed" >&2; exit 1 ;;
  "exec "*" wget "*) echo "probe_success 1" ;;
  "get pods "*items*)
    [[ "$*" == *"--field-selector status.phase!=Failed"* ]] || printf 'evicted\\n'
    printf '%s\\n' registry-cache-0 registry-cache-1 ;;
  "get statefulsets,deployments "*) echo statefulset.apps/registry-cache ;;
  *spec.containers*) printf '%s\\n' ${containers.slice(0, -1).join(" ")} ;;
  *secretName*) printf registry-cache-tls ;;
  "get secret registry-cache-tls "*) printf ${certificate} ;;
  "logs "*) ${log} ;;
esac`;

const aws = `exec "${process.execPath}" "${join(import.meta.dirname, "fake-aws.js")}" "$@"`;

/**
 * Run Command takes double quotes away (https://github.com/Azure/azure-cli/issues/8084), runs the script by sh, and returns the last 4,096 bytes:
 * https://learn.microsoft.com/azure/virtual-machines/linux/run-command#restrictions
 */
const az = `
case "$*" in
  "vm boot-diagnostics get-boot-log "*) echo "Kernel panic" ;;
  "vm get-instance-view "*) echo '[["Provisioning succeeded", "VM running"], ["Ready"]]' ;;
  "network private-endpoint show "*) echo /subscriptions/s/networkInterfaces/wire ;;
  "network nic show "*" /subscriptions/s/networkInterfaces/wire "*) echo 10.1.0.4 ;;
  "vm run-command invoke "*)
    while [ "$1" != --scripts ]; do shift; done
    printf 'Enable succeeded: \\n[stdout]\\n%s\\n\\n[stderr]\\n\\n' "$(printf '%s\\n' "$2" | tr '"' '\\n' | sh 2>&1 | tail -c 4096)" ;;
esac`;

/** `npm run [--silent] SCRIPT -- ARGUMENT…`: what a script is handed is what stands after the two dashes. https://docs.npmjs.com/cli/commands/npm-run */
const npm = `
[ "$1" = run ] || { echo "Unknown command: $1" >&2; exit 1; }
shift
[ "$1" != --silent ] || shift
script=$1
[ "$2" = -- ] || { echo "npm takes the arguments of $script for its own: $*" >&2; exit 1; }
shift 2
case $script in
  pulumi) exec pulumi "$@" ;;
  oncall) [ $# -eq 3 ] || { echo "Usage: npm run oncall -- STACK REGION COMMAND" >&2; exit 2; } ;;
  *) echo "npm error Missing script: $script" >&2; exit 1 ;;
esac`;

/** The flags of `pulumi up` and `pulumi stack output` that take a value, and those that don't: https://www.pulumi.com/docs/iac/cli/commands/ */
const pulumiFlags: Readonly<Record<string, boolean>> = {
  "--stack": true,
  "--replace": true,
  "--exclude": true,
  "--refresh": false,
  "--json": false,
};

/** Needed by the command itself, or to reach the right thing whatever the defaults of whoever is on call. */
const required: Readonly<Record<string, readonly string[]>> = {
  // https://docs.aws.amazon.com/cli/latest/reference/
  "aws ec2 describe-instances": ["--region", "--filters"],
  "aws ec2 describe-instance-status": ["--region", "--instance-ids", "--include-all-instances"],
  "aws ec2 reboot-instances": ["--region", "--instance-ids"],
  "aws ec2 start-instances": ["--region", "--instance-ids"],
  "aws ec2 get-console-output": ["--region", "--instance-id"],
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
  "aws eks update-kubeconfig": ["--region", "--name"],
  "aws route53 change-resource-record-sets": ["--hosted-zone-id", "--change-batch"],
  "aws route53 list-hosted-zones-by-name": ["--dns-name"],
  "aws route53 list-resource-record-sets": ["--hosted-zone-id"],
  "aws ssm start-session": ["--region", "--target"],
  // https://learn.microsoft.com/cli/azure/reference-index
  "az aks get-credentials": ["--resource-group", "--name"],
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
  "az network dns record-set a delete": ["--resource-group", "--zone-name", "--name", "--yes"],
  "az vm boot-diagnostics get-boot-log": ["--resource-group", "--name"],
  "az vm get-instance-view": ["--resource-group", "--name"],
  "az vm redeploy": ["--resource-group", "--name"],
  "az vm restart": ["--resource-group", "--name"],
  "az vm start": ["--resource-group", "--name"],
  "az vm run-command invoke": ["--resource-group", "--name", "--command-id", "--scripts"],
};

const globalOptions = ["kubectl", "--context", /^./, "--namespace", /^./];

/** @param overrides scripts in place of these, by program */
export async function onCallPrograms(
  overrides: Readonly<Record<string, string>> = {},
): Promise<FakePrograms> {
  // The disk's paths aren't there, and Debian 13 has no `last`: https://www.debian.org/releases/trixie/release-notes/issues.html
  const silent = [
    "df",
    "du",
    "systemctl",
    "journalctl",
    "free",
    "ss",
    "find",
    "curl",
    "cmctl",
    "pulumi",
    "git",
  ];
  return fakePrograms({
    ...Object.fromEntries(silent.map((name) => [name, ""])),
    ...{ podman, kubectl, aws, az, npm, openssl: "cat", last: "exit 127" },
    ...overrides,
  });
}

/** @throws AssertionError for a call that the real program, or whoever ran it, would regret. */
export function assertSound(call: readonly string[]): void {
  const shown = call.join(" ");
  const [program, subcommand, name] = call;
  assert.ok(!call.includes(""), `an empty argument: ${shown}`);
  if (program === "aws" || program === "az") {
    const known = Object.entries(required).find(([command]) => shown.startsWith(`${command} `));
    assert.ok(known, `unknown: ${shown}`);
    for (const option of known[1]) assert.ok(call.includes(option), `${option} is missing: ${shown}`);
  }
  if (program === "pulumi") assertPulumi(call, shown);
  if (program === "podman" && (subcommand === "exec" || subcommand === "restart"))
    assertContainer(name, shown);
  if (program === "podman" && subcommand === "logs") assertContainer(call.at(-1), shown);
  if (program === "kubectl") {
    for (const [index, expected] of globalOptions.entries()) {
      assert.match(call[index] ?? "", new RegExp(expected), shown);
    }
    const [, container] = shown.match(/ --container (\S+)/) ?? [];
    if (container) assertContainer(idPrefix + container, shown);
  }
}

/** Without `--stack`, it is whichever was selected last. */
function assertPulumi(call: readonly string[], shown: string): void {
  assert.ok(call.includes("--stack"), `--stack is missing: ${shown}`);
  assert.match(shown, /^pulumi (?:up|stack output \w+) --/);
  const flags = call.slice(call.findIndex((word) => word.startsWith("--")));
  for (let at = 0; at < flags.length; at += 1) {
    const flag = flags[at] ?? "";
    const takesValue = pulumiFlags[flag];
    assert.notEqual(takesValue, undefined, `${flag}: ${shown}`);
    if (takesValue) at += 1;
    assert.ok(at < flags.length, `${flag} has no value: ${shown}`);
  }
}

function assertContainer(name: string | undefined, shown: string): void {
  // One that isn't there is asked for by its part's name.
  const known = containers.some((it) => name === idPrefix + it || name === it);
  assert.ok(known, `no such container: ${shown}`);
}
