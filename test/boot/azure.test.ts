/**
 * The user data of a region in Azure in machines from a base image, made by docs/images.md. They have no other help: no mirror, and no registry with
 * the Pod's images. The first machine is emulated, with a disk as in a cloud. Others replace it.
 */
import assert from "node:assert/strict";
import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type AlertName, alertNames } from "../../components/config/alerts.ts";
import { imagesOf } from "../../components/config/images.ts";
import { renderBaseImage } from "../../components/hosts/vm/base-image.ts";
import { stateDirectory } from "../../components/hosts/vm/user-data.ts";
import { originCredentials } from "../../components/pod/origin.ts";
import { secretDirectory, secretFile } from "../../components/pod/secrets.ts";
import { RunbookRuns, type RunOptions } from "../support/runbook-runs.ts";
import { scope } from "../support/scope.ts";
import { providedCertificate } from "./certificates.ts";
import { blankDisk, dataDiskGiB, gib } from "./data-disk.ts";
import type { EmulatedMachine } from "./emulated-machine.ts";
import { ensureMachineImage, ensureQemu } from "./image.ts";
import type { Machine } from "./machine.ts";
import {
  applied,
  applies,
  type BaseImage,
  fails,
  fileSystem,
  filesOnRootDisk,
  Region,
  serves,
  sizeOfFileSystem,
} from "./region.ts";
import { steps, storyTimeoutMs } from "./story.ts";
import { surroundings } from "./surroundings.ts";
import { UserModeMachine } from "./user-mode-machine.ts";

/** Nobody has this address (RFC 5737), so requests to a mirror wait. */
const withoutMirrors = `cat >/etc/apt/apt.conf.d/99test <<'END'
Acquire::http::Proxy "http://192.0.2.1:3128";
Acquire::https::Proxy "http://192.0.2.1:3128";
END
`;

const runs = new RunbookRuns(import.meta.filename);

