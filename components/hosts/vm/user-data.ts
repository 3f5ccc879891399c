import { gzip } from "pako";
import { stringify } from "yaml";
import { script } from "../../shell/script.ts";
import { quoted } from "../../shell/word.ts";

export interface UserDataOptions {
  /** The cloud's region. The machine refuses a Pod that was made for another region. */
  readonly region: string;
  /** Stable path of the data disk's block device, below /dev/disk. The device can appear at any time after the boot. */
  readonly dataDevice: string;
  /** How the machine queries the cloud: see {@link CloudScript}. */
  readonly cloud: CloudScript;
  /** Commands that run only at the first boot, before the cache starts. */
  readonly prepare?: readonly (readonly string[])[];
}

/**
 * A shell script. If the cloud doesn't answer, it prints the reason and fails.
 *
 * - `cloud wanted` prints the digest of the Pod that the machine should run
 * - `cloud pod DIGEST` prints that Pod, in the format of bundleText()
 * - `cloud secret NAME` prints the stored value of a secret, and nothing else
 * - `cloud version NAME` prints a word that changes whenever the secret's value does
 *
 * `$RUN` is a directory in memory, where the script can cache answers.
 */
export type CloudScript = string;

/** Mount point of the data disk. Everything that must survive the machine is below it. */
export const dataMount = "/srv/cache";

/** The machine's Pods and what it knows about them. follow.sh describes its content. */
export const stateDirectory = "/var/lib/registry-cache";

const configuration = "/etc/registry-cache";

/**
 * Debian's image installs security upgrades automatically but doesn't reboot: https://wiki.debian.org/UnattendedUpgrades. If an upgrade needs a reboot, it happens after the nightly
 * upgrades, when few clusters scale. The time is local, which is UTC on both clouds.
 */
const unattendedReboot = {
  "Automatic-Reboot": "true",
  "Automatic-Reboot-WithUsers": "true",
  "Automatic-Reboot-Time": "04:30",
};

/**
 * The cloud-config of a cache VM with Debian 13: https://cloudinit.readthedocs.io/en/25.1.4/reference/modules.html
 *
 * It prepares a machine for a Pod, but doesn't contain the Pod: follow.sh fetches it. disk.sh prepares the data disk, because cloud-init's fs_setup doesn't wait for a disk that is attached
 * late, and systemd's x-systemd.makefs formats a disk that has only a partition table.
 */
