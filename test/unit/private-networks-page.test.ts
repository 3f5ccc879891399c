/** What docs/private-networks.md says to paste, as it stands there. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";

const az = `
case "$*" in
  *" private-endpoint show "*) echo /subscriptions/s/networkInterfaces/wire ;;
  *" nic show --ids /subscriptions/s/networkInterfaces/wire "*) echo 10.1.0.4 ;;
esac`;

test("a consumer in Azure makes an endpoint, and gives the host name its address", async () => {
  const page = await readFile(join(projectDirectory, "docs/private-networks.md"), "utf8");
  const block = /```sh\n(SERVICE=\/subscriptions[^`]+)```/.exec(page)?.[1];
  assert.ok(block);
  await using programs = await fakePrograms({ az });
  await execa("bash", ["-eu"], { input: block, env: programs.env, cwd: programs.directory });
  const calls = (await programs.calls()).map((call) => call.join(" "));
  assert.deepEqual(
    calls.map((call) => call.split(" --")[0]),
    [
      "az network private-endpoint create",
      "az network private-endpoint show",
      "az network nic show",
      "az network private-dns zone create",
      "az network private-dns link vnet create",
      "az network private-dns record-set a add-record",
    ],
  );
  assert.match(
    calls[0] ?? "",
    /--private-connection-resource-id \/subscriptions\/\S+-private-link --connection-name /,
  );
  assert.match(
    calls.at(-1) ?? "",
    /--zone-name cache\.westeurope\.corp\.example\.com .*--ipv4-address 10\.1\.0\.4$/,
  );
});
