import { stringify } from "yaml";
import type { PodManifests } from "../../pod/pod.ts";
import { podUser } from "../../pod/pod.ts";
import { script } from "../../pod/script.ts";

/** A Pod that the machine reads from the cloud, as there is no room for it in the user data. */
export interface StoredPod {
  /** As `fetchSecret` takes it. */
  readonly name: string;
  /** SHA-256 of {@link podYaml}, hexadecimal: the machine takes nothing else. */
  readonly digest: string;
}

export interface UserDataOptions {
  /** {@link podYaml}, or where it is. */
  readonly pod: string | StoredPod;
  /** Stable path of the data disk's block device, below /dev/disk; it may appear at any time after the machine has booted. */
  readonly dataDevice: string;
  /** Directories below {@link dataMount} that the Pod's volumes need. */
  readonly directories: readonly string[];
  /** Prints what the cloud has stored by the name given as its argument, above all secrets, or fails. A shell script. */
  readonly fetchSecret: string;
  /** Secrets of the Pod by name, and their name in the cloud's store. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where the certificate comes from when the Pod doesn't get it by itself: from the cloud's store, or made on the machine by an authority from there. */
  readonly certificate?:
    | { readonly secret: string }
    | { readonly authority: string; readonly hostname: string };
  /** Debian packages besides those that every cache needs. */
  readonly packages?: readonly string[];
  /** Commands for the first boot only, before the cache starts. */
  readonly prepare?: readonly (readonly string[])[];
  /** Local time of the reboot, where a security upgrade needs one: `HH:MM`. */
  readonly rebootTime: string;
}

/** Where the data disk is mounted; all that must survive the machine is below. */
export const dataMount = "/srv/cache";

const configuration = "/etc/registry-cache";

/**
 * The cloud-config of a cache VM with Debian 13: https://cloudinit.readthedocs.io/en/25.1.4/reference/modules.html
 *
 * It holds no secret, only the names of secrets. The data disk is prepared by disk.sh: cloud-init's own fs_setup doesn't wait for a disk that is attached
 * late, and systemd's x-systemd.makefs formats one that has only a partition table.
 */
export function renderUserData(options: UserDataOptions): string {
  const { pod, packages = [], prepare = [] } = options;
  return `#cloud-config\n${yaml({
    apt: { conf: 'APT::Install-Recommends "false";\nDPkg::Lock::Timeout "300";\n' },
    write_files: [
      { path: "/etc/fstab", append: true, content: `${fstabLine(options.dataDevice)}\n` },
      // The edge runs as nobody special, and listens on 443.
      file("/etc/sysctl.d/60-registry-cache.conf", "net.ipv4.ip_unprivileged_port_start = 443\n"),
      file("/etc/default/prometheus-node-exporter", 'ARGS="--web.listen-address=127.0.0.1:9100"\n'),
      // It would listen on all addresses for names that nobody asks for.
      file(
        "/etc/systemd/resolved.conf.d/60-registry-cache.conf",
        unit({ Resolve: { LLMNR: "no", MulticastDNS: "no" } }),
      ),
      file("/etc/apt/apt.conf.d/52registry-cache-reboot", unattendedReboot(options.rebootTime)),
      file("/etc/udev/rules.d/60-registry-cache.rules", growthRule),
      ...(typeof pod === "string" ? [file(`${configuration}/pod.yaml`, pod, "0600")] : []),
      file(`${configuration}/fetch-secret`, options.fetchSecret, "0700"),
      file(`${configuration}/packages.sh`, packagesScript(), "0700"),
      file(`${configuration}/disk.sh`, script(import.meta.url, "disk.sh"), "0700"),
      file(`${configuration}/rescan.sh`, script(import.meta.url, "rescan.sh"), "0700"),
      file(`${configuration}/start.sh`, script(import.meta.url, "start.sh"), "0700"),
      file(`${configuration}/machine.conf`, machineConfiguration(options), "0600"),
      file(`/etc/systemd/system/${diskService}`, diskUnit()),
      file("/etc/systemd/system/registry-cache-rescan.service", rescanService()),
      file("/etc/systemd/system/registry-cache-rescan.timer", rescanTimer()),
      file("/etc/containers/systemd/registry-cache.kube", quadlet()),
      file("/etc/systemd/system/registry-cache-renew.service", renewService()),
      file("/etc/systemd/system/registry-cache-renew.timer", renewTimer()),
    ],
    runcmd: [
      // cloud-init's own way asks the mirrors also when there is nothing to install.
      [`${configuration}/packages.sh`, ...basePackages, ...packages],
      ...prepare,
      ["sysctl", "--system"],
      ["udevadm", "control", "--reload"],
      ["systemctl", "daemon-reload"],
      // Nobody is to log in by it, and no firewall lets anybody try.
      ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"],
      ["systemctl", "restart", "systemd-resolved.service"],
      ["systemctl", "restart", "prometheus-node-exporter.service"],
      [
        ...["systemctl", "enable", "--now", "--no-block"],
        ...["registry-cache-renew.timer", "registry-cache-rescan.timer"],
      ],
      // It waits for the data disk, which may still be attached; cloud-init doesn't have to.
      ["systemctl", "start", "--no-block", "registry-cache.service"],
    ],
  })}`;
}

