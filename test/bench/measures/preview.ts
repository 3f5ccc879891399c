import { join } from "node:path";
import { Cloud, type CloudDefinition } from "../../doubles/cloud.ts";
import { serve } from "../../doubles/serve.ts";
import { cloudFiles, clouds } from "../../support/cloud-files.ts";
import { cloudStack } from "../../support/cloud-stack.ts";
import { clusterFiles, clusterStack } from "../../support/cluster-files.ts";
import { newStack } from "../../support/project.ts";
import { tempDir } from "../../support/scope.ts";
import { testStack } from "../../support/stack.ts";
import { alternate } from "../alternate.ts";
import type { Measure } from "../measure.ts";
import type { Goal, Measurement } from "../measurement.ts";
import { endedChildrenSeconds } from "../processes.ts";

interface Preview {
  readonly failed: boolean;
  readonly messages: string;
}

interface Stack {
  readonly what: string;
  readonly goal: Goal;
  readonly regions: number;
  preview(): Promise<Preview & { readonly changes: object }>;
}

/** `pulumi preview` of a new stack in a cloud that answers immediately, compared with an empty program, and with one that has as many empty resources. */
export const preview: Measure = {
  name: "preview",
  async measure({ quick }) {
    await using started = new AsyncDisposableStack();
    const empty = await otherProgram(started, "empty");
    const cloud = started.use(await serve(new Cloud(floor)));
    const floorProgram = await otherProgram(started, "floor", { PULUMI_DEBUG_PROVIDERS: cloud.address });
    const measurements: Measurement[] = [];
    let left = quick ? 2 : Number.POSITIVE_INFINITY;
    for await (const { what, goal, regions, preview } of allStacks(started)) {
      const { failed, messages, changes } = await preview();
      if (failed) throw new Error(messages);
      const count = Object.keys(changes).length;
      // This machine needs no provider, because the Pod and its certificate are dynamic resources.
      const size = { regions, resources: count, dynamic: regions === 0 ? 2 : 0 };
      const contestants = [
        { name: "empty", preview: () => empty({}) },
        { name: "floor", preview: () => floorProgram({ FLOOR: JSON.stringify(size) }) },
        { name: "stack", preview },
      ] as const;
      const measure = async ({ preview }: (typeof contestants)[number]) => {
        const [start, used] = [performance.now(), await endedChildrenSeconds()];
        const { failed, messages } = await preview();
        if (failed) throw new Error(messages);
        const seconds = (performance.now() - start) / 1000;
        return { seconds, cpuSeconds: (await endedChildrenSeconds()) - used };
      };
      // A first run, after which Node.js has cached the compiled program.
      if (!quick) for (const contestant of contestants) await measure(contestant);
      const series = await alternate({ what, contestants, repetitions: quick ? 1 : 5, measure });
      measurements.push(
        { what, unit: "s", series: series("seconds"), goal },
        { what: `${what}: processor time`, unit: "s", series: series("cpuSeconds") },
      );
      if (--left === 0) break;
    }
    return measurements;
  },
};

/** A cloud that accepts everything. */
const floor: CloudDefinition = {
  name: "floor",
  sdk: { version: "1.0.0", problems: () => [] },
  resources: { "floor:index:Resource": { create: () => ({ id: "nothing" }) } },
  functions: {},
  scopeOf: () => "",
  codes: { exists: "", missing: "", inUse: "", fixed: "" },
  existing: [],
};

async function otherProgram(
  started: AsyncDisposableStack,
  stack: "empty" | "floor",
  environment: NodeJS.ProcessEnv = {},
): Promise<(more: NodeJS.ProcessEnv) => Promise<Preview>> {
  const { path: directory } = started.use(await tempDir());
  const program = join(import.meta.dirname, "..", `${stack}-program`);
  const project = await newStack({ stack, directory, keys: {}, program, environment });
  return (more) => project.run("preview", [], more);
}

async function* allStacks(started: AsyncDisposableStack): AsyncGenerator<Stack> {
  const local = started.use(await testStack({ upstreams: [gsoci], isWarm: false }));
  const goal = { against: "empty", atMost: 1.3 } as const;
  yield { what: "preview of a local stack", goal, regions: 0, preview: () => local.run("preview") };
  for (const { file, cloud } of cloudFiles) {
    const stack = started.use(await cloudStack(file, cloud.newCloud(), { isWarm: false }));
    yield {
      what: `preview of ${file}`,
      goal,
      regions: stack.regions.length,
      preview: () => stack.run("preview"),
    };
  }
  for (const { file, known } of clusterFiles) {
    const stack = started.use(await clusterStack(file, known, known.newAccount(), { isWarm: false }));
    yield {
      what: `preview of ${file}`,
      goal,
      regions: stack.regions.length,
      preview: () => stack.run("preview"),
    };
  }
  const many = started.use(await cloudStack(clouds.aws.file, clouds.aws.newCloud(), { isWarm: false }));
  const [region] = many.regions;
  const regions = regionNames.map((name) => ({
    ...region,
    name,
    endpoint: { ...(region?.endpoint as object), hostname: `cache.${name}.example.com` },
  }));
  await many.configure({ regions });
  const what = `preview of ${regions.length} regions in AWS`;
  yield {
    what,
    goal: { against: "empty", atMost: 3 },
    regions: regions.length,
    preview: () => many.run("preview"),
  };
}

const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };

const regionNames = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "sa-east-1"],
  ...["eu-central-1", "eu-central-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1"],
  ...["ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
];
