/**
 * Brings this machine all that `npm run local` needs, or with `test` also what the tests need, and starts nothing.
 * Usage: node scripts/setup.ts [local|test]
 */
import { defaultImages } from "../components/config/images.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman } from "./setup/podman.ts";
import { runSteps } from "./setup/steps.ts";
import { ensureTestTools } from "./setup/test-tools.ts";

const [purpose = "local"] = process.argv.slice(2);
if (purpose !== "local" && purpose !== "test") {
  console.error("Usage: node scripts/setup.ts [local|test]");
  process.exit(2);
}

await runSteps(async () => {
  await ensurePodman();
  await ensureEngine();
  await ensureImages(defaultImages);
  if (purpose === "test") await ensureTestTools();
});
