import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { remoteWriteKey } from "../support/cache.ts";
import { startChain } from "../support/chain.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** With all that is special in YAML, in shells and in `printf`; and its bcrypt hash. */
const password = `p"a: #\\ 'ß$1%s`;
const hash = "$2b$04$RtlkhHK.9rpcBt6hf8Vg9OtNUB1dYPi.xTZcokOcU4qvRNQJ/j6ou";

test("metrics arrive at a Prometheus that asks for a password, with the labels of the cache", async (t) => {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  const port = await freePort();
  await writeFile(join(path, "prometheus.yml"), "");
  await writeFile(join(path, "web.yml"), stringify({ basic_auth_users: { cache: hash } }));
  await mkdir(join(path, "data"));
  parts.use(
    await startProcess(
      join(dirname(await ensurePromtool()), "prometheus"),
      [
        `--config.file=${path}/prometheus.yml`,
        `--web.config.file=${path}/web.yml`,
        `--storage.tsdb.path=${path}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-remote-write-receiver",
      ],
      { logFile: join(path, "log") },
    ),
  );
  const receiver = `http://127.0.0.1:${port}/api/v1`;
  await startChain(parts, {
    monitoring: {
      labels: { installation: "one", pipeline: "testing" },
      remoteWrite: { url: `${receiver}/write`, credentials: remoteWriteKey, tenant: "platform" },
    },
    remoteWriteCredentials: { username: "cache", password },
    secondsPerMinute: 1,
  });
  const authorization = `Basic ${Buffer.from(`cache:${password}`).toString("base64")}`;
  const labels = await waitUntil("a metric arrives", async () => {
    const query = encodeURIComponent("registry_cache_filesystem_size_bytes");
    const answer = await fetch(`${receiver}/query?query=${query}`, { headers: { authorization } });
    const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string> }[] } };
    return data.result[0]?.metric;
  });
  assert.equal(labels.installation, "one");
  assert.equal(labels.pipeline, "testing");
  assert.equal(labels.provider, "local");
  assert.match(labels.region ?? "", /^test-/);
});
