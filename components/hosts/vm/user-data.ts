import { gzip } from "pako";
import { stringify } from "yaml";
import { script } from "../../pod/script.ts";
import { quoted } from "../../pod/shell-word.ts";

export interface UserDataOptions {
  /** Of the cloud: no Pod of another one is applied. */
  readonly region: string;
  /** Stable path of the data disk's block device, below /dev/disk; it may appear at any time after the machine has booted. */
  readonly dataDevice: string;
  /** How the machine asks the cloud: see {@link CloudScript}. */
  readonly cloud: CloudScript;
  /** Commands for the first boot only, before the cache starts. */
  readonly prepare?: readonly (readonly string[])[];
}

/**
 * A shell script, which fails, and says why, where the cloud has no answer:
 *
 * - `cloud wanted` prints the digest of the Pod that the machine is to run
 * - `cloud pod DIGEST` prints it: bundleText()
 * - `cloud secret NAME` prints what the cloud has stored by that name, and nothing else
 * - `cloud version NAME` prints a word that is another one whenever that is
 *
 * `$RUN` is a directory in memory, where it may keep what saves it a question.
 */
export type CloudScript = string;

/** Where the data disk is mounted; all that must survive the machine is below. */
export const dataMount = "/srv/cache";

/** What the machine knows of its Pod: follow.sh says what is where. */
export const stateDirectory = "/var/lib/registry-cache";

const configuration = "/etc/registry-cache";

/**
 * Debian's image has unattended upgrades on, and no reboot: https://wiki.debian.org/UnattendedUpgrades. That of an upgrade that needs one comes after the nightly upgrades, and when
 * few clusters are scaled: local time, UTC on both clouds.
 */
const unattendedReboot = {
  "Automatic-Reboot": "true",
  "Automatic-Reboot-WithUsers": "true",
  "Automatic-Reboot-Time": "04:30",
};

/**
 * The cloud-config of a cache VM with Debian 13: https://cloudinit.readthedocs.io/en/25.1.4/reference/modules.html
 *
 * It makes a machine the place for a Pod, and has nothing of the Pod itself, which follow.sh fetches. The data disk is prepared by disk.sh: cloud-init's own fs_setup doesn't wait for a disk that is attached
 * late, and systemd's x-systemd.makefs formats one that has only a partition table.
 */
export function renderUserData(options: UserDataOptions): string {
  const document = {
    apt: { conf: 'APT::Install-Recommends "false";\nDPkg::Lock::Timeout "300";\n' },
    write_files: [
      { path: "/etc/fstab", append: true, content: `${fstabLine(options.dataDevice)}\n` },
      // The edge runs as nobody special, and listens on 443.
      file("/etc/sysctl.d/60-registry-cache.conf", "net.ipv4.ip_unprivileged_port_start = 443\n"),
      file("/etc/default/prometheus-node-exporter", `ARGS="${nodeExporterArguments.join(" ")}"\n`),
      // It would listen on all addresses for names that nobody asks for.
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
      // cloud-init's own way asks the mirrors also when there is nothing to install.
      [`${configuration}/packages.sh`, ...basePackages],
      ...(options.prepare ?? []),
      ["sysctl", "--system"],
      ["udevadm", "control", "--reload"],
      ["systemctl", "daemon-reload"],
      // Nobody is to log in by it, and no firewall lets anybody try.
      ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"],
      ["systemctl", "restart", "systemd-resolved.service"],
      ["systemctl", "restart", "prometheus-node-exporter.service"],
      // The cache waits for the data disk, which may still be attached; cloud-init doesn't have to.
      [
        ...["systemctl", "enable", "--now", "--no-block"],
        ...["registry-cache.service", "registry-cache-follow.timer", "registry-cache-rescan.timer"],
      ],
    ],
  };
  // Unfolded: shorter when compressed, and files look on the machine as they do here.
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

/** What podman recommends and needs here, without the 350 MB of the rest. */
export const basePackages: readonly string[] = [
  "aardvark-dns",
  "ca-certificates",
  "catatonit",
  "crun",
  "curl",
  "jq",
  "netavark",
  "openssl",
  "podman",
  "prometheus-node-exporter",
  "unattended-upgrades",
];

/** Its metrics of the follower lie in memory, so that they say when the disk is full. */
const nodeExporterArguments = [
  "--web.listen-address=127.0.0.1:9100",
  "--collector.textfile.directory=/run/registry-cache/metrics",
];

/** Installs those of its arguments that aren't there. */
export function packagesScript(): string {
  return script(import.meta.url, "packages.sh");
}

function file(path: string, content: string, permissions = "0644") {
  return { path, content, permissions };
}

const diskService = "registry-cache-disk.service";

/**
 * With `nofail`, a missing disk doesn't keep the machine from booting; what needs the disk waits for it, as long as it takes. Without `x-systemd.growfs`, which
 * puts the mount before local-fs.target whatever `nofail` says, and the disk's service is after it: systemd leaves out any one of them, to get out of the circle.
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

/** For a disk that has grown under the running machine. */
const growthRule = `ACTION=="change", SUBSYSTEM=="block", ENV{RESIZE}=="1", \
  RUN+="/usr/bin/systemctl --no-block restart ${growthService}"
`;

type Unit = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What systemd runs, by the paths below /etc. */
const units: Readonly<Record<string, Unit>> = {
  [`systemd/system/${diskService}`]: {
    Unit: { Description: "Registry cache: data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/disk.sh` },
  },
  // It doesn't need the mount, which may be undone for a repair; and it leaves no line in the journal for each run.
  "systemd/system/registry-cache-rescan.service": {
    Unit: { Description: "Registry cache: size of the data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/rescan.sh`, LogLevelMax: "notice" },
  },
  // The machine can see a new size ten minutes after Azure has it: https://learn.microsoft.com/azure/virtual-machines/linux/expand-disks
  "systemd/system/registry-cache-rescan.timer": {
    Unit: { Description: "Registry cache: size of the data disk, every five minutes" },
    Timer: { OnCalendar: "*:0/5" },
    Install: { WantedBy: "timers.target" },
  },
  // podman-systemd.unit(5), for a Pod that apply.sh starts. A container that ends is started again by podman; if the Pod as a whole fails, by systemd. Without an order after
  // registry-cache.service, whose start waits for it.
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
  // Starts the Pod that ran last, of which each part is a unit of its own; stopped, it stops them.
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
  // Of what it does, it leaves lines in the journal; systemd none for each run.
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
  // As long as the cache isn't stopped by hand, and not all machines of a fleet at the same time.
  "systemd/system/registry-cache-follow.timer": {
    Unit: {
      Description: "Registry cache: the wanted Pod, every 30 seconds",
      PartOf: "registry-cache.service",
    },
    Timer: { OnActiveSec: "30", OnUnitInactiveSec: "30", RandomizedDelaySec: "5", AccuracySec: "1" },
    Install: { WantedBy: "registry-cache.service" },
  },
};

/** systemd.syntax(7); values are ours and hold no line breaks. */
function unit(sections: Unit): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** What a script reads by `.`: any values. */
export function shellVariables(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("");
}

/** Compressed, the same bytes for the same text for ever: by a library of the lock file, not by the runtime's zlib. Other bytes would replace a machine. */
export function packed(text: string): Uint8Array {
  return gzip(text, { level: 9 });
}
