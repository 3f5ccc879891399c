/** What Azure is asked before a region is made, and what it answers. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../components/config/parse.ts";
import { driver } from "../../components/hosts/azure/driver.ts";
import type { Findings } from "../../components/hosts/azure/findings.ts";
import { subscriptionId as own } from "../doubles/azure/account.ts";
import { token as accessToken } from "../doubles/azure/sizes.ts";
import { registeredBy } from "../support/graph.ts";

export const other = "22222222-2222-4222-8222-222222222222";

/** What an update left of other regions. */
export const keptImage = "0.20250101.1000";

const state = {
  "urn:pulumi:test::registry-cache::type$pulumi:index:Stash::uksouth-image-arm64": {
    type: "pulumi:index:Stash",
    outputs: { output: keptImage },
  },
  "urn:pulumi:test::registry-cache::type$azure-native:compute:VirtualMachine::northeurope": {
    type: "azure-native:compute:VirtualMachine",
    outputs: { hardwareProfile: { vmSize: "Standard_D2ps_v6" }, zones: ["1"] },
  },
  "urn:pulumi:test::registry-cache::type$azure-native:compute:Disk::northeurope": {
    type: "azure-native:compute:Disk",
    outputs: { name: "registry-cache-northeurope-data", zones: ["1"] },
  },
  "urn:pulumi:test::registry-cache::type::francecentral": {
    type: "azure-native:compute:VirtualMachine",
    outputs: { hardwareProfile: { vmSize: "Standard_M8-2ms" }, zones: ["1"] },
  },
};

interface Result {
  readonly found: Findings | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Functions with their inputs. */
  readonly asked: readonly (readonly [string, unknown])[];
}

export interface Azure {
  /** Whether it has what it is asked for, or what it says otherwise. @default true */
  readonly there?: boolean | string;
  readonly network?: Record<string, unknown>;
  /** Of the vault. @default true */
  readonly hasRbac?: boolean;
}

/**
 * What the driver finds, says and warns of for one region.
 * @param rest of the region
 * @param state the outputs that the stack has
 * @param answer what Azure says beside whose subscription it is
 */
export async function lookedUpBy(
  rest: Record<string, unknown>,
  keys: Record<string, unknown>,
  state: Record<string, unknown>,
  answer: (token: string, inputs: Record<string, unknown>) => Record<string, unknown>,
) {
  const config = parseConfig({
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...rest,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    ...keys,
  });
  const [region] = config.regions as Parameters<NonNullable<typeof driver.createProvider>>[0][];
  assert.ok(region);
  const log = mock.method(pulumi.log, "warn", async () => {});
  let result: Awaited<ReturnType<NonNullable<typeof driver.lookUp>>> | undefined;
  await registeredBy(
    async () => {
      const provider = driver.createProvider?.(region);
      assert.ok(provider);
      result = await driver.lookUp?.({ ...config, region }, provider);
    },
    undefined,
    (token, inputs) => {
      if (token.endsWith(":getClientConfig")) return { subscriptionId: own };
      if (token.endsWith(":getClientToken")) return { token: accessToken };
      if (token.endsWith(":readStackResourceOutputs")) return { outputs: state };
      return answer(token.replace("azure-native:", ""), inputs);
    },
  );
  const problems = (result?.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
  const warnings = log.mock.calls.map(({ arguments: [message] }) => String(message));
  log.mock.restore();
  return { found: result?.found, problems, warnings };
}

/** As the engine hands over what a provider refuses. */
export function refused(token: string, why: string): Error {
  return Object.assign(new Error(), { details: `invocation of ${token} returned an error: ${why}` });
}

/** Of a machine. */
export async function lookedUp(
  change: Record<string, unknown>,
  {
    there = true,
    network = { location: "westeurope", subnets: [{ name: "caches" }] },
    hasRbac = true,
  }: Azure = {},
  keys: Record<string, unknown> = {},
): Promise<Result> {
  const asked: [string, unknown][] = [];
  const region = { topology: "vm", storage: { kind: "disk", size: "240GiB" }, ...change };
  const { found, ...told } = await lookedUpBy(region, keys, state, (token, inputs) => {
    asked.push([token, inputs]);
    if (there !== true) throw refused(token, there || "ResourceNotFound");
    if (token.endsWith(":getVault")) return { properties: { enableRbacAuthorization: hasRbac } };
    return token.endsWith(":getVirtualNetwork") ? network : {};
  });
  return { found: found && "previous" in found ? found : undefined, ...told, asked };
}
