/** The user data as rendered, in a machine with Debian 13: what every region on a VM depends on, and no other test shows. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { dataMount } from "../../components/hosts/vm/user-data.ts";
import { type VmOptions, type VmRegion, vmUserData } from "../../components/hosts/vm/vm.ts";
import { originCredentials } from "../../components/pod/origin.ts";
import { metricsPort } from "../../components/pod/ports.ts";
import { scope } from "../support/scope.ts";
import { ensureMachineImage, ensureQemu, type MachineImage } from "./image.ts";
import { bootTimeoutMs, type DataDisk, deviceLink, Machine } from "./machine.ts";
import {
  hostname,
  type ImageRegistry,
  imageRegistry,
  type Surroundings,
  surroundings,
} from "./surroundings.ts";

/** Of a test as a whole, which boots several times. */
const timeout = 3 * bootTimeoutMs;

let registry: ImageRegistry;

before(
  async () => {
    await ensureQemu();
    registry = await imageRegistry(scope({ after }));
  },
  { timeout },
);

test("in the manner of AWS: a new machine, a reboot, a replacement", { timeout }, async (t) => {
  const parts = scope(t);
  const step = steps(t);
  const around = await surroundings(parts, registry);
  const disk = await blankDisk(around, { bus: "nvme", serial: "vol0123456789abcdef0" });
  const region = { name: "eu-central-1", endpoint: { hostname, tls: { mode: "private" } } };
  const userData = render(around, { provider: "aws", region, disk, diskGiB: 1 });
  const start = async (name: string, image: MachineImage, attached: { disk?: DataDisk }) => {
    const directory = join(around.directory, name);
    return parts.use(await Machine.start({ ...around, image, directory, userData, ...attached }));
  };
  const first = await start("first", await ensureMachineImage([]), {});
  let ca = "";
  let uuid = "";
  let fingerprint = "";

  await step("installs itself, and waits for its disk, which comes late", async () => {
    await first.settled();
    t.diagnostic(`${first.seconds} s until podman and the rest are installed`);
    const waiting = await first.run("systemctl list-jobs --no-legend");
    assert.match(waiting, /registry-cache\.service +start +waiting/);
    assert.deepEqual(await filesOnRootDisk(first), []);
    await assert.rejects(around.get(443, "/v2/", ""), "the port is closed");
    await first.attach(disk);
  });

  await step("serves a node: what the upstream has, and then what it has itself", async () => {
    ca = await serves(around, first, async () => first.run(`cat ${dataMount}/ca/ca.crt`));
    await around.pull(ca);
    t.diagnostic(`${first.seconds} s from machine start to the first served pull`);
    assert.equal(blobsIn(around.asked()), 4);
    await around.pull(ca);
    assert.deepEqual(around.asked(), []);
    ({ fingerprint } = await around.get(443, "/v2/", ca));
    uuid = await fileSystem(first, disk);
  });

  await step("shows only what it is to show", async () => {
    const listening = await first.run("ss -Hltn | awk '{ print $4 }'");
    const open = listening.split("\n").filter((address) => !/^(127\.|\[::1\])/.test(address));
    assert.deepEqual(new Set(open.map((it) => Number(it.split(":").at(-1)))), new Set([443, metricsPort]));
    assert.match(listening, /^127\.0\.0\.1:9100$/m, "node_exporter");
    assert.equal((await around.get(metricsPort, "/-/ready", ca)).status, 200);
    const apt = await first.run("apt-config dump");
    assert.match(apt, /^APT::Periodic::Unattended-Upgrade "1";$/m);
    assert.match(apt, /^Unattended-Upgrade::Automatic-Reboot "true";$/m);
    assert.match(apt, /^Unattended-Upgrade::Automatic-Reboot-Time "\d\d:\d\d";$/m);
    assert.match(await first.run("podman --version"), / 5\./);
    assert.equal(await first.run("podman info --format '{{.Host.OCIRuntime.Name}}'"), "crun");
    const owners = await first.run(`stat -c %U:%a ${dataMount}/ca ${dataMount}/tls/tls.key`);
    assert.equal(owners, "root:700\nUNKNOWN:400");
  });

  await step("a container that is killed comes back", async () => {
    const pid = "podman inspect --format '{{.State.Pid}}' registry-cache-edge";
    const killed = await first.run(`pid=$(${pid}); kill -9 "$pid"; echo "$pid"`);
    await first.until("nginx is back", async () => !["0", killed].includes(await first.run(pid)));
    await serves(around, first, async () => ca);
    await around.pull(ca);
    assert.deepEqual(around.asked(), [], "warm");
  });

  await step("comes back from a reboot with all it had", async () => {
    const began = first.seconds;
    await first.reboot();
    await serves(around, first, async () => ca);
    await around.pull(ca);
    t.diagnostic(`${first.seconds - began} s from a reboot to a served pull`);
    assert.deepEqual(around.asked(), []);
    assert.equal(await fileSystem(first, disk), uuid);
    assert.equal((await around.get(443, "/v2/", ca)).fingerprint, fingerprint);
  });

  await step(
    "a machine in its place has all it had, without an upstream, and room on the grown disk",
    async () => {
      await first.stop();
      await around.stopUpstream();
      await truncate(disk.file, 2 * gib);
      const second = await start("second", await ensureMachineImage(packagesOf(userData)), { disk });
      await serves(around, second, async () => ca);
      await around.pull(ca);
      t.diagnostic(
        `${second.seconds} s from machine start to the first pull served by a machine in another's place`,
      );
      assert.equal(await fileSystem(second, disk), uuid);
      assert.ok((await sizeOfFileSystem(second)) > 1.8 * gib);
      assert.equal((await around.get(443, "/v2/", ca)).fingerprint, fingerprint);
      await second.settled();
    },
  );
});

