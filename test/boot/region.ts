/** The machines of one region, with the user data and the Pod that a host renders. They differ only where the cloud itself plays a part. */
import { join } from "node:path";
import type { Images } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import type { VmRegion } from "../../components/config/schema.ts";
import { type Bundle, bundleParts, bundleText } from "../../components/hosts/podman/bundle.ts";
import { type VmPodOptions, vmPod } from "../../components/hosts/vm/pod.ts";
import {
  dataMount,
  packed,
  renderUserData,
  stateDirectory,
  type UserDataOptions,
} from "../../components/hosts/vm/user-data.ts";
import { privateAuthority } from "./certificates.ts";
import { type DataDisk, dataDiskGiB } from "./data-disk.ts";
import { EmulatedMachine } from "./emulated-machine.ts";
import { ensureMachineImage } from "./image.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import { hostname, type Surroundings } from "./surroundings.ts";
import { UserModeMachine } from "./user-mode-machine.ts";

export interface RegionOptions extends Pick<VmPodOptions, "provider" | "storedSecrets"> {
  readonly name: string;
  /** As in a stack file. */
  readonly tls: Readonly<Record<string, string>>;
  /** The script with which it asks the cloud: see {@link UserDataOptions}. */
  readonly cloud: string;
}

/** A change of a region, as in a stack file, except for the Pod's files. */
export interface Change {
  readonly region?: Readonly<Record<string, unknown>>;
  /** The allow-list of the only upstream. */
  readonly repositories?: readonly string[];
  readonly images?: Partial<Images>;
  readonly files?: Bundle;
}

/** A custom image, and what else its machines need: see {@link Seed}. */
export interface BaseImage extends Pick<MachineOptions, "image" | "boothook"> {}

export interface StartOptions {
  /** The name of the new machine. */
  readonly name: string;
  /** @default Debian's, which installs all packages and images */
  readonly base?: BaseImage;
}

export class Region {
  readonly #around: Surroundings;
  readonly #options: RegionOptions;
  #pod: Bundle = {};

  private constructor(around: Surroundings, options: RegionOptions) {
    this.#around = around;
    this.#options = options;
  }

  /** Makes a region with its Pod in the store. */
  static async make(around: Surroundings, options: RegionOptions): Promise<Region> {
    const region = new Region(around, options);
    await region.want();
    return region;
  }

  /** Stores another Pod for the machines to run. @returns its digest */
  want(change: Change = {}): Promise<string> {
    this.#pod = { ...vmPod(podOptions(this.#around, this.#options, change)), ...change.files };
    return this.#around.store.want(bundleText(this.#pod));
  }

