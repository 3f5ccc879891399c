import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import { renderRules } from "../../components/monitoring/rules/rule-groups.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { remoteWriteKey } from "../support/cache.ts";
import { startChain } from "../support/chain.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { local } from "../support/raw-stacks.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** Contains all characters that are special in YAML, in shells and in `printf`. Its bcrypt hash follows. */
const password = `p"a: #\\ 'ß$1%s`;
const hash = "$2b$04$RtlkhHK.9rpcBt6hf8Vg9OtNUB1dYPi.xTZcokOcU4qvRNQJ/j6ou";

test("sends metrics with the cache's labels to a Prometheus that requires a password and has the rules", async (t) => {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  const port = await freePort();
  await writeFile(
    join(path, "prometheus.yml"),
    stringify({ global: { evaluation_interval: "1s" }, rule_files: ["rules.yml"] }),
  );
  const { alerts } = parseConfig(local).monitoring;
  await writeFile(join(path, "rules.yml"), renderRules(alerts, { secondsPerMinute: 1 }));
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
  const ask = (address: string) => fetch(address, { headers: { authorization } });
  const query = async (expr: string) => {
    const answer = await ask(`${receiver}/query?query=${encodeURIComponent(expr)}`);
    const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string> }[] } };
    return data.result;
  };
  const labels = await waitUntil("a metric arrives", async () => {
    const [first] = await query("registry_cache_filesystem_size_bytes");
    return first?.metric;
  });
  assert.equal(labels.installation, "one");
  assert.equal(labels.pipeline, "testing");
  assert.equal(labels.provider, "local");
  assert.match(labels.region ?? "", /^test-/);

  // Its rules record the same series as the Pod's. It would refuse a whole write that contains a sample of such a series.
  await waitUntil("its rules record", async () => (await query(recorded)).length > 0);
  const writes = async () => {
    const exposed = await (await ask(`http://127.0.0.1:${port}/metrics`)).text();
    const count = (code: number) =>
      Number(
        exposed.match(
          new RegExp(`http_requests_total\\{code="${code}",handler="/api/v1/write"\\} (\\d+)`),
        )?.[1] ?? 0,
      );
    return { accepted: count(204), refused: count(400) };
  };
  const before = await writes();
  const { refused } = await waitUntil("it has taken ten more writes, or refused some", async () => {
    const now = await writes();
    return (now.refused > 0 || now.accepted >= before.accepted + 10) && now;
  });
  assert.equal(refused, 0, "writes are refused");
  assert.equal((await query(recorded)).length, 2, "zones of one store");
  // The Pod sends neither its recorded series nor its alerts. Those here come from this Prometheus.
  assert.deepEqual(await query('ALERTS{alertname="Watchdog",region!=""}'), []);
});

const recorded = "zone:registry_cache_store_fill:ratio";
