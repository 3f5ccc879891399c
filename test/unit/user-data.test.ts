import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import { userDataLimitBytes } from "../../components/hosts/aws/user-data.ts";
import { packUserData } from "../../components/hosts/vm/packed.ts";
import {
  basePackages,
  dataMount,
  podYaml,
  renderUserData,
  type UserDataOptions,
} from "../../components/hosts/vm/user-data.ts";
import type { PodManifests } from "../../components/pod/pod.ts";
import { hasProgram } from "../../scripts/setup/apt.ts";
import { scope, tempDir } from "../support/scope.ts";

const manifests: PodManifests = {
  pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "cache" }, spec: { containers: [] } },
  configMaps: [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "edge" },
      data: { "a.conf": "a: 'b'\n\tc\n" },
    },
  ],
  live: {},
  ready: {},
};

const options: UserDataOptions = {
  pod: podYaml(manifests),
  dataDevice: "/dev/disk/by-id/nvme-disk",
  directories: ["tls", "cache"],
  fetchSecret: '#!/bin/sh\nstore get "$1"\n',
  secrets: { "cache-one": "/stack/one", "cache-two": "/stack/two" },
  certificate: { secret: "/stack/certificate" },
  prepare: [["install", "an agent"]],
  rebootTime: "04:30",
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

test("is what cloud-init accepts", async (t) => {
  const { text } = rendered();
  assert.match(text, /^#cloud-config\n/);
  if (!(await hasProgram("cloud-init"))) return t.skip("cloud-init is not installed");
  const { path } = scope(t).use(await tempDir());
  await writeFile(join(path, "user-data"), text);
  await execa("cloud-init", ["schema", "--config-file", join(path, "user-data")]);
});

test("the same input gives the same bytes", () => {
  const { text } = rendered();
  assert.equal(text, rendered().text);
  const packed = packUserData(text, userDataLimitBytes);
  assert.deepEqual(packed, packUserData(text, userDataLimitBytes));
  assert.equal(gunzipSync(packed).toString(), text);
  assert.deepEqual([...packed.subarray(4, 8)], [0, 0, 0, 0], "no time stamp");
});

test("what is too large for the cloud isn't made", () => {
  const { text } = rendered();
  const { length } = packUserData(text, userDataLimitBytes);
  assert.equal(packUserData(text, length).length, length);
  const message = new RegExp(`has ${length} bytes, compressed, and the cloud takes ${length - 1}: use fewer`);
  assert.throws(() => packUserData(text, length - 1), { name: "UserDataTooLarge", message });
});

test("the disk is prepared by disk.sh alone, and waited for", () => {
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
  // Formatting is disk.sh's; growing at the mount would order the mount, and the service it waits for, before the boot that the service waits for.
  assert.doesNotMatch(content, /makefs|growfs/);
  assert.match(file("/etc/systemd/system/registry-cache-disk.service").content, /^Type=oneshot$/m);
  assert.deepEqual(
    Object.keys(config).filter((it) => /^(?:disk_setup|fs_setup|mounts)$/.test(it)),
    [],
  );
});

test("a disk that has grown is found by a timer, without the mount, which may be undone for a repair", () => {
  const { config, file } = rendered();
  const service = file("/etc/systemd/system/registry-cache-rescan.service").content;
  assert.match(service, /^ExecStart=\/etc\/registry-cache\/rescan\.sh$/m);
  assert.doesNotMatch(service, /RequiresMountsFor/);
  assert.match(file("/etc/systemd/system/registry-cache-rescan.timer").content, /^OnCalendar=\*:0\/5$/m);
  const enabled = config.runcmd.find(([, command]) => command === "enable");
  assert.ok(enabled?.includes("registry-cache-rescan.timer"));
});

test("the Pod is a unit that needs the disk, and starts when everything else is there", () => {
  const { config, file } = rendered();
  const { content } = file("/etc/containers/systemd/registry-cache.kube");
  for (const line of [
    `RequiresMountsFor=${dataMount}`,
    "Yaml=/etc/registry-cache/pod.yaml",
    "ExitCodePropagation=any",
  ])
    assert.ok(content.split("\n").includes(line), line);
  const documents = parseAllDocuments(file("/etc/registry-cache/pod.yaml").content).map((it) => it.toJS());
  assert.deepEqual(documents, [...manifests.configMaps, manifests.pod]);
  assert.deepEqual(config.runcmd[1], options.prepare?.[0]);
  assert.deepEqual(config.runcmd.at(-1), ["systemctl", "start", "--no-block", "registry-cache.service"]);
});

test("nobody but root reads or runs what is the machine's own", () => {
  const { config } = rendered();
  const own = config.write_files.filter(({ path }) => path.startsWith("/etc/registry-cache/"));
  assert.deepEqual(new Set(own.map(({ permissions }) => permissions)), new Set(["0600", "0700"]));
});

test("what is installed besides", () => {
  const { config, file } = rendered({ packages: ["extra"] });
  assert.deepEqual(config.runcmd[0], ["/etc/registry-cache/packages.sh", ...basePackages, "extra"]);
  assert.match(
    file("/etc/default/prometheus-node-exporter").content,
    /--web\.listen-address=127\.0\.0\.1:9100/,
  );
  assert.match(file("/etc/apt/apt.conf.d/52registry-cache-reboot").content, /Automatic-Reboot-Time "04:30";/);
});

test("it names secrets, and has none", () => {
  const { text, file } = rendered();
  assert.match(
    file("/etc/registry-cache/machine.conf").content,
    /SECRETS='cache-one=\/stack\/one cache-two=\/stack\/two'/,
  );
  assert.doesNotMatch(text, /PRIVATE KEY|password|"Secret"/i);
});

test("the scripts read any value as it is", async (t) => {
  const { path } = scope(t).use(await tempDir());
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "grapheme" }).filter((it) => !it.includes("\0")),
      async (secret) => {
        const { file } = rendered({ certificate: { secret } });
        await writeFile(join(path, "machine.conf"), file("/etc/registry-cache/machine.conf").content);
        const printed = await execa(
          "sh",
          ["-euc", '. "$0"; printf %s "$CERTIFICATE_SECRET"', join(path, "machine.conf")],
          {
            stripFinalNewline: false,
          },
        );
        assert.equal(printed.stdout, secret);
      },
    ),
    { numRuns: 30, examples: [["it's"], ["$(id) `id` \\ \"'\n"]] },
  );
});

