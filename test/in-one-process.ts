/** Runs test files in one process, each after the other: `node test/in-one-process.ts FILE…`. In a process of its own, an average file takes twice the processor time, because it loads the SDKs again. */
import { resolve } from "node:path";
import { after, before } from "node:test";
import { pathToFileURL } from "node:url";

/** No test starts before all files are loaded, because some use Pulumi's mocks while they load. */
async function load(): Promise<void> {
  for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
}

const loaded = load();
before(() => loaded);

// Otherwise, a test that calls process.exit() would hide all later ones.
let areDone = false;
after(() => {
  areDone = true;
});
process.on("exit", () => {
  if (!areDone) process.exitCode = 1;
});
await loaded;
