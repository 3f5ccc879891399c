/** Real nodes for a control plane: kubelet, containerd, runc, and the Pods' network and DNS. Each node has its own namespaces and cgroups. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { stringify } from "smol-toml";
import { ensureTool, type GoToolName } from "../../setup/go-tools.ts";
import { assertReady, type ControlPlane, zones } from "../control-plane.ts";
import { startProcess } from "../process.ts";
import { waitUntil } from "../wait.ts";
import { removeGroups } from "./cgroups.ts";
import { hubAddress, pauseImage, type Surroundings } from "./isolated.ts";

export interface RealNode {
  /** `node-0`, in the zone with that index in {@link zones}. */
  readonly name: string;
  readonly address: string;
  /** The command prefix that enters the node's namespaces. */
  enter(): Promise<readonly string[]>;
  /** Runs a program on the node, whose containerd is in `/run`. @returns its standard output; throws when it fails */
  run(command: string, args: readonly string[], options?: Options): Promise<string>;
  /** Writes a file on the node, and creates the directories above it. */
  write(path: string, text: string): Promise<void>;
  /** Kills everything on the node at once, without notice. */
  powerOff(): Promise<void>;
  /** Starts the node again with the same disk. */
  powerOn(): Promise<void>;
}

export interface RealNodes extends AsyncDisposable {
  readonly nodes: readonly RealNode[];
}

export interface NodesOptions {
  /** @default 3 */
  readonly count?: number;
  /** Additional DNS names of nodes and Pods, with their addresses. */
  readonly names?: Readonly<Record<string, string>>;
}

const domain = "cluster.local";