test("a list can't hold what a shell would take apart", () => {
  for (const odd of ["two words", "a\nb", "a*", "", "a\\"])
    assert.throws(() => rendered({ directories: [odd] }), { name: "RangeError", message: /not one word/ });
});

test("where the certificate comes from", () => {
  const values = (certificate: UserDataOptions["certificate"]) => {
    const { content } = rendered(certificate ? { certificate } : {}).file("/etc/registry-cache/machine.conf");
    return content.match(/^(?:CERTIFICATE|AUTHORITY)_.*$/gm);
  };
  assert.deepEqual(values({ secret: "s" }), [
    "CERTIFICATE_SECRET='s'",
    "AUTHORITY_SECRET=''",
    "CERTIFICATE_NAME=''",
  ]);
  assert.deepEqual(values({ authority: "a", hostname: "h.example" }), [
    "CERTIFICATE_SECRET=''",
    "AUTHORITY_SECRET='a'",
    "CERTIFICATE_NAME='h.example'",
  ]);
});

test("a Pod that is elsewhere is named, with its digest, and not written", () => {
  const { config, file } = rendered({ pod: { name: "s3://a/pod.yaml", digest: "0123" } });
  assert.ok(!config.write_files.some(({ path }) => path.endsWith("/pod.yaml")));
  const { content } = file("/etc/registry-cache/machine.conf");
  assert.match(content, /^POD='s3:\/\/a\/pod\.yaml'\nPOD_DIGEST='0123'$/m);
});
