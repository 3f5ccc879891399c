/** A stack with an upstream that requires credentials. */
import assert from "node:assert/strict";
import type { CloudStack } from "./cloud-stack.ts";

export const credentials = { username: "reader-of-images", password: "p4ssw0rd-of-images" };

/** An upstream whose credentials are the stack's secret `team-login`. */
export const privateUpstream = {
  name: "team",
  registry: "registry.example.com",
  repositories: ["team/**"],
  credentials: "team-login",
};

/** Asserts that each resource was created once, after any number of attempts. */
export function assertNoDuplicates(stack: CloudStack): void {
  const made = stack.done();
  assert.deepEqual([...new Set(made)].sort(), made.sort());
  assert.equal(stack.cloud.things().length, made.length);
}

/** Asserts that the credentials are neither in the stack's state nor in another text, plain or in base64. @param other what others can read: user data, objects */
export async function assertSecret(stack: CloudStack, other: string): Promise<void> {
  const { username, password } = credentials;
  const plain = [password, username, `${username}:${password}`];
  const seen = { state: await stack.state(), "other text": other };
  for (const [where, text] of Object.entries(seen)) {
    for (const form of [...plain, ...plain.map((it) => Buffer.from(it).toString("base64"))]) {
      assert.ok(!text.includes(form), `"${form}" is in the ${where}`);
    }
  }
}
