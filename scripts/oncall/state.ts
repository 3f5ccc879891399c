/** Reads Pulumi's state of a region, without any other request, so it also works if the cache is down. */
import { hint } from "../../components/config/problems.ts";
import { StepError } from "../command/steps.ts";
import { nameOf } from "../engine/changes.ts";
import { engineCommand } from "../engine/command.ts";
import { engineEnvironment, localEnvironment, stateBackend } from "../engine/environment.ts";
import type { ExportedState, Resource } from "../engine/state.ts";
import { isUnknownStack } from "../engine/trouble.ts";
import { shortName } from "../fleet/backend.ts";
import { providerOf, readStackFiles } from "../fleet/stack-files.ts";

/** A region of a stack that was brought up. */
export interface DeployedRegion {
  readonly stack: string;
  readonly region: string;
  /** `https://cache.example.com`. Undefined if the last update ended before it wrote the region's outputs. */
  readonly endpoint: string | undefined;
  /** All resources below the region's component. */
  readonly resources: readonly Resource[];
  /** Inputs of a resource's provider. */
  providerOf(resource: Resource): Readonly<Record<string, unknown>>;
}

const timeoutSeconds = 60;

const withoutState = `Without the state:
  docs/runbooks/RegistryCacheDown.md#take-the-cache-out-of-dns   sends clients to the upstreams by hand
  docs/runbooks/RegistryCacheDown.md#get-in-without-the-state    gets in by hand`;

const regionType = "registry-cache:index:RegionalCache";

/**
 * @param directory of the project
 * @param region name of the region. Optional if the stack has only one.
 * @throws StepError if the stack or the region doesn't exist. The message lists the existing ones.
 */
export async function deployedRegion(
  directory: string,
  stack: string,
  region?: string,
): Promise<DeployedRegion> {
  return regionIn(await exported(directory, stack), stack, region);
}

/** Finds a region in a stack's resources. @throws StepError as deployedRegion() does */
export function regionIn(resources: readonly Resource[], stack: string, region?: string): DeployedRegion {
  const roots = resources.filter(({ type }) => type === regionType);
  if (roots.length === 0)
    throw new StepError(`${stack}: nothing of the stack is up. \`npm run regions\` lists the stacks`);
  const names = roots.map(nameOf);
  if (region === undefined && names.length > 1)
    throw new StepError(`${stack} has several regions: name one of ${names.join(", ")}`);
  const root = region === undefined ? roots[0] : roots.find((it) => nameOf(it) === region);
  if (!root)
    throw new StepError(
      `${stack} has no region ${region}: ${hint(region ?? "", names)}. A command comes after the region`,
    );
  const byUrn = new Map(resources.map((it) => [it.urn, it]));
  const isOwn = ({ urn, parent }: Pick<Resource, "urn" | "parent">): boolean => {
    if (urn === root.urn) return true;
    const above = parent === undefined ? undefined : byUrn.get(parent);
    return above !== undefined && isOwn(above);
  };
  const name = nameOf(root);
  return {
    stack,
    region: name,
    endpoint: textOf(root.outputs?.cache as Resource["outputs"], "endpoint"),
    resources: resources.filter((it) => it.delete !== true && isOwn(it)),
    providerOf: ({ provider = "" }) => byUrn.get(provider.slice(0, provider.lastIndexOf("::")))?.inputs ?? {},
  };
}

/** The first resource of a type, if there is one. */
export function resourceOf(deployed: DeployedRegion, type: string): Resource | undefined {
  return resourcesOf(deployed, type)[0];
}

export function resourcesOf({ resources }: DeployedRegion, type: string): Resource[] {
  return resources.filter((it) => it.type === type);
}

/** @returns undefined if the value isn't a string, for example because it is encrypted */
export function textOf(
  values: Readonly<Record<string, unknown>> | undefined,
  key: string,
): string | undefined {
  const value = values?.[key];
  return typeof value === "string" ? value : undefined;
}

async function exported(directory: string, stack: string): Promise<readonly Resource[]> {
  // As for `npm run local`, unless the environment names a backend.
  const isHere = shortName(stack) === "local" && !process.env.PULUMI_BACKEND_URL;
  const environment = isHere ? localEnvironment() : engineEnvironment(stateBackend(directory));
  const asked = ["stack", "export", "--stack", stack];
  const text = await engineCommand(asked, { directory, environment, timeoutSeconds }).catch(
    async ({ message }: Error) => {
      const { project, stacks } = await readStackFiles(directory, [shortName(stack)]);
      const [provider] = stacks.map(({ text }) => providerOf(project, text));
      throw new StepError(unreadable(stack, message, provider));
    },
  );
  return (JSON.parse(text) as ExportedState).deployment?.resources ?? [];
}

/** Why the state can't be read, and what to do without it. @param message the engine's @param provider that the stack's file names. Undefined without a file */
export function unreadable(stack: string, message: string, provider?: unknown): string {
  if (!isUnknownStack(message)) return `the state can't be read: ${message}\n${withoutState}`;
  if (provider === "kubernetes")
    return `${stack}: Pulumi has no state of it: Flux, Argo CD or Helm applies it (docs/gitops.md#on-call; for \`bypass\`, docs/gitops.md#send-clients-to-the-upstream), it isn't up, or its state is in another backend (docs/state.md)\n${withoutState}`;
  if (shortName(stack) === "local")
    return `${stack}: isn't up, or its state is in another backend (docs/state.md). \`npm run local\` brings it up`;
  if (provider !== undefined)
    return `${stack}: this backend has no state of it. If its cache is running, its state is in another backend (docs/state.md): don't run \`up\`\n${withoutState}`;
  return `${stack}: the backend has no such stack. \`npm run regions\` lists them`;
}

/** @throws StepError if the region has no outputs */
export function endpointOf({ stack, region, endpoint }: DeployedRegion): string {
  if (endpoint !== undefined) return endpoint;
  throw new StepError(
    `${stack}: the state has no outputs of ${region}, because its last update didn't end: run \`npm run pulumi -- up --stack ${stack}\``,
  );
}