/** Starts nodes, and returns when all are ready. Their container runtime has the images of the surroundings. */
export async function startNodes(
  plane: ControlPlane,
  surroundings: Surroundings,
  { count = 3, names = {} }: NodesOptions = {},
): Promise<RealNodes> {
  await using parts = new AsyncDisposableStack();
  const { directory } = surroundings;
  const programs = await linkPrograms(join(directory, "bin"));
  const text = await readFile(plane.kubeconfig, "utf8");
  const kubeconfig = text.replace(plane.url.hostname, hubAddress);

  await writeFile(join(directory, "Corefile"), corefile(plane.kubeconfig, names));
  const dns = ["-conf", join(directory, "Corefile")];
  parts.use(
    await startProcess(await ensureTool("coredns"), dns, { logFile: join(directory, "coredns.log") }),
  );

  const nodes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const node = await makeNode(index, { surroundings, kubeconfig, programs });
      parts.defer(node.powerOff);
      return node;
    }),
  );
  await waitUntil("the real nodes are ready", () => assertReady(plane.objects, count), 120_000);
  const all = parts.move();
  return { nodes, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

interface Making {
  readonly surroundings: Surroundings;
  readonly kubeconfig: string;
  /** A directory with the programs under their plain names. */
  readonly programs: string;
}

async function makeNode(index: number, { surroundings, kubeconfig, programs }: Making): Promise<RealNode> {
  const name = `node-${index}`;
  const address = `10.97.0.${index + 2}`;
  const pods = `10.244.${index}`;
  const group = `${surroundings.group}-${name}`;
  const directory = join(surroundings.directory, name);
  const file = (it: string) => join(directory, it);
  await mkdir(file("etc/containerd/certs.d"), { recursive: true });
  await mkdir(file("cni"));
  await writeFile(file("etc/resolv.conf"), `nameserver ${hubAddress}\n`);
  await writeFile(file("kubeconfig"), kubeconfig, { mode: 0o600 });
  await writeFile(
    file("containerd.toml"),
    stringify(containerdConfiguration(join(programs, "cni"), file("cni"))),
  );
  await writeFile(file("kubelet.json"), JSON.stringify(kubeletConfiguration(address)));
  await writeFile(file("cni/pods.conflist"), JSON.stringify(podNetwork(pods)));
  const env = {
    GROUP: group,
    DIRECTORY: directory,
    NAME: name,
    ADDRESS: address,
    PODS: pods,
    HUB: hubAddress,
    IMAGES: surroundings.imageDirectory,
    LABELS: `topology.kubernetes.io/zone=${zones[index % zones.length]}`,
    PATH: `${programs}:${process.env.PATH}`,
  };
  const start = () =>
    startProcess("bash", [join(import.meta.dirname, "node.sh")], { logFile: file("node.log"), env });
  let running = await start();
  const enter = async () => {
    const { pid } = running;
    const first = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
    const all = ["--net", "--mount", "--uts", "--ipc", "--cgroup", "--pid", "--wd=/"];
    return ["nsenter", "--target", first, ...all, "--"];
  };
  const run: RealNode["run"] = async (command, args, options = {}) => {
    const [nsenter = "", ...rest] = await enter();
    const { stdout } = await execa(nsenter, [...rest, command, ...args], { env, ...options });
    return String(stdout);
  };
  return {
    name,
    address,
    enter,
    run,
    async write(path, text) {
      await run("sh", ["-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path], { input: text });
    },
    async powerOff() {
      await running.kill();
      await removeGroups(group);
    },
    async powerOn() {
      running = await start();
    },
  };
}

async function linkPrograms(directory: string): Promise<string> {
  await mkdir(join(directory, "cni"), { recursive: true });
  const link = async (name: GoToolName, path: string) =>
    symlink(await ensureTool(name), join(directory, path));
  for (const name of ["containerd", "ctr", "containerd-shim-runc-v2", "kubelet", "kube-proxy"] as const) {
    await link(name, name);
  }
  for (const name of ["bridge", "loopback", "host-local"] as const) await link(name, join("cni", name));
  return directory;
}

function corefile(kubeconfig: string, names: Readonly<Record<string, string>>): string {
  const hosts = Object.entries(names).map(([name, address]) => `${address} ${name}`);
  return `.:53 {
  bind 127.0.0.1
  errors
  hosts {
    ${[...hosts, "fallthrough"].join("\n    ")}
  }
  kubernetes ${domain} in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
  cache 5
}
`;
}

/** https://github.com/containernetworking/cni/blob/main/SPEC.md */
function podNetwork(pods: string) {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: `${pods}.0/24` }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}

/** https://github.com/containerd/containerd/blob/main/docs/cri/config.md */
function containerdConfiguration(plugins: string, networks: string) {
  return {
    version: 4,
    disabled_plugins: ["io.containerd.nri.v1.nri"],
    plugins: {
      "io.containerd.cri.v1.images": {
        pinned_images: { sandbox: pauseImage },
        registry: { config_path: "/etc/containerd/certs.d" },
      },
      "io.containerd.cri.v1.runtime": {
        // Lowering it needs a capability that even root may lack.
        restrict_oom_score_adj: true,
        containerd: {
          runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: false } } },
        },
        cni: { bin_dirs: [plugins], conf_dir: networks },
      },
    },
  };
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function kubeletConfiguration(address: string) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    address,
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    failSwapOn: false,
    oomScoreAdj: 0,
    // Imported images must not be pulled.
    imagePullCredentialsVerificationPolicy: "NeverVerify",
    // Only the test reaches it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    clusterDNS: [hubAddress],
    clusterDomain: domain,
    resolvConf: "/etc/resolv.conf",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    volumeStatsAggPeriod: "5s",
    // The nodes share the machine's disk and memory. Their use must not evict Pods, or delete images that no Pod of a node uses yet.
    evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
    // The kubelet updates files of Secrets and ConfigMaps at this interval instead of a minute.
    syncFrequency: "5s",
    // Renews the lease every 2 s instead of 10 s: see the grace period in control-plane.ts.
    nodeLeaseDurationSeconds: 8,
  };
}