test("in the manner of Azure: secrets from the store, a disk in use, a disk that grows", {
  timeout,
}, async (t) => {
  const parts = scope(t);
  const step = steps(t);
  const around = await surroundings(parts, registry);
  const disk = await blankDisk(around, { bus: "scsi", lun: 0 });
  await writeFile(disk.file, partitionTable(), { flag: "r+" });
  const secret = (name: string) => `${vault}/secrets/${name}`;
  const region = {
    name: "westeurope",
    endpoint: { hostname, tls: { mode: "provided", secretName: secret("tls") } },
  };
  const storedCredentials = { gsoci: secret("gsoci") };
  const userData = render(around, { provider: "azure", region, disk, diskGiB: 1, storedCredentials });
  const machine = parts.use(
    await Machine.start({
      ...around,
      image: await ensureMachineImage(packagesOf(userData)),
      directory: join(around.directory, "machine"),
      userData,
      disk,
    }),
  );
  const { ca, certificate } = await providedCertificate(around);
  const credentials = originCredentials({ username: "machine", password: "it's $(secret)" });

  await step("never formats a disk that is in use, and doesn't do without one", async () => {
    const before = await contentOf(disk);
    await machine.settled();
    const refuses = async () =>
      (await machine.try("systemctl is-failed registry-cache-disk")).output === "failed";
    await machine.until("it refuses the disk", refuses);
    assert.deepEqual(await filesOnRootDisk(machine), []);
    await assert.rejects(around.get(443, "/v2/", ca), "the port is closed");
    await machine.run("sync");
    assert.equal(await contentOf(disk), before);
    // Without its signature, nobody knows what is on it; but something is.
    await machine.run(`wipefs --all --quiet ${deviceLink(disk)}`);
    assert.notEqual((await machine.try("systemctl start registry-cache-disk")).exitCode, 0);
  });

  await step("serves as soon as the disk is blank, and its secrets can be read", async () => {
    await machine.run(
      `wipefs --all --quiet ${deviceLink(disk)} && systemctl start --no-block registry-cache`,
    );
    const { asked, secrets } = around.secretStore;
    await machine.until("it has asked twice", async () => asked.length > 1);
    await assert.rejects(around.get(443, "/v2/", ca), "the port is closed");
    secrets.set(secret("gsoci"), credentials).set(secret("tls"), certificate);
    await serves(around, machine, async () => ca);
    await around.pull(ca);
    assert.equal(await machine.run("podman exec registry-cache-origin-gsoci printenv get"), credentials);
  });

  await step("takes up another certificate", async () => {
    const { fingerprint } = await around.get(443, "/v2/", ca);
    const renewed = await providedCertificate(around);
    around.secretStore.secrets.set(secret("tls"), renewed.certificate);
    await machine.run("systemctl start registry-cache-renew.service");
    await machine.until("nginx has it", async () => {
      return (await around.get(443, "/v2/", renewed.ca)).fingerprint !== fingerprint;
    });
  });

  await step("has more room as soon as its disk has grown", async () => {
    await machine.resizeDisk(2);
    await machine.until(
      "the file system has grown",
      async () => (await sizeOfFileSystem(machine)) > 1.8 * gib,
    );
  });
});

