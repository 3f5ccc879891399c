/** A replica of Debian's cloud image, made by mmdebstrap: with the same relevant packages, and without partitions and boot loader. */
import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { type Run, step } from "../../scripts/command/steps.ts";
import { aptInstall, hasProgram } from "../../scripts/setup/apt.ts";
import { ensureUserMode } from "./user-mode.ts";

/** The files from which machines boot. */
export interface MachineImage {
  /** A raw ext4 file system with the modules of both kernels. Nothing writes to it, because a machine has its own disk. */
  readonly root: string;
  /** Debian's kernel, for emulated machines. */
  readonly kernel: string;
  readonly initrd: string;
}

const suite = "trixie";

/** From the image's build configuration: https://salsa.debian.org/cloud-team/debian-cloud-images */
const cloudPackages = [
  "apparmor",
  "azure-vm-utils",
  "ca-certificates",
  "chrony",
  "cloud-guest-utils",
  "cloud-init",
  "curl",
  "dbus",
  "e2fsprogs",
  "fdisk",
  "initramfs-tools",
  "iproute2",
  "kmod",
  "libpam-systemd",
  "linux-image-cloud-amd64",
  "netplan.io",
  "openssh-server",
  "procps",
  "python3",
  "sudo",
  "systemd-resolved",
  "systemd-sysv",
  "udev",
  "unattended-upgrades",
];

const aptConfiguration = `Acquire::Languages "none";
Acquire::CompressionTypes::Order { "gz"; };
`;

/** The test's access: a virtio port or a serial line, so that no network port is open for it. */
const testPackages = ["qemu-guest-agent"];

const agentUnit = `[Unit]
ConditionVirtualization=uml
[Service]
ExecStart=/usr/sbin/qemu-ga --method=isa-serial --path=/dev/ttyS0
Restart=always
[Install]
WantedBy=multi-user.target
`;

/** In User-Mode Linux, the network adapter's address is random, so netplan can't identify the adapter. */
const network = {
  "10-machine.link": "[Match]\nDriver=virtio_net\n[Link]\nNamePolicy=kernel\nMACAddressPolicy=none\n",
  "10-machine.network": "[Match]\nDriver=virtio_net\n[Network]\nDHCP=ipv4\n",
};

/** The host's packages, by program. */
const hostPackages = {
  "qemu-system-x86_64": ["qemu-system-x86", "qemu-utils", "seabios", "ipxe-qemu"],
  mmdebstrap: ["mmdebstrap", "debian-archive-keyring", "arch-test"],
  xorriso: ["xorriso"],
  patchelf: ["patchelf"],
  "mkfs.ext4": ["e2fsprogs"],
};

/** Installs QEMU and everything else that the machines need. @throws Error that says what is missing */
export async function ensureQemu(): Promise<void> {
  if (process.arch !== "x64" || process.getuid?.() !== 0) {
    throw new Error("the boot test needs root on an amd64 machine; to leave it out, name the tests to run");
  }
  const missing: string[] = [];
  for (const [program, packages] of Object.entries(hostPackages)) {
    if (!(await hasProgram(program))) missing.push(...packages);
  }
  if (missing.length === 0) return;
  await step("Installing QEMU", "install it by hand, or leave the boot test out", (run) =>
    aptInstall(missing, `QEMU (${missing.join(", ")})`, run),
  );
}

/**
 * The image in the user's cache. Making it takes about a minute.
 * @throws StepError
 */
export async function ensureMachineImage(): Promise<MachineImage> {
  const packages = [...cloudPackages, ...testPackages];
  const { modules } = await ensureUserMode();
  const source = await readFile(import.meta.filename);
  const parts = createHash("sha256")
    .update(source)
    .update((await readdir(modules)).join());
  const fingerprint = parts.digest("hex").slice(0, 12);
  const directory = join(cacheDirectory(), "machines", fingerprint);
  const image = {
    root: join(directory, "root.raw"),
    kernel: join(directory, "vmlinuz"),
    initrd: join(directory, "initrd.img"),
  };
  if (existsSync(directory)) return image;
  await step(
    `Building a machine image of Debian ${suite} with ${packages.length} packages`,
    "make sure that the Debian mirror can be reached and that there are 3 GB on the disk, then run the same command again",
    async (run) => {
      await mkdir(dirname(directory), { recursive: true });
      const draft = await mkdtemp(`${directory}.`);
      try {
        await build(join(draft, "root"), { packages, modules }, run);
        await pack(draft, run);
        await removeTree(join(draft, "root"), run);
        await rename(draft, directory);
      } finally {
        await removeTree(draft, run);
      }
    },
  );
  return image;
}

