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
  "acme",
] as const;

const log = `
echo '{"time":"2026-11-27T03:00:00Z","client":"203.0.113.7","uri":"/v2/a/blobs/b","status":"504","cache":"MISS","bytes":"17","userAgent":"containerd"}'
echo '2026/11/27 03:00:01 [error] 7#7: upstream timed out'`;

const podman = `
case "$1 $*" in
  "ps "*--quiet*) printf '%s\\n' 0a1b 2c3d ;;
  "ps "*) call="$*" pod=\${call##*pod=}; printf '%s\\n' ${containers.map((name) => `"\${pod%% *}-${name}"`).join(" ")} ;;
  "logs "*) ${log} ;;
  "exec "*|"inspect "*) echo "{} => 1 @[1]" ;;
esac`;

const certificate = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");

/** https://kubernetes.io/docs/reference/kubectl/jsonpath/ */
const kubectl = `
shift 4
case "$*" in
  "get pods "*items*) printf registry-cache-0 ;;
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
  "vm run-command invoke "*)
    while [ "$1" != --scripts ]; do shift; done
    printf 'Enable succeeded: \\n[stdout]\\n%s\\n\\n[stderr]\\n\\n' "$(printf '%s\\n' "$2" | tr '"' '\\n' | sh 2>&1 | tail -c 4096)" ;;
esac`;

/** Needed by the command itself, or to reach the right thing whatever the defaults of whoever is on call. */
const required: Readonly<Record<string, readonly string[]>> = {
  // https://docs.aws.amazon.com/cli/latest/reference/
  "aws ec2 describe-instances": ["--region", "--filters"],
  "aws ec2 get-console-output": ["--region", "--instance-id"],
  "aws eks update-kubeconfig": ["--region", "--name"],
  "aws route53 change-resource-record-sets": ["--hosted-zone-id", "--change-batch"],
  "aws route53 list-hosted-zones-by-name": ["--dns-name"],
  "aws route53 list-resource-record-sets": ["--hosted-zone-id"],
  "aws ssm start-session": ["--region", "--target"],
  // https://learn.microsoft.com/cli/azure/reference-index
  "az aks get-credentials": ["--resource-group", "--name"],
  "az network dns record-set a delete": ["--resource-group", "--zone-name", "--name", "--yes"],
  "az vm boot-diagnostics get-boot-log": ["--resource-group", "--name"],
  "az vm run-command invoke": ["--resource-group", "--name", "--command-id", "--scripts"],
};

const globalOptions = ["kubectl", "--context", /^./, "--namespace", /^./];

/** @param overrides scripts in place of these, by program */
export async function onCallPrograms(
  overrides: Readonly<Record<string, string>> = {},
): Promise<FakePrograms> {
  // The disk's paths aren't there.
  return fakePrograms({ podman, kubectl, aws, az, df: "", du: "", openssl: "cat", ...overrides });
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
  if (program === "podman" && (subcommand === "exec" || subcommand === "restart"))
    assertContainer(name, shown);
  if (program === "podman" && subcommand === "logs") assertContainer(call.at(-1), shown);
  if (program === "kubectl") {
    for (const [index, expected] of globalOptions.entries()) {
      assert.match(call[index] ?? "", new RegExp(expected), shown);
    }
    const [, container] = shown.match(/ --container (\S+)/) ?? [];
    if (container) assertContainer(`registry-cache-${container}`, shown);
  }
}

function assertContainer(name: string | undefined, shown: string): void {
  const known = containers.some(
    (it) => name === `registry-cache-${it}` || name === `registry-cache-local-${it}`,
  );
  assert.ok(known, `no such container: ${shown}`);
}
