import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseConfig } from "../../components/config/parse.ts";
import type { StackConfig, Workload } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { type EstimateOptions, estimateRegion, type RegionEstimate } from "../../components/cost/estimate.ts";
import { type CloudPrices, type PriceBook, priceBook } from "../../components/cost/prices/price-book.ts";

/** The day of the estimates in the tests: not before any price of the book that comes with the project. */
export const today = "2026-11-24";

const root = join(import.meta.dirname, "../..");
const readText = (path: string) => readFileSync(join(root, path), "utf8");

/** The names of the stacks that have a file. */
export const stackNames = globSync("stacks/Pulumi.*.yaml", { cwd: root })
  .map((path) => basename(path, ".yaml").slice("Pulumi.".length))
  .sort();

/** A stack as its file and Pulumi.yaml have it. */
export function stackNamed(name: string): StackConfig {
  return parseConfig(readStackFile(readText("Pulumi.yaml"), readText(`stacks/Pulumi.${name}.yaml`)));
}

export interface StackInWords {
  readonly provider: "aws" | "azure";
  /** The name of the region. */
  readonly region: string;
  readonly topology?: "vm" | "cluster";
  /** Of a cluster, that of its nodes, where it can be chosen. */
  readonly machine?: string;
  readonly storage?: Record<string, string>;
  readonly workload?: Partial<Workload>;
  /** Registries. @default gsoci.azurecr.io */
  readonly registries?: readonly string[];
  readonly tls?: Record<string, string>;
  /** Over the endpoint's other keys. */
  readonly endpoint?: object;
  readonly network?: object | undefined;
  readonly cost?: Partial<StackConfig["cost"]>;
  readonly budget?: Partial<NonNullable<StackConfig["budget"]>>;
}

/** Of the stacks in words: the machine is the least expensive one then, on which most figures by hand rest. */
const peakMinutes = 30;

/** A stack of one region, through the real reader of configurations. */
export function stackOf(words: StackInWords): StackConfig {
  const { provider, region, topology = "vm", machine, registries = ["gsoci.azurecr.io"] } = words;
  return parseConfig({
    version: 2,
    provider,
    regions: [
      {
        name: region,
        topology,
        ...(machine && (topology === "vm" ? { machine: { type: machine } } : { nodes: { type: machine } })),
        storage: words.storage ?? (topology === "vm" ? { kind: "disk" } : { kind: "bucket" }),
        endpoint: {
          hostname: `cache.${region}.example.com`,
          zone: "example.com",
          ...(provider === "azure" && { zoneResourceGroup: "dns" }),
          tls: words.tls ?? { mode: "acme", email: "platform@example.com" },
          ...words.endpoint,
        },
        ...(words.network && { network: words.network }),
        access: { clients: ["203.0.113.0/24"] },
        ...(topology === "cluster" && { apiAccess: ["203.0.113.0/24"] }),
      },
    ],
    upstreams: registries.map((registry, index) => ({ name: `u${index}`, registry, repositories: ["**"] })),
    workload: { peakMinutes, ...words.workload },
    ...(words.cost && { cost: words.cost }),
    ...(words.budget && { budget: words.budget }),
  });
}

/** The estimates of a stack's regions. */
export function estimatesOf(stack: StackConfig, options: Partial<EstimateOptions> = {}): RegionEstimate[] {
  return stack.regions.map((region) =>
    estimateRegion(region, stack, { prices: priceBook, today, ...options }),
  );
}

export function estimateOf(words: StackInWords, options?: Parameters<typeof estimatesOf>[1]): RegionEstimate {
  const [estimate] = estimatesOf(stackOf(words), options);
  if (!estimate) throw new Error("no region");
  return estimate;
}

/** What is paid for a line of an estimate, by the beginning of its name. */
export function costOf({ lines }: Pick<RegionEstimate, "lines">, name: string): number | string | undefined {
  return lines.find((line) => line.name.startsWith(name))?.monthlyCost;
}

/** A book without one price. */
export function without(
  cloud: keyof PriceBook,
  region: string,
  item: string,
  book: PriceBook = priceBook,
): PriceBook {
  const { listed: _, ...own } = book[cloud];
  const { [item]: __, ...rest } = own.regions[region] ?? {};
  const changed: CloudPrices = { ...own, regions: { ...own.regions, [region]: rest } };
  return { ...book, [cloud]: changed };
}
