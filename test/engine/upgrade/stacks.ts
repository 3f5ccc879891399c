/**
 * A stack of each kind. Its configuration is in `Pulumi.<stack>.yaml`, beside this file; the state that an earlier version of this project has left of it, in
 * `<stack>.json`, with secrets that anybody can read who reads test/support/project.ts.
 */
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

/** A stack as it was recorded, in a place as it was left then. */
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

/** Secrets are `{ plaintext }` in what is exported with them. */
function inPlainText(state: string): State {
  return JSON.parse(state, (_, value) => {
    const { plaintext } = Object(value);
    return plaintext === undefined ? value : JSON.parse(plaintext);
  });
}

/** Where the recorded state is. */
export function stateFile(name: StackName): string {
  return join(import.meta.dirname, `${name}.json`);
}

/** A stack that is configured as when it was recorded, and nothing else. */
export async function startStack(name: StackName): Promise<Started> {
  const started = await kinds[name](keysFor(name), fileOf(name));
  await configure(started, name);
  return started;
}

/** @param region over each of the stack's regions */
export async function configure({ stack }: Started, name: StackName, region: Config = {}): Promise<void> {
  const key = privateUpstream.credentials;
  const { username, password } = credentials;
  await stack.configure({ ...keysFor(name, region), [key]: { username } });
  await stack.setSecret(`${namespace}:${key}.password`, password);
}

/** Of references, so that it isn't taken for a change when this project takes others. */
export const images = Object.fromEntries(
  imageNames.map((it) => [it, `registry.example.com/${it}:1`]),
) as Images;

function fileOf(name: StackName): string {
  return relative(projectDirectory, join(import.meta.dirname, `Pulumi.${name}.yaml`));
}

/** The stack's own, and what all share: what would be this project's to choose is here, so that another choice isn't taken for a mistake. */
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
