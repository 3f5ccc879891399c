/** The way to where a cache runs: a session, or one command of `registry-cache` there. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { edgePort, internalPort as internalPortOfPod } from "../../components/hosts/kubernetes/pod.ts";
import { podmanEnvironment } from "../../components/hosts/local/podman.ts";
import { onCallProgram, probeParameters } from "../../components/hosts/oncall/program.ts";
import { internalPort as internalPortOfMachine } from "../../components/hosts/vm/pod.ts";
import { dataMount, stateDirectory } from "../../components/hosts/vm/user-data.ts";
import { quoted } from "../../components/pod/shell-word.ts";
import { StepError } from "../setup/steps.ts";
import type { Cluster, Local, Place, Vm } from "./place.ts";
import { ask, askJson, demand, interactive } from "./programs.ts";
import type { DeployedRegion } from "./state.ts";

/** Where a machine has it: pod.ts of the VM. */
const installed = "/usr/local/bin/registry-cache";
const runbookUrl = "docs/runbooks/{alert}.md";

/** Opens a session, or says how to go on without one. @returns an exit code */
export async function open(deployed: DeployedRegion, place: Place): Promise<number> {
  switch (place.kind) {
    case "aws vm":
      return openSession(deployed, place);
    case "azure vm":
      console.log(
        [
          `${deployed.region} runs on ${place.machine} in ${place.resourceGroup}, subscription ${place.subscription}. Nobody can log in: send commands, half a minute each.`,
          `  npm run oncall -- ${deployed.stack} ${deployed.region} status`,
          `  npm run oncall -- ${deployed.stack} ${deployed.region} help`,
        ].join("\n"),
      );
      return 0;
    default:
      return withProgram(deployed, place, (env) => {
        console.error(`\`registry-cache\` looks after ${deployed.region}; \`exit\` ends this shell.`);
        return interactive(process.env.SHELL || "/bin/sh", [], env);
      });
  }
}

/** Runs one command where the cache is. @returns its exit code */
export async function runThere(
  deployed: DeployedRegion,
  place: Place,
  command: readonly string[],
): Promise<number> {
  switch (place.kind) {
    case "aws vm":
    case "azure vm": {
      const { code, output } = await onMachine(deployed, place, command);
      process.stdout.write(output);
      return code;
    }
    default:
      return withProgram(deployed, place, (env) => interactive("registry-cache", command, env));
  }
}

async function openSession(
  deployed: DeployedRegion,
  { region, instance }: Extract<Vm, { kind: "aws vm" }>,
): Promise<number> {
  await demand("session-manager-plugin");
  console.error("In the session: `registry-cache status`, `registry-cache help`.");
  const code = await interactive("aws", ["ssm", "start-session", "--region", region, "--target", instance]);
  if (code !== 0) console.error(notConnected(deployed, region, instance));
  return code;
}

function notConnected({ stack, region: name }: DeployedRegion, region: string, instance: string): string {
  return [
    "If it isn't the credentials (`aws sts get-caller-identity`), the machine is dead, hung or without a way out:",
    `  npm run oncall -- ${stack} ${name} bypass      sends clients to the upstreams`,
    `  aws ec2 get-console-output --region ${region} --instance-id ${instance} --latest --output text`,
    `  aws ec2 reboot-instances --region ${region} --instance-ids ${instance}`,
  ].join("\n");
}

/** A command's result, as far as it fits through the cloud. */
interface Result {
  readonly code: number;
  readonly output: string;
}

/** For which an answer is awaited. Azure itself waits 90 minutes. */
const commandMinutes = 10;

/** Bytes of standard output that come back. Azure's are of standard output and error together, with headings. */
const roomFor = { "aws vm": 23_000, "azure vm": 3900 } as const;

async function onMachine(deployed: DeployedRegion, place: Vm, command: readonly string[]): Promise<Result> {
  if (command.some((word) => word === "--follow" || word === "-f"))
    throw new StepError("a command through the cloud has an end: leave out --follow");
  const text = await (place.kind === "aws vm" ? throughAws : throughAzure)(
    deployed,
    place as never,
    machineScript(vmProgram(deployed), command, roomFor[place.kind]),
  );
  const [, code, cut, packed] = /answer:(\d+):([01]):([A-Za-z0-9+/=]*)/.exec(text) ?? [];
  if (packed === undefined) throw new StepError(`the machine's answer can't be read:\n${text.trim()}`);
  const output = gunzipSync(Buffer.from(packed, "base64")).toString();
  if (cut === "1")
    console.error("! The beginning is cut off: the cloud brings back a few thousand bytes only.");
  return { code: Number(code), output };
}

