/** Gets the user to where a cache runs: opens a session, or runs one command of `registry-cache` there. */
import { chmod, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { podmanEnvironment } from "../../components/hosts/local/podman.ts";
import { StepError } from "../command/steps.ts";
import { kubectlEnvironment } from "./kubectl-environment.ts";
import { openSession, throughAws } from "./machine/aws.ts";
import { throughAzure, withoutSession } from "./machine/azure.ts";
import { machineScript, readAnswer } from "./machine/script.ts";
import type { Cluster, Local, Place, Vm } from "./place.ts";
import { programFor } from "./program-for.ts";
import { interactive } from "./programs.ts";
import type { DeployedRegion } from "./state.ts";

/** Opens a session, or prints what to do without one. @returns an exit code */
export async function open(deployed: DeployedRegion, place: Place): Promise<number> {
  switch (place.kind) {
    case "aws vm":
      return openSession(deployed, place);
    case "azure vm":
      console.log(withoutSession(deployed, place));
      return 0;
    default:
      return withProgram(deployed, place, (env) => {
        console.error(`\`registry-cache\` looks after ${deployed.region}; \`exit\` ends this shell.`);
        return interactive(process.env.SHELL || "/bin/sh", [], env);
      });
  }
}

/** Runs one command where the cache runs. @returns its exit code */
export async function runThere(
  deployed: DeployedRegion,
  place: Place,
  command: readonly string[],
): Promise<number> {
  switch (place.kind) {
    case "aws vm":
    case "azure vm":
      return onMachine(deployed, place, command);
    default:
      return withProgram(deployed, place, (env) => interactive("registry-cache", command, env));
  }
}

/** Maximum number of bytes that the cloud returns. On Azure, they include standard output, standard error and headings. */
const roomFor = { "aws vm": 23_000, "azure vm": 3900 } as const;

async function onMachine(deployed: DeployedRegion, place: Vm, command: readonly string[]): Promise<number> {
  if (command.some((word) => word === "--follow" || word === "-f"))
    throw new StepError("a command through the cloud can't follow a log: leave out --follow");
  const script = machineScript(programFor(deployed, place), command, roomFor[place.kind]);
  const text =
    place.kind === "aws vm"
      ? await throughAws(deployed, place, script)
      : await throughAzure(deployed, place, script);
  const { code, output, isCut } = readAnswer(text);
  if (isCut) console.error("! The beginning is cut off: the cloud brings back a few thousand bytes only.");
  process.stdout.write(output);
  return code;
}

/** Puts the program for a cluster or for this machine first on PATH while the work runs. */
async function withProgram(
  deployed: DeployedRegion,
  place: Cluster | Local,
  work: (env: Record<string, string>) => Promise<number>,
): Promise<number> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-oncall-"));
  const file = join(directory.path, "registry-cache");
  await writeFile(file, programFor(deployed, place));
  await chmod(file, 0o700);
  return await work({
    PATH: `${directory.path}${delimiter}${process.env.PATH}`,
    ...(place.kind === "local"
      ? (podmanEnvironment() as Record<string, string>)
      : await kubectlEnvironment(place, directory.path)),
  });
}
