/** What the outputs add to a Prometheus's configuration, by Prometheus's own checker. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { alerts as alertsSchema } from "../../components/config/alerts.ts";
import { centralMonitoring } from "../../components/monitoring/central.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { tempDir } from "../support/scope.ts";

const alerts = alertsSchema.parse({});

/** @param stack with a cache in eu-central-1 */
function entriesOf(stack: string, labels: Record<string, string>): object[] {
  const hostname = `${stack}.example.com`;
  const { scrapeConfig, probe } = centralMonitoring({
    stack,
    region: "eu-central-1",
    endpoint: `https://${hostname}`,
    labels: { ...labels, provider: "aws", topology: "vm", region: "eu-central-1" },
    address: { scheme: "https", target: `${hostname}:9443` },
    alerts,
  });
  return [scrapeConfig ?? assert.fail(), probe.scrapeConfig];
}

test("Prometheus takes the entries of two stacks of one region beside each other", async () => {
  await using directory = await tempDir();
  const file = join(directory.path, "prometheus.yml");
  const scrape_configs = [
    ...entriesOf("aws-eu-central-1", {}),
    ...entriesOf("aws-eu-central-1-private", { exposure: "private" }),
  ];
  await writeFile(file, stringify({ scrape_configs }));
  const { failed, all } = await execa(await ensurePromtool(), ["check", "config", file], {
    reject: false,
    all: true,
  });
  assert.equal(failed, false, all);
});