export function renderUserData(options: UserDataOptions): string {
  const document = {
    apt: { conf: 'APT::Install-Recommends "false";\nDPkg::Lock::Timeout "300";\n' },
    write_files: [
      { path: "/etc/fstab", append: true, content: `${fstabLine(options.dataDevice)}\n` },
      // The edge runs as an unprivileged user and listens on 443.
      file("/etc/sysctl.d/60-registry-cache.conf", "net.ipv4.ip_unprivileged_port_start = 443\n"),
      file("/etc/default/prometheus-node-exporter", `ARGS="${nodeExporterArguments.join(" ")}"\n`),
      // By default, systemd-resolved answers LLMNR and mDNS on all addresses.
      file(
        "/etc/systemd/resolved.conf.d/60-registry-cache.conf",
        unit({ Resolve: { LLMNR: "no", MulticastDNS: "no" } }),
      ),
      file(
        "/etc/apt/apt.conf.d/52registry-cache-reboot",
        Object.entries(unattendedReboot)
          .map(([name, value]) => `Unattended-Upgrade::${name} "${value}";\n`)
          .join(""),
      ),
      file("/etc/udev/rules.d/60-registry-cache.rules", growthRule),
      file(`${configuration}/cloud`, options.cloud, "0700"),
      file(`${configuration}/packages.sh`, packagesScript(), "0700"),
      ...["disk.sh", "rescan.sh", "follow.sh"].map((name) =>
        file(`${configuration}/${name}`, script(import.meta.url, name), "0700"),
      ),
      file(
        `${configuration}/machine.conf`,
        shellVariables({ DEVICE: options.dataDevice, REGION: options.region }),
        "0600",
      ),
      ...Object.entries(units).map(([path, sections]) => file(`/etc/${path}`, unit(sections))),
    ],
    runcmd: [
      // cloud-init's own `packages` asks the mirrors even if all packages are installed.
      [`${configuration}/packages.sh`, ...basePackages],
      ...(options.prepare ?? []),
      ["sysctl", "--system"],
      ["udevadm", "control", "--reload"],
      ["systemctl", "daemon-reload"],
      // Nobody logs in by SSH, and the firewall doesn't allow it.
      ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"],
      ["systemctl", "restart", "systemd-resolved.service"],
      ["systemctl", "restart", "prometheus-node-exporter.service"],
      // The cache waits for the data disk, which can be attached late. cloud-init doesn't need to wait for the cache.
      [
        ...["systemctl", "enable", "--now", "--no-block"],
        ...["registry-cache.service", "registry-cache-follow.timer", "registry-cache-rescan.timer"],
      ],
    ],
  };
  // Without folding, the text compresses better, and the files have the same lines on the machine as here.
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

/** podman and the recommended packages that are needed here, without the other 350 MB of recommended packages. */
export const basePackages: readonly string[] = [
  "aardvark-dns",
  "ca-certificates",
  "catatonit",
  "crun",
  "curl",
  "jq",
  "netavark",
  "nftables",
  "openssl",
  "podman",
  "prometheus-node-exporter",
  "unattended-upgrades",
];

/** The follower writes its metrics to memory, so that they are up to date even when the disk is full. */
const nodeExporterArguments = [
  "--web.listen-address=127.0.0.1:9100",
  "--collector.textfile.directory=/run/registry-cache/metrics",
];

/** Installs those of its arguments that are missing. */
export function packagesScript(): string {
  return script(import.meta.url, "packages.sh");
}

function file(path: string, content: string, permissions = "0644") {
  return { path, content, permissions };
}

const diskService = "registry-cache-disk.service";

/**
 * With `nofail`, the machine boots even if the disk is missing; the units that need the disk wait for it without limit. `x-systemd.growfs` isn't used: it orders the mount before
 * local-fs.target despite `nofail`, but the disk's service runs after that target. systemd breaks such a cycle by dropping any one of its units.
 */
function fstabLine(device: string): string {
  const options = [
    "noatime",
    "nofail",
    `x-systemd.requires=${diskService}`,
    "x-systemd.device-timeout=infinity",
  ];
  return `${device} ${dataMount} ext4 ${options.join(",")} 0 0`;
}

/** Grows the mounted file system to the size of the disk: systemd-growfs@.service(8). */
const growthService = `systemd-growfs@${dataMount.slice(1).replaceAll("/", "-")}.service`;

/** Grows the file system when the disk grows while the machine runs. */
const growthRule = `ACTION=="change", SUBSYSTEM=="block", ENV{RESIZE}=="1", \
  RUN+="/usr/bin/systemctl --no-block restart ${growthService}"
`;

type Unit = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** systemd units, by their paths below /etc. */
const units: Readonly<Record<string, Unit>> = {
  [`systemd/system/${diskService}`]: {
    Unit: { Description: "Registry cache: data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/disk.sh` },
  },
  // Doesn't require the mount, because a repair can unmount the disk. Its log level keeps a line per run out of the journal.
  "systemd/system/registry-cache-rescan.service": {
    Unit: { Description: "Registry cache: size of the data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/rescan.sh`, LogLevelMax: "notice" },
  },
  // On Azure, a new size can become visible to the machine up to ten minutes later: https://learn.microsoft.com/azure/virtual-machines/linux/expand-disks
  "systemd/system/registry-cache-rescan.timer": {
    Unit: { Description: "Registry cache: size of the data disk, every five minutes" },
    Timer: { OnCalendar: "*:0/5" },
    Install: { WantedBy: "timers.target" },
  },
  // podman-systemd.unit(5), for a Pod that apply.sh starts. podman restarts a container that ends, and systemd restarts the Pod if it fails as a whole. There is no
  // `After=registry-cache.service`, because the start of that service waits for this one.
  "containers/systemd/registry-cache@.kube": {
    Unit: {
      Description: "Registry cache: %i",
      PartOf: "registry-cache.service",
      Wants: "network-online.target",
      After: "network-online.target",
      RequiresMountsFor: dataMount,
      StartLimitIntervalSec: "0",
    },
    Kube: { Yaml: `${stateDirectory}/units/%i.yaml`, LogDriver: "journald", ExitCodePropagation: "any" },
    Service: { Restart: "always", RestartSec: "10", TimeoutStartSec: "5min", TimeoutStopSec: "150" },
  },
  // Starts the Pod that ran last. Each part of the Pod is a unit of its own. Stopping this service stops the parts.
  "systemd/system/registry-cache.service": {
    Unit: {
      Description: "Registry cache",
      Wants: `network-online.target ${growthService}`,
      After: `network-online.target ${growthService}`,
      RequiresMountsFor: dataMount,
    },
    Service: { Type: "oneshot", RemainAfterExit: "yes", ExecStart: `${configuration}/follow.sh start` },
    Install: { WantedBy: "multi-user.target" },
  },
  // The script logs its own actions. The log level suppresses systemd's lines for each run.
  "systemd/system/registry-cache-follow.service": {
    Unit: {
      Description: "Registry cache: the wanted Pod",
      PartOf: "registry-cache.service",
      After: "registry-cache.service",
      RequiresMountsFor: dataMount,
    },
    Service: {
      Type: "oneshot",
      ExecStart: `${configuration}/follow.sh look`,
      SyslogLevel: "notice",
      LogLevelMax: "notice",
    },
  },
  // Runs until the cache is stopped by hand. The random delay spreads the machines of a fleet.
  "systemd/system/registry-cache-follow.timer": {
    Unit: {
      Description: "Registry cache: the wanted Pod, every 30 seconds",
      PartOf: "registry-cache.service",
    },
    Timer: { OnActiveSec: "30", OnUnitInactiveSec: "30", RandomizedDelaySec: "5", AccuracySec: "1" },
    Install: { WantedBy: "registry-cache.service" },
  },
};

/** systemd.syntax(7). The values are the project's own and contain no line breaks. */
function unit(sections: Unit): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** Shell variable assignments, to be sourced with `.`. Values can contain any characters. */
export function shellVariables(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("");
}

/** Compresses a text, always to the same bytes, because other bytes would replace the machine. The runtime's zlib can change, so a library from the lock file does it. @param memLevel of zlib */
export function packed(text: string, { memLevel = 8 }: { readonly memLevel?: number } = {}): Uint8Array {
  return gzip(text, { level: 9, memLevel });
}
