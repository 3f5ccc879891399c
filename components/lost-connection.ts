import state from "@pulumi/pulumi/runtime/state.js";

/** The SDK's own, which its types leave out. */
const storeOfSdk: () => { readonly terminated: boolean } = Reflect.get(state, "getStore");

const message =
  "✗ The program's connection to Pulumi's engine ended before the program did. If another error is shown, that is the cause. Otherwise, run the same command again: resources that the program hadn't declared yet are unchanged.";

let isWatched = false;

/**
 * Makes the program fail if it loses its connection to the engine. Without this, the SDK ends the program with exit code 0, as if it were complete, and the engine
 * deletes everything that the program hadn't declared yet. The connection also ends early if the engine ends the operation itself, for example by ^C: the message then
 * comes in addition to the cause.
 *
 * Has no effect on an inline program of the Automation API, which has no process of its own.
 */
export function failWithoutEngine(): void {
  if (isWatched) return;
  isWatched = true;
  // Unless there is an exit code by then, the SDK tells the engine that the program is complete, and only then ends the process.
  process.on("beforeExit", () => {
    if (!storeOfSdk().terminated || process.exitCode) return;
    console.error(message);
    process.exitCode = 1;
  });
}
