/** The command for nodes of Giant Swarm's chart `cluster`, with files as the chart writes them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { clusterChartValues } from "../../components/clients/cluster-chart.ts";
import { projectDirectory } from "../support/project.ts";
import { tempDir } from "../support/scope.ts";

const hostname = "cache.eu-central-1.example.com";
const upstream = (registry: string) => ({
  name: "one",
  registry,
  url: `https://${registry}`,
  repositories: ["**"],
});
const options = {
  endpoint: { hostname, port: 443 },
  // The chart writes no file for the second one, and a command that fails would keep the node from joining.
  upstreams: [upstream("gsoci.azurecr.io"), upstream("docker.io")],
};
const ca = {
  file: "/etc/ca.crt",
  certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
};

/** https://github.com/giantswarm/cluster/blob/v8.0.0/helm/cluster/templates/clusterapi/_helpers_files.tpl#L141 */
const asTheChartWritesIt = `server = "https://gsoci.azurecr.io"
[host."https://zot.example.com"]
  capabilities = ["pull", "resolve"]
  override_path = false
[host."https://${hostname}"]
  capabilities = ["pull", "resolve"]
  override_path = false
  skip_verify = false
  [host."https://${hostname}".header]
    Authorization = ["Basic b25lOnR3bw=="]
[host."https://gsoci.azurecr.io"]
  capabilities = ["pull", "resolve"]
  skip_verify = false`;

/** Runs the commands as often as Cluster API may: again after a failed `kubeadm join`. */
async function hostsAfter(commands: readonly string[], times: number, directory: string) {
  const file = join(directory, "containerd/certs.d/gsoci.azurecr.io/hosts.toml");
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, asTheChartWritesIt);
  const script = commands.join("\n").replaceAll(" /etc/", ` ${directory}/`);
  for (let time = 0; time < times; time += 1) await execa("bash", ["-ec", script]);
  return parseToml(await readFile(file, "utf8"));
}

/** @param added the keys that the chart has no settings for */
function withAdded(added: Readonly<Record<string, string>>) {
  return parseToml(
    asTheChartWritesIt.replace(
      `[host."https://${hostname}"]`,
      ["$&", ...Object.entries(added).map(([key, value]) => `${key} = "${value}"`)].join("\n"),
    ),
  );
}

for (const times of [1, 2]) {
  test(`has the timeout and the authority in the cache's part of the file after ${times} runs`, async () => {
    await using directory = await tempDir();
    for (const trust of [{}, { ca }]) {
      const { preKubeadmCommands } = clusterChartValues({ ...options, ...trust }).cluster.internal
        .advancedConfiguration;
      // The chart copies the commands into a list without quotes.
      const copied = parseYaml(preKubeadmCommands.map((command) => `- ${command}\n`).join(""));
      assert.deepEqual(copied, preKubeadmCommands);
      assert.deepEqual(
        await hostsAfter(preKubeadmCommands, times, directory.path),
        withAdded({ dial_timeout: "350ms", ...(trust.ca && { ca: trust.ca.file }) }),
      );
    }
    assert.equal(await readFile(join(directory.path, "ca.crt"), "utf8"), ca.certificate);
  });
}

test("does the same by the command of the page", async () => {
  await using directory = await tempDir();
  const page = readFileSync(join(projectDirectory, "docs/clients/giant-swarm.md"), "utf8");
  const values = parseYaml(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "");
  const { preKubeadmCommands } = values.cluster.internal.advancedConfiguration;
  assert.deepEqual(
    await hostsAfter(preKubeadmCommands, 2, directory.path),
    withAdded({ dial_timeout: "350ms" }),
  );
});
