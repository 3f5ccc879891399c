import state from "@pulumi/pulumi/runtime/state.js";

/** The SDK's own, which its types leave out. */
const storeOfSdk: () => { readonly terminated: boolean } = Reflect.get(state, "getStore");

const message =
  "✗ The program lost its connection to Pulumi's engine. Resources that it hadn't declared yet are unchanged: run the same command again.";

let isWatched = false;

/**
 * Makes the program fail if it loses its connection to the engine. Without this, the SDK ends the program with exit code 0, as if it were complete, and the engine
 * deletes everything that the program hadn't declared yet. When the engine has ended the operation itself, the exit code changes nothing.
 *
 * Only for a program with a process of its own, not for an inline program of the Automation API.
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
