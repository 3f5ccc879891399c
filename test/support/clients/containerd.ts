import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { ensureTool, type GoToolName } from "../../setup/go-tools.ts";
import { startProcess } from "../process.ts";
import { tempDir } from "../scope.ts";
import { waitUntil } from "../wait.ts";
import { runClient } from "./run.ts";

/** A separate containerd, whose content store is empty at the start, and which leaves nothing behind. Needs root. */
export interface Containerd extends AsyncDisposable {
  /** Pulls through the transfer service, as a node does, and unpacks for one platform. */
  pull(reference: string, options: PullOptions): Promise<void>;
  /** Fetches content without unpacking it, which also works for artifacts, charts and signatures. */
  fetch(reference: string, options: PullOptions): Promise<void>;
  /** Digests of everything in the content store. containerd verified each when it stored it. */
  content(): Promise<string[]>;
  /** Removes all images and their content. */
  removeAll(): Promise<void>;
}

export interface PullOptions {
  /** Directory with `<registry>/hosts.toml`, which also names the CA. */
  readonly hostsDir: string;
  /** @default linux/amd64 */
  readonly platform?: string;
  /** The time limit of the pull. @default 120_000 */
  readonly timeoutMs?: number;
}

interface Release {
  readonly programs: { readonly containerd: GoToolName; readonly ctr: GoToolName };
  /** The version of the configuration file. */
  readonly version: number;
  /** Plugins that a pull doesn't need, and that may not work in a container or sandbox. */
  readonly disabledPlugins: readonly string[];
}

const second = {
  version: 3,
  disabledPlugins: [
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.restart",
    "io.containerd.monitor.container.v1.restart",
    "io.containerd.monitor.task.v1.cgroups",
    "io.containerd.nri.v1.nri",
    "io.containerd.podsandbox.controller.v1.podsandbox",
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.erofs",
    "io.containerd.snapshotter.v1.overlayfs",
    "io.containerd.snapshotter.v1.zfs",
  ],
};

const releases = {
  "2": { ...second, programs: { containerd: "containerd", ctr: "ctr" } },
  "2.0": { ...second, programs: { containerd: "containerd-2.0", ctr: "ctr-2.0" } },
  "1.7": {
    programs: { containerd: "containerd-1.7", ctr: "ctr-1.7" },
    version: 2,
    disabledPlugins: [
      "io.containerd.grpc.v1.cri",
      "io.containerd.internal.v1.opt",
      "io.containerd.internal.v1.restart",
      "io.containerd.internal.v1.tracing",
      "io.containerd.monitor.v1.cgroups",
      "io.containerd.nri.v1.nri",
      "io.containerd.snapshotter.v1.aufs",
      "io.containerd.snapshotter.v1.blockfile",
      "io.containerd.snapshotter.v1.btrfs",
      "io.containerd.snapshotter.v1.devmapper",
      "io.containerd.snapshotter.v1.overlayfs",
      "io.containerd.snapshotter.v1.zfs",
    ],
  },
} as const satisfies Record<string, Release>;

/** A release line: 1.7 and 2.0, which many nodes still have, or the current one. */
export type ContainerdRelease = keyof typeof releases;

/** @param prefix of the commands, like `nsenter …`: determines where it runs. @default in this process's namespaces */
export async function startContainerd(
  release: ContainerdRelease = "2",
  prefix: readonly string[] = [],
): Promise<Containerd> {
  const { programs, version, disabledPlugins } = releases[release];
  const dir = await tempDir();
  const socket = join(dir.path, "containerd.sock");
  const config = join(dir.path, "config.toml");
  await writeFile(
    config,
    stringify({
      version,
      root: join(dir.path, "root"),
      state: join(dir.path, "state"),
      disabled_plugins: disabledPlugins,
      grpc: { address: socket },
      plugins: {
        "io.containerd.transfer.v1.local": {
          unpack_config: [{ platform: "linux/amd64", snapshotter: "native" }],
        },
      },
    }),
  );
  const prefixed = (...command: [string, ...string[]]) => {
    const [program, ...args] = [...prefix, ...command];
    return [program ?? "", args] as const;
  };
  const command = prefixed(await ensureTool(programs.containerd), "--config", config);
  const containerd = await startProcess(...command, { logFile: join(dir.path, "containerd.log") });
  const ctrBinary = await ensureTool(programs.ctr);
  const ctr = (args: readonly string[], timeoutMs?: number) =>
    runClient(...prefixed(ctrBinary, "--address", socket, ...args), timeoutMs ? { timeoutMs } : {});
  const options = ({ hostsDir, platform = "linux/amd64" }: PullOptions) => [
    "--hosts-dir",
    hostsDir,
    "--platform",
    platform,
  ];
  await waitUntil("containerd serves", () => ctr(["version"]));
  return {
    async pull(reference, pull) {
      await ctr(["images", "pull", ...options(pull), "--snapshotter", "native", reference], pull.timeoutMs);
    },
    async fetch(reference, pull) {
      await ctr(["content", "fetch", ...options(pull), reference], pull.timeoutMs);
    },
    content: async () => (await ctr(["content", "list", "--quiet"])).split("\n").filter(Boolean),
    async removeAll() {
      const images = (await ctr(["images", "list", "--quiet"])).split("\n").filter(Boolean);
      if (images.length > 0) await ctr(["images", "remove", "--sync", ...images]);
    },
    async [Symbol.asyncDispose]() {
      await containerd.stop();
      await dir[Symbol.asyncDispose]();
    },
  };
}
