/** Reasons outside the stack's program that stop an operation, with the way out: docs/pipelines.md. */
import { nameOf } from "./changes.ts";
import type { EngineRun } from "./engine.ts";

export interface Trouble {
  /** One sentence. The same for `wayOut`. */
  readonly what: string;
  readonly wayOut: string;
}

/** @returns undefined if the engine's own errors are sufficient */
export function troubleOf(run: Pick<EngineRun, "stack" | "errors" | "unfinished">): Trouble | undefined {
  const { stack, errors, unfinished } = run;
  const pulumi = (command: string) => `\`npm run pulumi -- ${command} --stack ${stack}\``;
  if (unfinished !== undefined) {
    const operations = [...unfinished.matchAll(/^\s*\* (\S+), (.+)$/gm)].map(
      ([, urn = "", how]) => `${nameOf({ urn })} (${how})`,
    );
    // Except for `up`, what reads the state takes no lock, so another update may be running.
    return {
      what: `Either an update is running, or one was interrupted. It isn't known whether these succeeded: ${operations.join(", ")}.`,
      wayOut: `If none is running: look in the cloud's console which of them exist. If the cache is bypassed, leave its record out of the next commands: docs/runbooks/README.md#bypass-the-cache. ${pulumi("refresh")} in a terminal asks for each, takes its ID where it exists and forgets it where it doesn't. Where none exists: ${pulumi("refresh --yes --clear-pending-creates")}. Then run the same command again.`,
    };
  }
  const text = errors.join("\n");
  if (/currently locked by \d+ lock|\[409\] Conflict: Another update is currently in progress/.test(text)) {
    const [, who, pid, time] = text.match(/created by (\S+) \(pid (\d+)\) at (\S+)/) ?? [];
    const holder = who === undefined ? "" : `: ${who}, process ${pid}, since ${time}`;
    return {
      what: `Another run holds the stack${holder}.`,
      wayOut: `Wait until it ends. If it was killed, it has left its lock behind: make sure that it has ended, remove the lock by ${pulumi("cancel --yes")}, and run the pipeline again, which says whether something was left undone.`,
    };
  }
  if (isRefused(text)) return refusedBackend;
  if (isUnknownStack(text)) {
    return {
      what: "The backend has no such stack.",
      wayOut: `Make it by \`npm run pulumi -- stack init ${stack}\`, with \`--secrets-provider …\` if you have a key (docs/state.md), and commit what that writes into its file. If it was there before, PULUMI_BACKEND_URL names another backend.`,
    };
  }
  if (/failed to load checkpoint: .*(?:JSON|invalid character)/.test(text)) {
    return {
      what: "The stack's state can't be read.",
      wayOut: "Restore a copy: docs/state.md#restore-an-earlier-state.",
    };
  }
  if (/snapshot integrity|state file .* invalid|bad snapshot/i.test(text)) {
    return {
      what: "The stack's state is damaged.",
      wayOut: `Keep a copy by \`npm run pulumi -- stack export --stack ${stack} --file FILE\`, then ${pulumi("state repair --yes")}.`,
    };
  }
  if (/PULUMI_CONFIG_PASSPHRASE|incorrect passphrase|secrets (?:manager|provider)/i.test(text)) {
    return {
      what: "The stack's secrets can't be decrypted.",
      wayOut:
        "Give the job the passphrase, or the right to decrypt by the key that the stack's file names in `secretsprovider`. If the file lacks what `stack init` wrote there, commit it. If the key or the passphrase is lost: docs/day-2.md#the-key-is-lost.",
    };
  }
  if (/VaultAlreadyExists|already exists in deleted state|deleted but recoverable state/.test(text)) {
    return {
      what: "A Key Vault's or a secret's name is taken: probably, somebody has deleted it, and it isn't recovered yet.",
      wayOut:
        "Recover it, and restore the state from before the refresh that dropped it: docs/day-2.md#a-key-vault-or-a-secret-was-deleted.",
    };
  }
  return undefined;
}

/** The engine's messages if a bucket refuses reading or writing, and Pulumi Cloud's (the last two). https://github.com/google/go-cloud/blob/v0.43.0/blob/blob.go */
const refusals = [
  /\(code=PermissionDenied\)|^\s*(?:\d+\) )?PermissionDenied$/m,
  /blob \(key ".*"\) .*(?:StatusCode: |\n-+\nRESPONSE )40[13]\b/,
  /^error: \[40[13]\] /m,
  /^error: PULUMI_ACCESS_TOKEN must be set for login/m,
];

/** Whether the state's backend refuses the credentials. @param text the engine's output */
export function isRefused(text: string): boolean {
  return refusals.some((refusal) => refusal.test(text));
}

export const refusedBackend = {
  what: "The state's backend refuses these credentials.",
  wayOut:
    'Give them the rights that docs/state.md has under "Who may read it", to write for an update and to read for all else, or use others. If they are right, the address of the backend is another one\'s.',
};

/** @param text the engine's output */
export function isUnknownStack(text: string): boolean {
  return /no stack named '.+' found/.test(text);
}
