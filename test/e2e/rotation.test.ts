/** Passwords that change while the Pod runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { originCredentials } from "../../components/pod/origin.ts";
import { credentialsSecret } from "../../components/pod/secrets.ts";
import { push } from "../../scripts/seed/push.ts";
import { registryName } from "../support/chain.ts";
import { startFollowedPod } from "../support/followed-pod.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { privateUpstream } from "../support/private-upstream.ts";
import { scope } from "../support/scope.ts";
import { testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

/** The registry caches the password for a minute. */
const usedMs = 75_000;

test("uses a rotated password within about a minute, without a restart of any container", async (t) => {
  const parts = scope(t);
  const registry = parts.use(await testUpstream());
  const [first, second] = ["one", "other"].map((password) => ({ username: "reader", password }));
  assert.ok(first && second);
  const upstream = parts.use(await privateUpstream(registry.url, first));
  const name = "team";
  const pod = parts.use(
    await startFollowedPod({
      upstreams: [
        {
          name,
          registry: registryName,
          url: upstream.url.origin,
          repositories: ["**"],
          credentials: "login",
        },
      ],
      secrets: { [credentialsSecret(name)]: originCredentials(first) },
    }),
  );
  let count = 0;
  /** Pulls an image that nobody has pulled before. */
  const pull = async () => {
    const repository = `team/app-${++count}`;
    await push(registry.url, await randomImage({ repository, tag: "1", layerMB: 1 }));
    const url = new URL(`/v2/${repository}/manifests/1?ns=${registryName}`, pod.url);
    return (await get(url, { ca: pod.ca })).status;
  };
  const origin = `origin-${name}`;
  const registryProcess = () => pod.exec(origin, "sh", "-c", "pidof registry");
  assert.equal(await pull(), 200);
  const process = await registryProcess();

  upstream.rotate(second);
  assert.notEqual(await pull(), 200, "the old password isn't taken any more");
  await pod.writeSecret(credentialsSecret(name), originCredentials(second));
  await waitUntil(
    "the new one is used",
    async () => {
      await sleep(1000);
      return (await pull()) === 200;
    },
    usedMs,
  );
  assert.equal(await registryProcess(), process);
});
