/**
 * The cache on this machine, by one command.
 * Usage: npm run local [-- down [--purge]]
 */
import { parseArgs } from "node:util";
import { defaultImages } from "../components/config/images.ts";
import { configWarnings } from "../components/config/warnings.ts";
import { firstView } from "./local/first-view.ts";
import { runSelfCheck } from "./local/self-check.ts";
import { bringUp, effectiveStack, takeDown } from "./local/stack.ts";
import { reachableUpstreams, stopSeededUpstream } from "./local/upstreams.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman } from "./setup/podman.ts";
import { runSteps } from "./setup/steps.ts";

const usage = "Usage: npm run local [-- down [--purge]]";

const { positionals, values } = parse();
const [action = "up"] = positionals;
if (!["up", "down"].includes(action) || positionals.length > 1 || (values.purge && action !== "down")) {
  console.error(usage);
  process.exit(2);
}

await runSteps(async () => {
  await ensureEngine();
  if (action === "down") {
    await takeDown({ purge: values.purge });
    await stopSeededUpstream({ purge: values.purge });
    return;
  }
  await ensurePodman();
  const configured = await effectiveStack();
  for (const { path, message } of configWarnings(configured.config)) console.error(`! ${path}: ${message}`);
  const { config } = configured;
  const images = await ensureImages(
    { ...defaultImages, ...config.images },
    { prefetch: config.prefetch !== undefined },
  );
  const upstreams = await reachableUpstreams(config.upstreams);
  const stack = await effectiveStack({ images, upstreams: upstreams.upstreams });
  const outputs = await bringUp(stack);
  const checks = await runSelfCheck(stack.config, outputs);
  console.log(firstView(outputs, upstreams, checks));
});

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { purge: { type: "boolean", default: false } } });
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
