/** Runs the cache on this machine with one command: `npm run local -- --help`. */
import { Argument } from "commander";
import { defaultImages } from "../components/config/images.ts";
import { configWarnings } from "../components/config/warnings.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { firstView } from "./local/first-view.ts";
import { runSelfCheck } from "./local/self-check.ts";
import { bringUp, effectiveStack, takeDown } from "./local/stack.ts";
import { reachableUpstreams, stopSeededUpstream } from "./local/upstreams.ts";
import { hasProgram } from "./setup/apt.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman, removeCheckPods } from "./setup/podman.ts";

const program = commandLine("npm run local --")
  .description("Brings the cache up on this machine, or takes it down.")
  .addArgument(new Argument("[action]", "what to do").choices(["up", "down"]).default("up"))
  .option("--purge", "with down: delete what is cached, too")
  .action((action: "up" | "down", { purge = false }: { purge?: boolean }) => {
    if (purge && action === "up") program.error("error: --purge goes with down only");
    return runSteps(() => (action === "up" ? up() : down(purge)));
  });

await program.parseAsync();

async function down(purge: boolean): Promise<void> {
  await ensureEngine();
  await takeDown({ purge });
  if (await hasProgram("podman")) await removeCheckPods();
  await stopSeededUpstream({ purge });
}

async function up(): Promise<void> {
  if (process.platform !== "linux")
    throw new StepError("npm run local needs Linux. Run it in a virtual machine with Linux.");
  await ensureEngine();
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
}
