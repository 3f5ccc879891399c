/** docs/troubleshooting.md explains only messages that this project has. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** Messages of Pulumi and of the clouds. */
const others = [
  ...[
    "the stack is currently locked by …",
    "incorrect passphrase",
    "passphrase must be set",
    "unable to read PULUMI_CONFIG_PASSPHRASE_FILE: …",
    "no stack named '…' found",
    "failed to load checkpoint: …",
    "Program exited with non-zero exit code: 1",
  ],
  ...[
    "protected",
    "InsufficientInstanceCapacity",
    "SkuNotAvailable",
    "AllocationFailed",
    "Data sink … is already used in diagnostic setting …",
    "MissingSubscriptionRegistration",
    "VaultAlreadyExists",
    "already exists in deleted state",
    "deleted but recoverable state",
    "Could not automatically download and install resource plugin …",
    "AuthorizationFailed",
    "AccessDenied",
  ],
];

test("explains only messages of this project that exist", () => {
  const page = readFileSync("docs/troubleshooting.md", "utf8");
  const source = globSync("{components,scripts}/**/*.{ts,sh,mjs}")
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const messages = ["The check on a node fails", "A preview or an update fails", "The stack local"].flatMap(
    (heading) => {
      const [, section = ""] = page.match(new RegExp(`^## ${heading}$(.*?)(?=^## )`, "ms")) ?? [];
      const cells = [...section.matchAll(/^\| (?!---)(.*?) \|/gm)].map(([, cell = ""]) => cell);
      return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message));
    },
  );
  assert.ok(messages.length > 20);
  assert.deepEqual(
    others.filter((message) => !messages.includes(message)),
    [],
  );
  for (const message of messages.filter((one) => !others.includes(one))) {
    // `…` stands for inserted text, and a step's name precedes "failed".
    const parts = message
      .replace(/ failed$/, "")
      .split("…")
      .map((part) => part.trim())
      .filter((part) => /\w/.test(part));
    for (const part of parts) assert.ok(source.includes(part), `${message}: ${part}`);
  }
});