/** Leaves out file systems that an interrupted build has left mounted there: this machine's /proc and /dev. */
async function removeTree(directory: string, run: Run): Promise<void> {
  await run("rm", ["-rf", "--one-file-system", directory]);
}

interface Content {
  readonly packages: readonly string[];
  /** The modules of User-Mode Linux. */
  readonly modules: string;
}

async function build(root: string, { packages, modules }: Content, run: Run): Promise<void> {
  // Modules that find the root file system, from which all others are loaded.
  const initramfs = [
    'mkdir -p "$1/etc/initramfs-tools/conf.d"',
    'printf "MODULES=list\\nCOMPRESS=lz4\\nCOMPRESSLEVEL=1\\n" >"$1/etc/initramfs-tools/conf.d/machine"',
    'printf "%s\\n" virtio_pci virtio_blk ext4 crc32c_generic >"$1/etc/initramfs-tools/modules"',
  ];
  await run("mmdebstrap", [
    ...["--mode=root", "--variant=minbase", "--format=directory", "--aptopt=APT::Install-Recommends false"],
    ...["man", "locale", "doc"].map((it) => `--dpkgopt=path-exclude=/usr/share/${it}/*`),
    `--include=${[...packages, "lz4"].join(",")}`,
    `--essential-hook=${initramfs.join("; ")}`,
    suite,
    root,
    ...(await sources()),
  ]);
  const write = (path: string, text: string) => writeFile(join(root, path), text);
  await write("etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [NoCloud, None]\n");
  // The number of packages is the usual one, with less other work: nobody reads descriptions, an emulated processor takes long for xz, and nothing
  // has to outlive the test.
  await write("etc/apt/apt.conf.d/90machine", aptConfiguration);
  await write("etc/dpkg/dpkg.cfg.d/machine", "force-unsafe-io\n");
  await write("etc/fstab", "LABEL=root / ext4 defaults,noatime,errors=remount-ro 0 1\n");
  await write("etc/hostname", "machine\n");
  await write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 machine\n");
  // Each machine makes a new id: https://www.freedesktop.org/software/systemd/man/latest/machine-id.html
  await write("etc/machine-id", "");
  await rm(join(root, "etc/resolv.conf"), { force: true });
  await symlink("../run/systemd/resolve/stub-resolv.conf", join(root, "etc/resolv.conf"));
  for (const [name, text] of Object.entries(network)) await write(`etc/systemd/network/${name}`, text);
  await write("etc/systemd/system/machine-agent.service", agentUnit);
  await cp(modules, join(root, "lib/modules"), { recursive: true });
  const units = ["systemd-networkd", "systemd-resolved", "machine-agent"];
  await run("chroot", [root, "systemctl", "enable", ...units]);
  // The timers would take processor time at random moments. The profiles would take half a minute of each first boot, and podman loads its own.
  const masked = ["apt-daily.timer", "apt-daily-upgrade.timer", "apparmor.service"];
  await run("chroot", [root, "systemctl", "mask", ...masked]);
  // These are the build's settings, and not the image's.
  await rm(join(root, "etc/apt/apt.conf.d/99mmdebstrap"), { force: true });
}

async function pack(directory: string, run: Run): Promise<void> {
  const root = join(directory, "root");
  for (const [pattern, name] of [
    ["vmlinuz-*", "vmlinuz"],
    ["initrd.img-*", "initrd.img"],
  ] as const) {
    const [file] = globSync(join(root, "boot", pattern));
    if (file === undefined) throw new Error(`no ${pattern}`);
    await copyFile(file, join(directory, name));
  }
  const raw = join(directory, "root.raw");
  await writeFile(raw, "");
  await truncate(raw, 6 * 1024 ** 3);
  await run("mkfs.ext4", [
    "-q",
    "-L",
    "root",
    "-E",
    "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
    "-d",
    root,
    raw,
  ]);
}

/** sources.list lines with the mirrors of this machine's own apt; mmdebstrap's defaults if there are none. */
async function sources(): Promise<string[]> {
  const { stdout } = await execa("apt-get", [
    "indextargets",
    "--format",
    "$(LABEL) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const mirrors = new Map(stdout.split("\n").map((line) => line.split(" ") as [string, string]));
  const [main, security] = [mirrors.get("Debian"), mirrors.get("Debian-Security")];
  if (main === undefined || security === undefined) return [];
  return [
    `deb ${main} ${suite} main`,
    `deb ${main} ${suite}-updates main`,
    `deb ${security} ${suite}-security main`,
  ];
}