test("a machine from a base image waits for its disk, grows it, follows secrets, refuses bad Pods, and is replaced", {
  timeout: storyTimeoutMs,
}, async (t) => {
  const parts = scope(t);
  const step = steps(t);
  await ensureQemu();
  const around = await surroundings(parts);
  const disk = await blankDisk(around.directory);
  await writeFile(disk.file, partitionTable(), { flag: "r+" });
  const region = await Region.make(around, {
    provider: "azure",
    name: "westeurope",
    tls: { mode: "provided", secretName: secret("tls") },
    storedSecrets: { "credentials-gsoci": secret("gsoci") },
    cloud: around.store.scripts.plain,
  });
  const written = async () => (await stat(disk.file)).mtimeMs;
  const before = await written();
  let base: BaseImage;
  let first: EmulatedMachine;
  let second: UserModeMachine;
  let uuid = "";
  const { ca, secret: certificate } = await providedCertificate();
  const renewed = await providedCertificate();
  const credentialsInside = () =>
    `podman exec ${region.container("origin-gsoci")} cat ${secretDirectory}/${secretFile}`;
  /** Follows a runbook as somebody on call, in a session on a machine. @returns the output */
  const on =
    (machine: Machine) =>
    (name: AlertName, section: "See" | "Do" | "Verify", options: RunOptions & { matching?: RegExp }) =>
      runs.run(name, section, "vm", (script) => machine.try(script), options);
  const mount = (mayFail = /^$/) => on(first)("RegistryCacheDown", "Do", { matching: /lsblk/, mayFail });
  const credentials = originCredentials({ username: "machine", password: "it's $(secret)" });

  await step(
    "turns an instance of Debian's image into a base image by the script in its user data",
    async () => {
      const { directory, boothook, ports, config } = around;
      const text = renderBaseImage({ architecture: "amd64", prepare: [], images: imagesOf(config, false) });
      const builder = parts.use(
        await UserModeMachine.start({
          image: await ensureMachineImage(),
          directory: join(directory, "builder"),
          userData: Buffer.from(text),
          boothook,
          ports,
        }),
      );
      await builder.ended();
      t.diagnostic(`${builder.seconds} s until the instance is off and can be captured`);
      base = { image: await builder.capture(join(directory, "base.raw")), boothook: withoutMirrors };
      await around.stopImageRegistry();
    },
  );

  await step("waits for its disk, and never formats one that is in use", async () => {
    first = parts.use(await region.emulate({ name: "first", base }));
    await first.settled();
    t.diagnostic(`${first.seconds} s until cloud-init is done`);
    assert.equal(await first.run("find /var/lib/apt/lists /var/log/apt -type f -size +0"), "");
    const matching = /^systemctl status/;
    const seen = await on(first)("RegistryCacheDown", "See", { matching, mayFail: matching });
    assert.match(seen, /registry-cache\.service +start +waiting/);
    await first.attach(disk);
    await first.until("it refuses the disk", async () => {
      return (await first.try("systemctl is-failed registry-cache-disk")).output === "failed";
    });
    assert.deepEqual(await filesOnRootDisk(first), []);
    await assert.rejects(around.get(443, "/v2/", ca), "the port is closed");
    await first.run("sync");
    assert.equal(await written(), before);
    // Without its signature, the content of the disk is unknown, and still isn't overwritten.
    await first.run(`wipefs --all --quiet ${first.dataDevice}`);
    assert.match(await mount(/^systemctl start/), /Job for registry-cache-disk\.service failed/);
  });

  await step("formats a blank disk, and grows the file system after a rescan", async () => {
    await first.run(`dd if=/dev/zero of=${first.dataDevice} bs=4096 count=1 conv=fsync`);
    await mount();
    await first.until("it has asked for a secret", async () => around.store.asked.length > 0);
    // In Debian's kernel. User-Mode Linux has no such rules, and the Pods of the next machines run without them.
    await first.run(
      `STATE=${stateDirectory} RUN=/run/registry-cache sh ${stateDirectory}/pods/*/machine.sh directories`,
    );
    assert.match(await first.run("nft list table ip registry_cache"), /169\.254\.169\.254 .*reject/);
    assert.ok((await sizeOfFileSystem(first)) < dataDiskGiB * gib);
    uuid = await fileSystem(first);
    await first.resizeDisk(2 * dataDiskGiB);
    assert.equal(await first.run("systemctl is-active registry-cache-rescan.timer"), "active");
    // The timer does this every five minutes.
    await first.run("systemctl start registry-cache-rescan.service");
    await first.until("the file system has grown", async () => {
      return (await sizeOfFileSystem(first)) > 1.9 * dataDiskGiB * gib;
    });
    await first.stop();
  });

  await step("serves as soon as its secrets can be read", async () => {
    const { asked, secrets } = around.store;
    const askedBefore = asked.length;
    second = parts.use(await region.start(disk, { name: "second", base }));
    await second.until("it has asked", async () => asked.length > askedBefore);
    await assert.rejects(around.get(443, "/v2/", ca), "the port is closed");
    // While the machine can't read a certificate, its journal says so.
    await on(second)("RegistryCacheCertificateExpiring", "See", { matching: /journalctl/ });
    secrets.set(secret("gsoci"), credentials).set(secret("tls"), certificate);
    await serves(around, second, ca);
    await around.pull(ca);
    t.diagnostic(`${second.seconds} s from machine start to the first served pull, from a base image`);
    assert.equal(await second.run(credentialsInside()), credentials);
  });

  await step("reverts an unhealthy Pod, and keeps the Pod if the new image is missing", async () => {
    const follow = on(second);
    const good = await second.until("it has taken its Pod", () => applied(second));
    const nowhere = "http://127.0.0.1:1/";
    for (const [reason, change] of Object.entries({
      unhealthy: { repositories: ["other/**"], files: { health: nowhere } },
      image: { images: { exporter: "10.0.2.2:1/registry-cache/none:test" } },
    })) {
      const digest = await region.want(change);
      assert.equal(await fails(second, digest), reason);
      assert.equal(await applied(second), good);
      assert.equal((await around.get(443, around.tagPath, ca)).status, 200);
      const said = await second.run(
        `journalctl -u registry-cache-follow --no-pager -g 'failed: .*${digest.slice(0, 12)}'`,
      );
      assert.match(said, new RegExp(`failed: ${reason}`));
    }
    // The previous containers have just been started again.
    await second.until("Prometheus has evaluated its rules", async () =>
      (await second.try("registry-cache firing")).output.includes("Watchdog"),
    );
    const outdated = "RegistryCachePodOutdated";
    const image = /^IMAGE=/;
    const seen = await follow(outdated, "See", { matching: /pod_failure_info/ });
    assert.match(seen, /failed: image/);
    const values = { IMAGE: "10.0.2.2:1/registry-cache/none:test" };
    const pull = await follow(outdated, "Do", { matching: image, values, mayFail: /^podman pull/ });
    assert.match(pull, /refused/);
    const names = await follow(outdated, "Do", { matching: /--field CONTAINER_NAME/ });
    const [NAME = ""] = names.match(/^registry-cache-\S+-edge$/m) ?? [];
    const log = await follow(outdated, "Do", { matching: /^NAME=/, values: { NAME } });
    assert.match(log, /"uri":|nginx/);
    await follow(outdated, "Do", { matching: /^rm --force/, mayFail: /^systemctl start/ });
    const timer = await follow(outdated, "Do", { matching: /follow\.timer/, mayFail: /^systemctl restart/ });
    assert.match(timer, /registry-cache-follow\.timer/);
    await applies(second, await region.want());
    await follow(outdated, "Verify", { matching: /pod_wanted_info/ });
  });

  await step("applies a new password and a new certificate without being told", async () => {
    const began = second.seconds;
    const rotated = originCredentials({ username: "machine", password: "another" });
    around.store.secrets.set(secret("gsoci"), rotated);
    const { fingerprint } = await around.get(443, "/v2/", ca);
    around.store.secrets.set(secret("tls"), renewed.secret);
    // As if the last check had been three minutes ago. It checks every two minutes.
    await second.run("touch --no-create --date='3 minutes ago' /run/registry-cache/followed");
    await second.until("nginx has it", async () => {
      return (await around.get(443, "/v2/", renewed.ca)).fingerprint !== fingerprint;
    });
    await second.until(
      "the registry has it",
      async () => (await second.run(credentialsInside())) === rotated,
    );
    t.diagnostic(`${second.seconds - began} s until another password and another certificate are in use`);
  });

  await step(
    "serves all content from a replacement machine without an upstream, on the grown disk",
    async () => {
      await second.stop();
      await around.stopUpstream();
      await truncate(disk.file, 3 * dataDiskGiB * gib);
      const third = parts.use(await region.start(disk, { name: "third", base }));
      await serves(around, third, renewed.ca);
      await around.pull(renewed.ca);
      t.diagnostic(`${third.seconds} s from the start of a machine in another's place to a served pull`);
      assert.equal(await fileSystem(third), uuid);
      assert.ok((await sizeOfFileSystem(third)) > 2.9 * dataDiskGiB * gib);
    },
  );

  await step("has run all commands of the runbooks for a machine", async () => {
    runs.assertComplete(alertNames);
  });
});

/** A secret's resource id, as in Key Vault. */
function secret(name: string): string {
  const vault = "resourceGroups/test/providers/Microsoft.KeyVault/vaults/test";
  return `/subscriptions/00000000-0000-0000-0000-000000000000/${vault}/secrets/${name}`;
}

/** A master boot record with one partition and no other content. */
function partitionTable(): Uint8Array {
  const sector = Buffer.alloc(512);
  const entry = 446;
  sector.writeUInt8(0x83, entry + 4);
  sector.writeUInt32LE(2048, entry + 8);
  sector.writeUInt32LE(100_000, entry + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
