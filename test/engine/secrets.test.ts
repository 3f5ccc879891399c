import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { podman } from "../../components/hosts/local/podman.ts";
import { credentialsSecret, secretFile } from "../../components/pod/secrets.ts";
import { push } from "../../scripts/seed/push.ts";
import { download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { privateUpstream } from "../support/private-upstream.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { testStack } from "../support/stack.ts";
import { testUpstream } from "../support/upstream.ts";

const resources = scope({ after });
const credentials = { username: "reader-of-images", password: 'p4ss"word$with\\all' };

test("sends a stack's secret to the upstream, and leaves it nowhere readable", async () => {
  const registry = resources.use(await testUpstream());
  const image = await randomImage({ repository: "team/app", tag: "1", layerMB: 1 });
  await push(registry.url, image);
  const upstream = resources.use(await privateUpstream(registry.url, credentials));
  const team = {
    name: "team",
    registry: "registry.test",
    url: upstream.url.origin,
    repositories: ["team/**"],
  };
  const stack = resources.use(await testStack({ upstreams: [team] }));
  await stack.configure({ upstreams: [{ ...team, credentials: "team-login" }] });
  const missing = await stack.run("preview");
  assert.match(
    missing.messages,
    /upstreams\[0\]\.credentials: names the key "team-login".*npm run pulumi -- config set --stack STACK --secret --path/,
  );

  await stack.setSecrets({
    "registry-cache:team-login.username": credentials.username,
    "registry-cache:team-login.password": credentials.password,
  });
  const { messages } = await succeeds(stack, "up");

  const [cache] = Object.values((await stack.outputs()).caches);
  const [blob] = image.blobs;
  const url = new URL(`/v2/team/app/blobs/${blob?.digest}`, cache?.endpoint);
  assert.equal((await download(url, { ca: cache?.ca?.certificate ?? "" })).digest, blob?.digest);

  const own = ["--filter", `label=app.kubernetes.io/instance=${stack.region}`];
  const listed = () => podman(["ps", "--all", "--quiet", ...own]);
  const before = await listed();
  const containers = before.split("\n");
  const logs = containers.map((container) => podman(["logs", container], { withStandardError: true }));
  const seen = {
    state: await stack.state(),
    engine: messages,
    outputs: JSON.stringify(await stack.outputs()),
    logs: (await Promise.all(logs)).join("\n"),
    // Labels, environment and command.
    containers: await podman(["inspect", ...containers]),
  };
  for (const [where, text] of Object.entries(seen)) {
    for (const form of forms()) assert.ok(!text.includes(form), `"${form}" is in the ${where}`);
  }

  const file = join(stack.layout.secret(credentialsSecret("team")), secretFile);
  await succeeds(stack, "up", { args: ["--expect-no-changes"] });
  await stack.setSecret("registry-cache:team-login.password", "another");
  const changed = await stack.run("up");
  assert.deepEqual(changed.changes, { PodmanPod: "update" }, changed.messages);
  assert.equal(await listed(), before, "no container is replaced");
  assert.match(await readFile(file, "utf8"), /another/);
  await succeeds(stack, "destroy");
  assert.ok(!existsSync(file));
});

/** The forms in which the credentials could appear. */
function forms(): string[] {
  const { username, password } = credentials;
  const texts = [username, password, JSON.stringify(password).slice(1, -1), `${username}:${password}`];
  const json = JSON.stringify({ ServerURL: "", Username: username, Secret: password });
  return [...texts, ...[...texts, json].map((text) => Buffer.from(text).toString("base64"))];
}