/**
 * For `sh`, whatever takes quotes away on the way there: Azure's Run Command (https://github.com/Azure/azure-cli/issues/8084). The program comes along for a machine that never got it. What it
 * prints comes back packed: of a long output, as much of its end as fits.
 */
export function machineScript(program: string, command: readonly string[], room: number): string {
  const packed = gzipSync(program, { level: 9 }).toString("base64");
  const inner = `program=${installed} output=$(mktemp) brought=
if [ ! -x "$program" ]; then
  program=$(mktemp) brought=$program
  echo ${packed} | base64 -d | gunzip >"$program"
fi
sh "$program" ${command.map(quoted).join(" ")} >"$output" 2>&1 </dev/null
code=$? bytes=$(wc -c <"$output") cut=0
[ "$bytes" -le 400000 ] || { bytes=400000; cut=1; }
until answer=$(tail -c "$bytes" "$output" | gzip -9 | base64 --wrap 0); [ "\${#answer}" -lt ${room} ]; do
  bytes=$((bytes * 3 / 4)) cut=1
done
rm -f "$output" $brought
echo "answer:$code:$cut:$answer"
`;
  return `echo ${Buffer.from(inner).toString("base64")} | base64 -d | sh\n`;
}

/** https://docs.aws.amazon.com/cli/latest/reference/ssm/send-command.html */
async function throughAws(
  deployed: DeployedRegion,
  { region, instance }: Extract<Vm, { kind: "aws vm" }>,
  script: string,
): Promise<string> {
  const where = ["--region", region, "--output", "json"];
  const sent = (await askJson("aws", [
    ...["ssm", "send-command", ...where, "--document-name", "AWS-RunShellScript"],
    ...["--instance-ids", instance, "--timeout-seconds", "60"],
    ...[
      "--parameters",
      JSON.stringify({ commands: [script], executionTimeout: [String(commandMinutes * 60)] }),
    ],
  ]).catch((error: Error) => {
    if (!/InvalidInstanceId/.test(error.message)) throw error;
    throw new StepError(`${error.message}\n${notConnected(deployed, region, instance)}`);
  })) as { Command: { CommandId: string } };
  const question = ["--command-id", sent.Command.CommandId, "--instance-id", instance];
  const end = Date.now() + (commandMinutes + 1) * 60_000;
  for (;;) {
    await delay(Number(process.env.ONCALL_POLL_MS ?? 1500));
    const found = (await askJson("aws", ["ssm", "get-command-invocation", ...where, ...question]).catch(
      // It isn't there at once.
      (error: Error) => (/InvocationDoesNotExist/.test(error.message) ? undefined : Promise.reject(error)),
    )) as { Status: string; StandardOutputContent: string; StandardErrorContent: string } | undefined;
    if (found && !["Pending", "InProgress", "Delayed"].includes(found.Status)) {
      if (found.StandardOutputContent !== "") return found.StandardOutputContent;
      throw new StepError(
        `the command ended with ${found.Status}: ${found.StandardErrorContent}\n${notConnected(deployed, region, instance)}`,
      );
    }
    if (Date.now() > end)
      throw new StepError(
        `no answer within ${commandMinutes} minutes.\n${notConnected(deployed, region, instance)}`,
      );
  }
}

