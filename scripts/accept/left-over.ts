/** Finds a stack's remaining resources in a cloud account: by the cloud's index of tags and, in AWS, by the names of roles. */
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { StackConfig } from "../../components/config/schema.ts";
import { nameLimits, namesOf } from "../../components/hosts/aws/naming.ts";
import { stackTags } from "../../components/hosts/naming.ts";

/** The index lags behind: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html */
const patience = { minutes: 15, pauseSeconds: 30 };

/**
 * @returns ARNs or ids of what still exists after {@link patience}
 * @throws Error if the cloud's command-line tool fails
 */
export async function leftOver(
  config: StackConfig,
  stack: string,
  { minutes, pauseSeconds } = patience,
): Promise<string[]> {
  const end = Date.now() + minutes * 60_000;
  for (;;) {
    const found = await foundIn(config, stack);
    if (found.length === 0 || Date.now() >= end) return found;
    await delay(pauseSeconds * 1000);
  }
}

async function foundIn(config: StackConfig, name: string): Promise<string[]> {
  const { regions } = config;
  const { project = "", stack = "" } = stackTags(name);
  if (config.provider === "aws") {
    const filters = ["--tag-filters", `Key=project,Values=${project}`, `Key=stack,Values=${stack}`];
    const query = ["--query", "ResourceTagMappingList[].ResourceARN", "--output", "json"];
    // Resources without a region are in us-east-1: instance profiles, hosted zones.
    const names = [...new Set([...regions.map(({ name }) => String(name)), "us-east-1"])];
    const found = names.map((name) =>
      ask("aws", ["resourcegroupstaggingapi", "get-resources", "--region", name, ...filters, ...query]),
    );
    return (await Promise.all([...found, rolesOf(config, name)])).flat();
  }
  if (config.provider !== "azure") return [];
  const mine = `[?tags.project=='${project}'].id`;
  const subscriptions = new Set(regions.map((it) => ("subscription" in it ? it.subscription : undefined)));
  const found = [...subscriptions].flatMap((subscription) => {
    const where = subscription === undefined ? [] : ["--subscription", String(subscription)];
    return ["resource", "group"].map((kind) =>
      ask("az", [kind, "list", "--tag", `stack=${stack}`, ...where, "--query", mine, "--output", "json"]),
    );
  });
  return (await Promise.all(found)).flat();
}

/** The index doesn't contain roles: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
async function rolesOf(
  { regions, governance }: Extract<StackConfig, { provider: "aws" }>,
  stack: string,
): Promise<string[]> {
  const path = ["--path-prefix", governance?.iamPath ?? "/"];
  const all = await ask("aws", ["iam", "list-roles", ...path, "--query", "Roles[].Arn", "--output", "json"]);
  return all.filter((arn) => {
    const name = arn.slice(arn.lastIndexOf("/") + 1);
    return regions.some((region) => {
      const { role, clusterRole } = namesOf({ stack, region: String(region.name) });
      // A name that is too long ends in a hash.
      return name === role || name.startsWith(clusterRole("").slice(0, nameLimits.role - 13));
    });
  });
}

async function ask(program: string, args: readonly string[]): Promise<string[]> {
  const { failed, stdout, stderr, shortMessage } = await execa(program, args, { reject: false });
  if (failed) throw new Error(`${program} can't say what is left: ${stderr.trim() || shortMessage}`);
  return JSON.parse(stdout || "[]");
}