  /** A container's name in podman, in the Pod that was stored last. */
  container(name: string): string {
    const part = bundleParts(this.#pod).find(({ container }) => container === name);
    return `${part?.pod}-${name}`;
  }

  /** Starts a machine with its disk. */
  async start(disk: DataDisk, options: StartOptions): Promise<UserModeMachine> {
    return UserModeMachine.start({ ...(await this.#machine(UserModeMachine, options)), disk });
  }

  /** Starts an emulated machine, whose disk is attached later. */
  async emulate(options: StartOptions): Promise<EmulatedMachine> {
    return EmulatedMachine.start(await this.#machine(EmulatedMachine, options));
  }

  async #machine(
    { dataDevice }: Pick<Machine, "dataDevice">,
    { name, base }: StartOptions,
  ): Promise<MachineOptions> {
    const { directory, boothook, ports } = this.#around;
    const { name: region, cloud } = this.#options;
    return {
      ...(base ?? { image: await ensureMachineImage(), boothook }),
      directory: join(directory, name),
      userData: packed(renderUserData({ region, dataDevice, cloud })),
      ports,
    };
  }
}

/** A region in AWS, with a private authority in the store. @returns also the authority's certificate as PEM */
export async function awsRegion(around: Surroundings): Promise<{ region: Region; ca: string }> {
  const { ca, secret } = await privateAuthority();
  const authority = "/registry-cache/test/eu-central-1/authority";
  around.store.secrets.set(authority, secret);
  const region = await Region.make(around, {
    provider: "aws",
    name: "eu-central-1",
    tls: { mode: "private" },
    storedSecrets: { authority },
    cloud: around.store.scripts.aws,
  });
  return { region, ca };
}

function podOptions(
  { config }: Surroundings,
  { provider, name, tls, storedSecrets }: RegionOptions,
  change: Change,
): VmPodOptions {
  const { access, images } = config;
  const hasCredentials = (upstream: string) => storedSecrets[`credentials-${upstream}`] !== undefined;
  const upstreams = config.upstreams.map((upstream) => ({
    ...upstream,
    ...(hasCredentials(upstream.name) && { credentials: "login" }),
    ...(change.repositories && { repositories: change.repositories }),
  }));
  const parsed = parseConfig({
    provider,
    regions: [
      {
        name,
        topology: "vm",
        endpoint: { hostname, tls },
        storage: { kind: "disk", size: `${dataDiskGiB}GiB` },
        access,
        // No tag expires during the test.
        freshnessSeconds: 3600,
        ...change.region,
      },
    ],
    upstreams,
    ...(upstreams.some(({ credentials }) => credentials) && { login: { secure: "" } }),
  });
  return {
    provider,
    region: parsed.regions[0] as VmRegion,
    upstreams: parsed.upstreams,
    images: { ...images, ...change.images },
    monitoring: parsed.monitoring,
    workload: parsed.workload,
    capacity: { machine: { type: "emulated" }, disk: { sizeGiB: dataDiskGiB } },
    storedSecrets,
    dns: { dnsProvider: "none", environment: {} },
  };
}

/** Waits until clients get the upstream's content from a machine. @param ca PEM of the authority that they trust */
export async function serves(around: Surroundings, machine: Machine, ca: string): Promise<void> {
  await machine.until("the cache serves", async () => {
    return (await around.get(443, around.tagPath, ca)).status === 200;
  });
}

/** Files that a cache would have written without its disk. */
export async function filesOnRootDisk(machine: Machine): Promise<string[]> {
  return (await machine.run(`! mountpoint -q ${dataMount} && ls -A ${dataMount} 2>/dev/null || true`))
    .split("\n")
    .filter(Boolean);
}

/** The UUID of the file system, which every formatting changes. */
export function fileSystem(machine: Machine): Promise<string> {
  return machine.run(`blkid -s UUID -o value ${machine.dataDevice}`);
}

/** Size in bytes. */
export async function sizeOfFileSystem(machine: Machine): Promise<number> {
  return Number(await machine.run(`df --output=size --block-size=1 ${dataMount} | tail -n 1`));
}

/** Makes a machine check for its Pod now, instead of 30 s after the last time. */
async function startLook(machine: Machine): Promise<void> {
  await machine.run("systemctl start --no-block registry-cache-follow.service");
}

/** Waits until a machine has applied the wanted Pod. @returns seconds */
export async function applies(machine: Machine, digest: string): Promise<number> {
  const began = performance.now();
  await startLook(machine);
  await machine.until("the Pod is applied", async () => (await applied(machine)) === digest);
  return Math.round((performance.now() - began) / 1000);
}

/** The digest of the Pod that a boot would start. @throws Error until the first Pod was applied and healthy */
export async function applied(machine: Machine): Promise<string> {
  return (await machine.run(`readlink ${stateDirectory}/current`)).replace("pods/", "");
}

/** Waits until a machine reports why it hasn't applied a Pod. @returns the reason */
export async function fails(machine: Machine, digest: string): Promise<string> {
  const failure = "cat /run/registry-cache/failure 2>/dev/null || true";
  await startLook(machine);
  return await machine.until("it fails", async () => {
    const [reason, failed] = (await machine.run(failure)).split(" ");
    return failed === digest && reason;
  });
}