/** Tests of which each begins where the one before has ended: after one that failed, the others would only wait. */
function steps(t: TestContext): (title: string, work: () => Promise<void>) => Promise<void> {
  let failed = false;
  return (title, work) =>
    t.test(title, async (step) => {
      if (failed) return step.skip("one before it has failed");
      failed = true;
      await work();
      failed = false;
    });
}

const gib = 1024 ** 3;

const vault =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test/providers/Microsoft.KeyVault/vaults/test";

interface RenderOptions extends Pick<VmOptions, "provider" | "diskGiB"> {
  /** As in a stack file. */
  readonly region: Readonly<Record<string, unknown>>;
  readonly disk: DataDisk;
  readonly storedCredentials?: VmOptions["storedCredentials"];
}

/** As the hosts of both clouds do; only where the cloud itself has a part in it, it is another one. */
function render({ config, secretStore }: Surroundings, options: RenderOptions): Uint8Array {
  const { provider, region, disk, diskGiB, storedCredentials = {} } = options;
  const { upstreams, access, images } = config;
  const storage = { kind: "disk", size: `${diskGiB}GiB` };
  const parsed = parseConfig({
    provider,
    // No tag is asked for again while the test runs.
    regions: [{ topology: "vm", storage, access, freshnessSeconds: 3600, ...region }],
    upstreams,
  });
  return vmUserData({
    provider,
    region: parsed.regions[0] as VmRegion,
    upstreams: parsed.upstreams,
    images,
    monitoring: parsed.monitoring,
    diskGiB,
    dataDevice: deviceLink(disk),
    fetchSecret: secretStore.fetchSecret,
    storedCredentials,
    dns: { dnsProvider: "none", environment: {} },
    limitBytes: 16_384,
  });
}

function packagesOf(userData: Uint8Array): string[] {
  return parse(gunzipSync(userData).toString()).packages;
}

async function blankDisk({ directory }: Surroundings, kind: DataDisk["kind"]): Promise<DataDisk> {
  const file = join(directory, "data.raw");
  await writeFile(file, "");
  await truncate(file, 1 * gib);
  return { file, kind };
}

/** Of a disk with one partition, of which nothing else is known: a master boot record. */
function partitionTable(): Uint8Array {
  const sector = Buffer.alloc(512);
  const entry = 446;
  sector.writeUInt8(0x83, entry + 4);
  sector.writeUInt32LE(2048, entry + 8);
  sector.writeUInt32LE(100_000, entry + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

async function contentOf({ file }: DataDisk): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function providedCertificate({
  directory,
}: Surroundings): Promise<{ ca: string; certificate: string }> {
  const place = join(directory, `certificate-${performance.now()}`);
  const { ca } = await makeCertificate({ directory: place, names: [hostname] });
  const files = ["tls.crt", "tls.key"].map((name) => readFile(join(place, "tls", name), "utf8"));
  return { ca: ca?.certificate ?? "", certificate: (await Promise.all(files)).join("") };
}

/** Waits until the machine has for clients what the upstream has. @returns PEM of the authority that they must trust */
async function serves(
  around: Surroundings,
  machine: Machine,
  findCa: () => Promise<string>,
): Promise<string> {
  return machine.until("the cache serves", async () => {
    const ca = await findCa();
    return (await around.get(443, around.tagPath, ca)).status === 200 && ca;
  });
}

function blobsIn(asked: readonly string[]): number {
  return asked.filter((it) => it.startsWith("GET ") && it.includes("/blobs/")).length;
}

/** What a cache without its disk would have written. */
async function filesOnRootDisk(machine: Machine): Promise<string[]> {
  return (await machine.run(`! mountpoint -q ${dataMount} && ls -A ${dataMount} 2>/dev/null || true`))
    .split("\n")
    .filter(Boolean);
}

/** UUID: another one after each formatting. */
function fileSystem(machine: Machine, disk: DataDisk): Promise<string> {
  return machine.run(`blkid -s UUID -o value ${deviceLink(disk)}`);
}

/** In bytes. */
async function sizeOfFileSystem(machine: Machine): Promise<number> {
  return Number(await machine.run(`df --output=size --block-size=1 ${dataMount} | tail -n 1`));
}
