import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import fc from "fast-check";
import { parse } from "yaml";
import { userDataLimitBytes } from "../../components/hosts/aws/vm/user-data.ts";
import {
  basePackages,
  dataMount,
  packed,
  renderUserData,
  shellVariables,
  type UserDataOptions,
} from "../../components/hosts/vm/user-data.ts";
import { hasProgram } from "../../scripts/setup/apt.ts";
import { scope, tempDir } from "../support/scope.ts";

const options: UserDataOptions = {
  region: "eu-central-1",
  dataDevice: "/dev/disk/by-id/nvme-disk",
  cloud: '#!/bin/sh\nstore get "$1"\n',
  prepare: [["install", "an agent"]],
};

interface CloudConfig {
  readonly runcmd: string[][];
  readonly write_files: { path: string; content: string; permissions?: string; append?: boolean }[];
}

function rendered(change: Partial<UserDataOptions> = {}) {
  const text = renderUserData({ ...options, ...change });
  const config: CloudConfig = parse(text);
  const file = (path: string) => {
    const found = config.write_files.find((it) => it.path === path);
    assert.ok(found, path);
    return found;
  };
  return { text, config, file };
}

test("is accepted by cloud-init", async (t) => {
  const { text } = rendered();
  assert.match(text, /^#cloud-config\n/);
  if (!(await hasProgram("cloud-init"))) return t.skip("cloud-init is not installed");
  const { path } = scope(t).use(await tempDir());
  await writeFile(join(path, "user-data"), text);
  await execa("cloud-init", ["schema", "--config-file", join(path, "user-data")]);
});

test("has the same bytes for the same input", () => {
  const { text } = rendered();
  assert.equal(text, rendered().text);
  const bytes = packed(text);
  assert.deepEqual(bytes, packed(text));
  assert.equal(gunzipSync(bytes).toString(), text);
  assert.deepEqual([...bytes.subarray(4, 8)], [0, 0, 0, 0], "no time stamp");
  assert.ok(bytes.length < userDataLimitBytes / 2, `${bytes.length} bytes`);
});

test("prepares the disk only with disk.sh, and waits for it", () => {
  const { config, file } = rendered();
  const { content, append } = file("/etc/fstab");
  assert.equal(append, true);
  const [device, mount, type, mountOptions, , pass] = content.trim().split(" ");
  assert.deepEqual([device, mount, type, pass], [options.dataDevice, dataMount, "ext4", "0"]);
  const wanted = ["nofail", "x-systemd.requires=registry-cache-disk.service"];
  assert.deepEqual(
    wanted.filter((it) => !mountOptions?.split(",").includes(it)),
    [],
  );
  // disk.sh formats the disk. Growing at the mount would order the mount, and the service that it waits for, before the boot that the service waits for.
  assert.doesNotMatch(content, /makefs|growfs/);
  assert.match(file("/etc/systemd/system/registry-cache-disk.service").content, /^Type=oneshot$/m);
  assert.deepEqual(
    Object.keys(config).filter((it) => /^(?:disk_setup|fs_setup|mounts)$/.test(it)),
    [],
  );
});

test("finds a grown disk with a timer that doesn't need the mount, which a repair may undo", () => {
  const { config, file } = rendered();
  const service = file("/etc/systemd/system/registry-cache-rescan.service").content;
  assert.match(service, /^ExecStart=\/etc\/registry-cache\/rescan\.sh$/m);
  assert.doesNotMatch(service, /RequiresMountsFor/);
  assert.match(file("/etc/systemd/system/registry-cache-rescan.timer").content, /^OnCalendar=\*:0\/5$/m);
  const enabled = config.runcmd.find(([, command]) => command === "enable");
  assert.ok(enabled?.includes("registry-cache-rescan.timer"));
});

test("makes each part of the Pod a unit that needs the disk, and ends with the cache", () => {
  const { file } = rendered();
  const lines = file("/etc/containers/systemd/registry-cache@.kube").content.split("\n");
  for (const line of [
    `RequiresMountsFor=${dataMount}`,
    "Yaml=/var/lib/registry-cache/units/%i.yaml",
    "ExitCodePropagation=any",
    "PartOf=registry-cache.service",
  ])
    assert.ok(lines.includes(line), line);
  assert.ok(!lines.some((line) => /^After=.*registry-cache/.test(line)), "its start would wait for itself");
});

test("starts the cache at boot, and checks for another Pod every 30 seconds until it is stopped", () => {
  const { config, file } = rendered();
  const unit = (name: string) => file(`/etc/systemd/system/registry-cache${name}`).content;
  assert.match(unit(".service"), /^ExecStart=\/etc\/registry-cache\/follow\.sh start$/m);
  assert.match(unit(".service"), /^WantedBy=multi-user\.target$/m);
  assert.match(unit("-follow.service"), /^ExecStart=\/etc\/registry-cache\/follow\.sh look$/m);
  assert.match(unit("-follow.timer"), /^OnUnitInactiveSec=30\nRandomizedDelaySec=5\nAccuracySec=1$/m);
  for (const name of ["-follow.service", "-follow.timer"])
    assert.match(unit(name), /^PartOf=registry-cache\.service$/m);
  // The log has the script's messages, without systemd's about each run.
  assert.match(unit("-follow.service"), /^SyslogLevel=notice\nLogLevelMax=notice$/m);
  assert.deepEqual(config.runcmd[1], options.prepare?.[0]);
  assert.deepEqual(config.runcmd.at(-1), [
    ...["systemctl", "enable", "--now", "--no-block"],
    ...["registry-cache.service", "registry-cache-follow.timer", "registry-cache-rescan.timer"],
  ]);
});

test("passes systemd's own checks of the units", async (t) => {
  if (!(await hasProgram("systemd-analyze"))) return t.skip("systemd-analyze is not installed");
  const { path } = scope(t).use(await tempDir());
  const units = rendered().config.write_files.filter(({ path }) => path.startsWith("/etc/systemd/system/"));
  for (const unit of units) {
    // The test's machine doesn't have these programs.
    const content = unit.content.replace(/^(ExecStart=)\S+/m, "$1/bin/true");
    await writeFile(join(path, basename(unit.path)), content);
  }
  const files = units.map((unit) => join(path, basename(unit.path)));
  const { all } = await execa("systemd-analyze", ["verify", "--man=no", ...files], {
    reject: false,
    all: true,
  });
  assert.deepEqual(
    all.split("\n").filter((line) => line.includes("registry-cache") && !/growfs|srv-cache/.test(line)),
    [],
  );
});

test("lets only root read and run the machine's own files", () => {
  const { config } = rendered();
  const own = config.write_files.filter(({ path }) => path.startsWith("/etc/registry-cache/"));
  assert.deepEqual(new Set(own.map(({ permissions }) => permissions)), new Set(["0600", "0700"]));
});

test("installs the other packages", () => {
  const { config, file } = rendered();
  assert.deepEqual(config.runcmd[0], ["/etc/registry-cache/packages.sh", ...basePackages]);
  assert.match(
    file("/etc/default/prometheus-node-exporter").content,
    /--web\.listen-address=127\.0\.0\.1:9100/,
  );
  assert.match(file("/etc/apt/apt.conf.d/52registry-cache-reboot").content, /Automatic-Reboot-Time "04:30";/);
});

test("has nothing of the Pod", () => {
  const { text, file } = rendered();
  assert.equal(
    file("/etc/registry-cache/machine.conf").content,
    "DEVICE='/dev/disk/by-id/nvme-disk'\nREGION='eu-central-1'\n",
  );
  assert.doesNotMatch(text, /nginx|origin|PRIVATE KEY|password/i);
});

test("has scripts that read any value unchanged", async (t) => {
  const { path } = scope(t).use(await tempDir());
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "grapheme" }).filter((it) => !it.includes("\0")),
      async (value) => {
        const file = join(path, "settings");
        await writeFile(file, shellVariables({ VALUE: value }));
        const printed = await execa("sh", ["-euc", '. "$0"; printf %s "$VALUE"', file], {
          stripFinalNewline: false,
        });
        assert.equal(printed.stdout, value);
      },
    ),
    { numRuns: 30, examples: [["it's"], ["$(id) `id` \\ \"'\n"]] },
  );
});
