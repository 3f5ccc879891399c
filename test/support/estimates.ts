import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseConfig } from "../../components/config/parse.ts";
import type { StackConfig, Workload } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { type EstimateOptions, estimateRegion, type RegionEstimate } from "../../components/cost/estimate.ts";
import { type CloudPrices, type PriceBook, priceBook } from "../../components/cost/prices/price-book.ts";

/** The date of the tests' estimates. No price in the project's price book is newer. */
export const today = "2026-11-24";

const root = join(import.meta.dirname, "../..");
const readText = (path: string) => readFileSync(join(root, path), "utf8");

/** The names of the stacks with a file. */
export const stackNames = globSync("stacks/Pulumi.*.yaml", { cwd: root })
  .map((path) => basename(path, ".yaml").slice("Pulumi.".length))
  .sort();

/** A stack, read from its file and Pulumi.yaml. */
export function stackNamed(name: string): StackConfig {
  return parseConfig(readStackFile(readText("Pulumi.yaml"), readText(`stacks/Pulumi.${name}.yaml`)));
}

export interface StackInWords {
  readonly provider: "aws" | "azure";
  /** The name of the region. */
  readonly region: string;
  readonly topology?: "vm" | "cluster";
  /** The machine type, or in a cluster the nodes' type, where it can be chosen. */
  readonly machine?: string;
  readonly storage?: Record<string, string>;
  readonly workload?: Partial<Workload>;
  /** Registries. @default gsoci.azurecr.io */
  readonly registries?: readonly string[];
  readonly tls?: Record<string, string>;
  /** Merged over the endpoint's other keys. */
  readonly endpoint?: object;
  readonly network?: object | undefined;
  readonly cost?: Partial<StackConfig["cost"]>;
  readonly budget?: Partial<NonNullable<StackConfig["budget"]>>;
}

/** The workload of {@link stackOf}. It makes the least expensive machine sufficient, on which most of the expected figures rest. */
const peakMinutes = 30;

/** A stack with one region, parsed by the real configuration reader. */
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

/** The monthly cost of the line whose name starts with `name`. */
export function costOf({ lines }: Pick<RegionEstimate, "lines">, name: string): number | string | undefined {
  return lines.find((line) => line.name.startsWith(name))?.monthlyCost;
}

/** A price book without one price. */
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