/** Unfolded: shorter when compressed, and files look on the machine as they do here. */
function yaml(document: object): string {
  return stringify(document, { lineWidth: 0 });
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

function diskUnit(): string {
  return unit({
    Unit: { Description: "Registry cache: data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/disk.sh` },
  });
}

/** Grows the mounted file system to the size of the disk: systemd-growfs@.service(8). */
const growthService = `systemd-growfs@${dataMount.slice(1).replaceAll("/", "-")}.service`;

/** For a disk that has grown under the running machine. */
const growthRule = `ACTION=="change", SUBSYSTEM=="block", ENV{RESIZE}=="1", \
  RUN+="/usr/bin/systemctl --no-block restart ${growthService}"
`;

/** It doesn't need the mount, which may be undone for a repair; and it leaves no line in the journal for each run. */
function rescanService(): string {
  return unit({
    Unit: { Description: "Registry cache: size of the data disk" },
    Service: { Type: "oneshot", ExecStart: `${configuration}/rescan.sh`, LogLevelMax: "notice" },
  });
}

/** The machine can see a new size ten minutes after Azure has it: https://learn.microsoft.com/azure/virtual-machines/linux/expand-disks */
function rescanTimer(): string {
  return unit({
    Unit: { Description: "Registry cache: size of the data disk, every five minutes" },
    Timer: { OnCalendar: "*:0/5" },
    Install: { WantedBy: "timers.target" },
  });
}

/** What podman plays. */
export function podYaml({ pod, configMaps }: PodManifests): string {
  return [...configMaps, pod].map(yaml).join("---\n");
}

/** Debian's image has unattended upgrades on, and no reboot: https://wiki.debian.org/UnattendedUpgrades */
function unattendedReboot(time: string): string {
  const settings = {
    "Automatic-Reboot": "true",
    "Automatic-Reboot-WithUsers": "true",
    "Automatic-Reboot-Time": time,
  };
  return Object.entries(settings)
    .map(([name, value]) => `Unattended-Upgrade::${name} "${value}";\n`)
    .join("");
}

/** podman-systemd.unit(5). A container that ends is started again by podman; if the Pod as a whole fails, by systemd. */
function quadlet(): string {
  return unit({
    Unit: {
      Description: "Registry cache",
      Wants: `network-online.target ${growthService}`,
      After: `network-online.target ${growthService}`,
      RequiresMountsFor: dataMount,
      StartLimitIntervalSec: "0",
    },
    Kube: { Yaml: `${configuration}/pod.yaml`, LogDriver: "journald", ExitCodePropagation: "any" },
    Service: {
      ExecStartPre: `${configuration}/start.sh`,
      Restart: "always",
      RestartSec: "10",
      TimeoutStartSec: "20min",
      TimeoutStopSec: "150",
    },
    Install: { WantedBy: "multi-user.target" },
  });
}

/** Fetches what may have changed: a provided certificate. */
function renewService(): string {
  return unit({
    Unit: { Description: "Registry cache: certificate", RequiresMountsFor: dataMount },
    Service: { Type: "oneshot", ExecStart: `${configuration}/start.sh certificate` },
  });
}

function renewTimer(): string {
  return unit({
    Unit: { Description: "Registry cache: certificate, daily" },
    Timer: { OnCalendar: "daily", RandomizedDelaySec: "6h", Persistent: "true" },
    Install: { WantedBy: "timers.target" },
  });
}

/** systemd.syntax(7); values are ours and hold no line breaks. */
function unit(sections: Record<string, Record<string, string>>): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** What the scripts read: shell variables. */
function machineConfiguration(options: UserDataOptions): string {
  const { pod, dataDevice, directories, secrets, certificate } = options;
  const { name, digest }: StoredPod = typeof pod === "string" ? { name: "", digest: "" } : pod;

  const settings = {
    DEVICE: dataDevice,
    DATA: dataMount,
    OWNER: String(podUser),
    DIRECTORIES: list(directories),
    POD: name,
    POD_DIGEST: digest,
    SECRETS: list(Object.entries(secrets).map(([name, stored]) => `${name}=${stored}`)),
    CERTIFICATE_SECRET: certificate && "secret" in certificate ? certificate.secret : "",
    AUTHORITY_SECRET: certificate && "authority" in certificate ? certificate.authority : "",
    CERTIFICATE_NAME: certificate && "hostname" in certificate ? certificate.hostname : "",
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}='${quoted(value)}'\n`)
    .join("");
}

/** As the scripts take it apart: at spaces. */
function list(words: readonly string[]): string {
  const odd = words.find((word) => !/^[^\s*?[\\]+$/.test(word));
  if (odd !== undefined) throw new RangeError(`not one word for a shell: ${JSON.stringify(odd)}`);
  return words.join(" ");
}

function quoted(value: string): string {
  return value.replaceAll("'", "'\\''");
}