/** https://learn.microsoft.com/azure/virtual-machines/linux/run-command */
async function throughAzure(
  { stack, region }: DeployedRegion,
  { subscription, resourceGroup, machine }: Extract<Vm, { kind: "azure vm" }>,
  script: string,
): Promise<string> {
  const where = ["--subscription", subscription, "--resource-group", resourceGroup, "--name", machine];
  const state = await ask("az", [
    ...["vm", "get-instance-view", ...where, "--output", "tsv"],
    ...[
      "--query",
      "[instanceView.statuses[-1].displayStatus, instanceView.vmAgent.statuses[0].displayStatus]",
    ],
  ]);
  const [power = "", agent = ""] = state.split(/[\t\n]/);
  // Without its agent, a command takes 90 minutes to fail, and each further one ends in a conflict: https://github.com/Azure/azure-cli/issues/14642
  if (agent !== "Ready")
    throw new StepError(
      [
        `${machine}: ${power || "its state isn't known"}, and its agent is ${agent && agent !== "None" ? agent : "silent"}, so it takes no commands.`,
        `  npm run oncall -- ${stack} ${region} bypass      sends clients to the upstreams`,
        `  az vm boot-diagnostics get-boot-log ${where.join(" ")}`,
        `  az vm restart ${where.join(" ")}`,
      ].join("\n"),
    );
  const directory = await mkdtemp(join(tmpdir(), "registry-cache-oncall-"));
  try {
    const file = join(directory, "script.sh");
    await writeFile(file, script);
    return await ask(
      "az",
      [
        ...["vm", "run-command", "invoke", ...where, "--command-id", "RunShellScript"],
        ...["--scripts", `@${file}`, "--query", "value[0].message", "--output", "tsv"],
      ],
      { timeoutSeconds: commandMinutes * 60 },
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

function vmProgram(deployed: DeployedRegion): string {
  const endpoint = endpointOf(deployed);
  return onCallProgram({
    host: "vm",
    region: deployed.region,
    endpoint,
    internalPort: internalPortOfMachine,
    probe: probeParameters(new URL(endpoint).hostname, { port: Number(new URL(endpoint).port || 443) }),
    runbookUrl,
    data: dataMount,
    state: stateDirectory,
  });
}

function endpointOf({ endpoint, stack }: DeployedRegion): string {
  if (endpoint !== undefined) return endpoint;
  throw new StepError(`${stack}: the state has no outputs: its last update didn't end`);
}

/** The program of a cluster or of this machine, first on PATH while the work lasts. */
async function withProgram(
  deployed: DeployedRegion,
  place: Cluster | Local,
  work: (env: Record<string, string>) => Promise<number>,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "registry-cache-oncall-"));
  try {
    const file = join(directory, "registry-cache");
    await writeFile(file, programFor(deployed, place));
    await chmod(file, 0o700);
    return await work({
      PATH: `${directory}${delimiter}${process.env.PATH}`,
      ...(place.kind === "local"
        ? (podmanEnvironment() as Record<string, string>)
        : await kubectlEnvironment(place, directory)),
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export function programFor(deployed: DeployedRegion, place: Cluster | Local): string {
  const endpoint = endpointOf(deployed);
  const common = { region: deployed.region, endpoint, runbookUrl };
  if (place.kind === "local") {
    const { directory, probe, internalPort: own } = place;
    return onCallProgram({
      ...common,
      host: "local",
      internalPort: own,
      probe,
      data: directory,
      state: directory,
    });
  }
  const { context, namespace, scheme } = place;
  const probe = probeParameters(new URL(endpoint).hostname, { port: edgePort, scheme });
  return onCallProgram({
    ...common,
    host: "kubernetes",
    internalPort: internalPortOfPod,
    probe,
    context,
    namespace,
  });
}

/** @param directory for a kubeconfig that is needed for a moment only */
export async function kubectlEnvironment(
  { kubeconfig, context }: Cluster,
  directory: string,
): Promise<Record<string, string>> {
  const file = join(directory, "kubeconfig");
  switch (kubeconfig.from) {
    case "environment":
      return {};
    case "state":
      // Its content, if it isn't a path.
      if (!/^\s*\{|\n/.test(kubeconfig.kubeconfig)) return { KUBECONFIG: kubeconfig.kubeconfig };
      await writeFile(file, kubeconfig.kubeconfig, { mode: 0o600 });
      return { KUBECONFIG: file };
    case "aks": {
      const { subscription, resourceGroup, cluster } = kubeconfig;
      await ask("az", [
        ...["aks", "get-credentials", "--subscription", subscription, "--resource-group", resourceGroup],
        ...["--name", cluster, "--context", context, "--file", file, "--only-show-errors"],
      ]);
      return { KUBECONFIG: file };
    }
  }
}
