/** A stack of each kind. Its configuration is in `Pulumi.<stack>.yaml` in this folder. Its state, from an earlier version of this project, is in `<stack>.json`. Anybody who reads test/support/project.ts can decrypt its secrets. */
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Images, imageNames } from "../../../components/config/images.ts";
import { namespace } from "../../../components/config/schema.ts";
import { awsCloud } from "../../doubles/aws/aws.ts";
import { azureCloud } from "../../doubles/azure/azure.ts";
import { awsCluster } from "../../support/cloud-aws-cluster.ts";
import { azureCluster } from "../../support/cloud-azure-cluster.ts";
import { credentials, privateUpstream } from "../../support/private-stack.ts";
import { projectDirectory } from "../../support/project.ts";
import { tempDir } from "../../support/scope.ts";
import { type Config, keysOf } from "../../support/stack-files.ts";
import { startCloud } from "./cloud.ts";
import { startKubernetes } from "./kubernetes.ts";
import { startLocal } from "./local.ts";
import type { Started, State } from "./started.ts";

const kinds = {
  "local-vm": startLocal,
  "aws-vm": (_, file) => startCloud(file, { cloud: awsCloud() }),
  "aws-cluster": (_, file) => startCloud(file, { ...awsCluster.newAccount(), ...awsCluster }),
  "azure-vm": (_, file) => startCloud(file, { cloud: azureCloud() }),
  "azure-cluster": (_, file) => startCloud(file, { ...azureCluster.newAccount(), ...azureCluster }),
  kubernetes: startKubernetes,
} satisfies Record<string, (keys: Config, file: string) => Promise<Started>>;

export type StackName = keyof typeof kinds;

export const stackNames = Object.keys(kinds) as StackName[];

/** A stack with its recorded state, in surroundings with its recorded resources. */
export async function recordedStack(name: StackName): Promise<Started> {
  await using parts = new AsyncDisposableStack();
  const started = parts.use(await startStack(name));
  const { stack, readsSecrets, restore } = started;
  const recorded = await readFile(stateFile(name), "utf8");
  await stack.pulumi("stack", "import", "--file", stateFile(name));
  const state = readsSecrets ? await stack.pulumi("stack", "export", "--show-secrets") : recorded;
  const changes = Object.entries(await restore(inPlainText(state)));
  if (changes.length > 0) {
    const file = join(parts.use(await tempDir()).path, "state.json");
    await writeFile(
      file,
      changes.reduce((text, [was, is]) => text.replaceAll(was, is), recorded),
    );
    await stack.pulumi("stack", "import", "--file", file);
  }
  const all = parts.move();
  return { ...started, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Replaces the secrets of an export, which are `{ plaintext }`. */
function inPlainText(state: string): State {
  return JSON.parse(state, (_, value) => {
    const { plaintext } = Object(value);
    return plaintext === undefined ? value : JSON.parse(plaintext);
  });
}

/** The path of the recorded state. */
export function stateFile(name: StackName): string {
  return join(import.meta.dirname, `${name}.json`);
}

/** A stack with the recorded configuration, and without resources. */
export async function startStack(name: StackName): Promise<Started> {
  const started = await kinds[name](keysFor(name), fileOf(name));
  await configure(started, name);
  return started;
}

/** @param region merged over each of the stack's regions */
export async function configure({ stack }: Started, name: StackName, region: Config = {}): Promise<void> {
  const key = privateUpstream.credentials;
  const { username, password } = credentials;
  await stack.configure({ ...keysFor(name, region), [key]: { username } });
  await stack.setSecret(`${namespace}:${key}.password`, password);
}

/** Image references. They are fixed, so that new default images of this project don't count as a change. */
export const images = Object.fromEntries(
  imageNames.map((it) => [it, `registry.example.com/${it}:1`]),
) as Images;

function fileOf(name: StackName): string {
  return relative(projectDirectory, join(import.meta.dirname, `Pulumi.${name}.yaml`));
}

/** The stack's own keys, and those that all stacks share. They include everything that has a default, so that a new default doesn't count as a change. */
function keysFor(name: StackName, region: Config = {}): Config {
  const { regions, ...keys } = keysOf(fileOf(name));
  return {
    ...keys,
    upstreams: [
      { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] },
      privateUpstream,
    ],
    images,
    monitoring: { labels: { installation: "example" }, alertmanagers: ["https://alerts.example.com"] },
    regions: (regions as Config[]).map((it) => ({ ...it, ...region })),
  };
}
