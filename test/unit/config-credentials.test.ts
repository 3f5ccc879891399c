import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, local, problemsOf, withUpstream } from "../support/raw-stacks.ts";

test("credentials: named, present, encrypted, and never repeated", () => {
  const named = withUpstream({ credentials: "gsoci-credentials" });
  const password = { secure: "v1:abc" };
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { username: "u", password } }), []);
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { secure: "v1:abc" } }), []);
  assertProblem(
    named,
    /^upstreams\[0\]\.credentials: names the key "gsoci-credentials", which this stack doesn't have: pulumi config set --secret --path registry-cache:gsoci-credentials\.password$/,
  );
  assert.deepEqual(problemsOf({ ...named, "gsoci-credential": { username: "u", password } }), [
    'upstreams[0].credentials: names the key "gsoci-credentials", which this stack doesn\'t have: did you mean "gsoci-credential"? If not: pulumi config set --secret --path registry-cache:gsoci-credentials.password',
    "registry-cache:gsoci-credential: nothing names these credentials: remove them, or name them in `credentials`",
  ]);
  assertProblem(
    { ...named, "gsoci-credentials": { username: "u", password: "hunter2" } },
    /^registry-cache:gsoci-credentials\.password: is not encrypted/,
  );
  assertProblem(
    { ...named, "gsoci-credentials": { username: "u" } },
    /^registry-cache:gsoci-credentials\.password: is missing/,
  );
  assertProblem(
    { ...named, "gsoci-credentials": "hunter2" },
    /^registry-cache:gsoci-credentials: must be a secret mapping/,
  );
  assertProblem(
    { ...local, "gsoci-credentials": { username: "u", password: "readable" } },
    /^registry-cache:gsoci-credentials: unknown key/,
  );
  assertProblem(
    withUpstream({ credentials: "images" }),
    /credentials: "images" is a key of the configuration itself/,
  );
  assertProblem(
    { ...local, monitoring: { remoteWrite: { url: "https://m.example.com/push", credentials: "nope" } } },
    /^monitoring\.remoteWrite\.credentials: names the key "nope"/,
  );
  for (const secret of ["hunter2", { username: "u", password: "hunter2" }, { password: ["hunter2"] }]) {
    assert.doesNotMatch(problemsOf({ ...named, "gsoci-credentials": secret }).join(), /hunter2/);
  }
  for (const credentials of ["u:hunter2", { username: "u", password: "hunter2" }]) {
    assertProblem(
      withUpstream({ credentials }),
      /^upstreams\[0\]\.credentials: must be the name of a secret key (?!.*hunter2).*: set them by `pulumi config set --secret --path registry-cache:team-login\.password`, and write `team-login` here/,
    );
  }
  assertProblem(
    withUpstream({ url: "https://u:hunter2@ghcr.io" }),
    /^upstreams\[0\]\.url: has credentials in it(?!.*hunter2).*`credentials: team-login` beside this key$/,
  );
  assertProblem(
    { ...local, monitoring: { alertmanagers: ["https://u:hunter2@alerts.example.com"] } },
    /^monitoring\.alertmanagers\[0\]: has credentials in it(?!.*hunter2).*name a server that needs none$/,
  );
});
