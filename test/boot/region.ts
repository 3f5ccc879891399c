/** The machines of one region, with the user data that a host renders; only where the cloud itself has a part in it, it is another one. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseConfig } from "../../components/config/parse.ts";
import type { VmRegion } from "../../components/config/schema.ts";
import { userDataLimitBytes as awsLimitBytes } from "../../components/hosts/aws/user-data.ts";
import { userDataLimitBytes as azureLimitBytes } from "../../components/hosts/azure/user-data.ts";
import { type VmPodOptions, vmPod } from "../../components/hosts/vm/pod.ts";
import { basePackages, dataMount } from "../../components/hosts/vm/user-data.ts";
import { type VmOptions, vmUserData } from "../../components/hosts/vm/vm.ts";
import { privateAuthority } from "./certificates.ts";
import { blankDisk, type DataDisk, dataDiskGiB, deviceLink } from "./data-disk.ts";
import { ensureMachineImage } from "./image.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { hostname, type Surroundings } from "./surroundings.ts";

export interface RegionOptions extends Pick<VmOptions, "provider" | "storedSecrets"> {
  readonly name: string;
  /** As in a stack file. */
  readonly tls: Readonly<Record<string, string>>;
  readonly disk: DataDisk;
}

/** An image of its own, and what else its machines need: see {@link Seed}. */
export interface BaseImage extends Pick<MachineOptions, "image" | "boothook"> {}

export interface StartOptions {
  /** Of the machine, which is new. */
  readonly name: string;
  /** Whether its image has all packages already, so that only other things take time. */
  readonly packages: "to install" | "installed" | BaseImage;
  /** Whether the disk is there from the start. */
  readonly disk: "attached" | "late";
}

export class Region {
  readonly #around: Surroundings;
  readonly #disk: DataDisk;
  readonly #userData: Uint8Array;

  constructor(around: Surroundings, options: RegionOptions) {
    this.#around = around;
    this.#disk = options.disk;
    this.#userData = userData(around, options);
  }

  async start({ name, packages, disk }: StartOptions): Promise<Machine> {
    const { directory, boothook, ports } = this.#around;
    const base =
      typeof packages === "object"
        ? packages
        : { image: await ensureMachineImage(packages === "installed" ? basePackages : []), boothook };
    return Machine.start({
      ...base,
      directory: join(directory, name),
      userData: this.#userData,
      ports,
      ...(disk === "attached" && { disk: this.#disk }),
    });
  }
}

/** In AWS, with a private authority in the store. @returns also the authority's certificate, PEM, and the disk, which is blank */
export async function awsRegion(
  around: Surroundings,
): Promise<{ region: Region; disk: DataDisk; ca: string }> {
  const { ca, secret } = await privateAuthority();
  const authority = "/registry-cache/test/eu-central-1/authority";
  around.secretStore.secrets.set(authority, secret);
  const disk = await blankDisk(around.directory, { bus: "nvme", serial: "vol0123456789abcdef0" });
  const region = new Region(around, {
    provider: "aws",
    name: "eu-central-1",
    tls: { mode: "private" },
    disk,
    storedSecrets: { authority },
  });
  return { region, disk, ca };
}

/** Puts the Pod where the cloud has it. */
function userData({ config, secretStore }: Surroundings, options: RegionOptions): Uint8Array {
  const { provider, name, tls, disk, storedSecrets } = options;
  const { access, images } = config;
  const hasCredentials = (upstream: string) => storedSecrets[`credentials-${upstream}`] !== undefined;
  const upstreams = config.upstreams.map((upstream) =>
    hasCredentials(upstream.name) ? { ...upstream, credentials: "login" } : upstream,
  );
  const parsed = parseConfig({
    provider,
    regions: [
      {
        name,
        topology: "vm",
        endpoint: { hostname, tls },
        storage: { kind: "disk", size: `${dataDiskGiB}GiB` },
        access,
        // No tag is asked for again while the test runs.
        freshnessSeconds: 3600,
      },
    ],
    upstreams,
    ...(upstreams.some(({ credentials }) => credentials) && { login: { secure: "" } }),
  });
  const podOptions: VmPodOptions = {
    provider,
    region: parsed.regions[0] as VmRegion,
    upstreams: parsed.upstreams,
    images,
    monitoring: parsed.monitoring,
    diskGiB: dataDiskGiB,
    storedSecrets,
    dns: { dnsProvider: "none", environment: {} },
  };
  const machine = { ...podOptions, dataDevice: deviceLink(disk), fetchSecret: secretStore.fetchSecret };
  if (provider === "azure") return vmUserData({ ...machine, limitBytes: azureLimitBytes });
  const yaml = vmPod(podOptions);
  const storedPod = {
    name: `s3://${name}/pod.yaml`,
    digest: createHash("sha256").update(yaml).digest("hex"),
  };
  secretStore.secrets.set(storedPod.name, yaml);
  return vmUserData({ ...machine, storedPod, limitBytes: awsLimitBytes });
}

/** Waits until a machine has for clients what the upstream has. @param ca PEM of the authority that they trust */
export async function serves(around: Surroundings, machine: Machine, ca: string): Promise<void> {
  await machine.until("the cache serves", async () => {
    return (await around.get(443, around.tagPath, ca)).status === 200;
  });
}

/** What a cache without its disk would have written. */
export async function filesOnRootDisk(machine: Machine): Promise<string[]> {
  return (await machine.run(`! mountpoint -q ${dataMount} && ls -A ${dataMount} 2>/dev/null || true`))
    .split("\n")
    .filter(Boolean);
}

/** UUID: another one after each formatting. */
export function fileSystem(machine: Machine, disk: DataDisk): Promise<string> {
  return machine.run(`blkid -s UUID -o value ${deviceLink(disk)}`);
}

/** In bytes. */
export async function sizeOfFileSystem(machine: Machine): Promise<number> {
  return Number(await machine.run(`df --output=size --block-size=1 ${dataMount} | tail -n 1`));
}
