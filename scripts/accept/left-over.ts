/** What a cloud account still has of a stack, by the cloud's own index of tags. */
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { StackConfig } from "../../components/config/schema.ts";
import { stackTags } from "../../components/hosts/naming.ts";

/** The index follows late: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html */
const patience = { minutes: 15, pauseSeconds: 30 };

/**
 * @returns ARNs or IDs. What is still there after {@link patience} is.
 * @throws Error when the cloud's program can't ask.
 */
export async function leftOver(
  config: StackConfig,
  stack: string,
  { minutes, pauseSeconds } = patience,
): Promise<string[]> {
  const end = Date.now() + minutes * 60_000;
  for (;;) {
    const found = await tagged(config, stackTags(stack));
    if (found.length === 0 || Date.now() >= end) return found;
    await delay(pauseSeconds * 1000);
  }
}

async function tagged(
  { provider, regions }: StackConfig,
  { project = "", stack = "" }: Readonly<Record<string, string>>,
): Promise<string[]> {
  if (provider === "aws") {
    const filters = ["--tag-filters", `Key=project,Values=${project}`, `Key=stack,Values=${stack}`];
    const query = ["--query", "ResourceTagMappingList[].ResourceARN", "--output", "json"];
    // us-east-1 has what belongs to no region: roles, hosted zones.
    const names = [...new Set([...regions.map(({ name }) => String(name)), "us-east-1"])];
    const found = names.map((name) =>
      ask("aws", ["resourcegroupstaggingapi", "get-resources", "--region", name, ...filters, ...query]),
    );
    return (await Promise.all(found)).flat();
  }
  if (provider !== "azure") return [];
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

async function ask(program: string, args: readonly string[]): Promise<string[]> {
  const { failed, stdout, stderr, shortMessage } = await execa(program, args, { reject: false });
  if (failed) throw new Error(`${program} can't say what is left: ${stderr.trim() || shortMessage}`);
  return JSON.parse(stdout || "[]");
}
