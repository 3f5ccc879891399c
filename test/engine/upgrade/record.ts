/** Records the initial states of the upgrade tests: brings up each stack, and writes the output of `pulumi stack export`. Usage: npm exec -- node test/engine/upgrade/record.ts [STACK …] */
import { writeFile } from "node:fs/promises";
import { recordingOnThisMachine } from "./record-local.ts";
import { stackNames, startStack, stateFile } from "./stacks.ts";
import type { State } from "./started.ts";

/** Keys that neither engine nor providers read. */
const incidental = ["created", "modified", "sourcePosition", "stackTrace", "managedFields"];

const words = process.argv.slice(2);
for (const name of stackNames.filter((it) => words.length === 0 || words.includes(it))) {
  console.log(name);
  await using started = await startStack(name);
  const { stack } = started;
  const up = async (...args: string[]) => {
    const { failed, messages } = await stack.run("up", args);
    if (failed) throw new Error(messages);
  };
  await using local = name === "local-vm" ? await recordingOnThisMachine(stack) : undefined;
  await up();
  await local?.prolong(up);
  await up("--expect-no-changes");
  const state = normalized(await stack.pulumi("stack", "export"));
  await writeFile(stateFile(name), `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Removes place and time of the recording. Certificates that `pulumi up` renews are never due. */
function normalized(text: string): State {
  return JSON.parse(text, (key, value) => {
    if (incidental.includes(key)) return undefined;
    if (key === "renewFrom") return "9999-01-01T00:00:00.000Z";
    return isTime(value) ? "2000-01-01T00:00:00Z" : value;
  });
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
}
