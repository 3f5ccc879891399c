/** Installs what the chosen test files need, and nothing else. */
import { availableParallelism } from "node:os";
import { defaultImages } from "../../components/config/images.ts";
import { step } from "../../scripts/command/steps.ts";
import { aptInstall, hasProgram } from "../../scripts/setup/apt.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { ensureDebianTree } from "../../scripts/setup/from-source/debian.ts";
import { ensureImage } from "../../scripts/setup/images.ts";
import { ensurePodman } from "../../scripts/setup/podman.ts";
import { ensureWorkflowLinters } from "../../scripts/setup/workflow-linters.ts";
import { ensureMachineImage, ensureQemu } from "../boot/image.ts";
import { handOnPodImages } from "../support/pod-images.ts";
import { ensureFiles, type GoFilesName, goFiles } from "./go-files.ts";
import {
  cacheTools,
  controlPlaneTools,
  ensureTool,
  type GoToolName,
  gitOpsTools,
  nodeTools,
} from "./go-tools.ts";
import { ensureKubernetesProvider } from "./kubernetes-provider.ts";

type Work = () => Promise<unknown>;

interface Need {
  /** The beginnings of the test files' paths. */
  readonly of: readonly string[];
  /** Done one after the other, because packages can't be installed in parallel, and later entries build on earlier ones. */
  readonly first?: readonly Work[];
  /** Done in parallel. */
  readonly tools?: Readonly<Partial<Record<GoToolName, unknown>>>;
  readonly files?: readonly GoFilesName[];
}

const { registry, versitygw, containerd, ctr } = cacheTools;
const containerds = {
  containerd,
  ctr,
  "containerd-1.7": cacheTools["containerd-1.7"],
  "ctr-1.7": cacheTools["ctr-1.7"],
};

const nft = program("nftables", "nft");
const ip = program("iproute2", "ip");

const needs: readonly Need[] = [
  { of: ["test/static/"], first: [program("shellcheck"), ensureWorkflowLinters] },
  { of: ["test/engine/", "test/bench/"], first: [ensureEngine] },
  {
    of: ["test/engine/kubernetes", "test/engine/cert-manager", "test/engine/upgrade", "test/support/control"],
    first: [ensureKubernetesProvider, program("jq")],
    tools: { ...controlPlaneTools, registry },
    files: Object.keys(goFiles) as GoFilesName[],
  },
  { of: ["test/engine/gitops"], tools: gitOpsTools },
  {
    of: ["bad-input", "certificate", "lifecycle", "package", "secrets"].map((name) => `test/engine/${name}`),
    first: [images],
    tools: { registry },
  },
  { of: ["test/e2e/", "test/bench/", "test/support/"], first: [images], tools: cacheTools },
  { of: ["test/soak/"], first: [images], tools: { registry } },
  {
    of: ["test/nodes/"],
    first: [ensureKubernetesProvider, images, program("runc"), nft, ip],
    // The control plane comes first, because its build compiles most packages that kubelet needs.
    tools: { ...controlPlaneTools, registry, versitygw, ...containerds, ...nodeTools },
  },
  {
    of: ["test/boot/"],
    first: [images, ensureQemu, ensureMachineImage],
    tools: { registry, containerd, ctr },
  },
  { of: ["test/e2e/", "test/rules/", "test/programs/kubernetes-probes"], first: [ensureDebianTree] },
  { of: ["test/programs/vm-machine"], first: [nft, ip, program("curl")] },
  { of: ["test/e2e/"], first: [program("skopeo"), program("gnupg", "gpg"), program("chromium")] },
];

/** @throws StepError when something can't be installed, downloaded or built */
export async function bringWhatTestsNeed(testFiles: readonly string[]): Promise<void> {
  const needed = needs.filter(({ of }) => testFiles.some((file) => of.some((path) => file.startsWith(path))));
  const all = <T>(those: (need: Need) => readonly T[]) => [...new Set(needed.flatMap(those))];
  const inTurn = all(({ first = [] }) => first);
  const atOnce = [
    ...all(({ tools = {} }) => Object.keys(tools) as GoToolName[]).map((name) => () => ensureTool(name)),
    ...all(({ files = [] }) => files).map((name) => () => ensureFiles(name)),
  ];
  // Go uses all processors to compile, and one to link.
  const lanes = Array.from({ length: Math.max(1, availableParallelism() - 1) }, () => doAll(atOnce));
  await Promise.all([doAll(inTurn), ...lanes]);
}

/** Works through the queue until it is empty. */
async function doAll(queue: Work[]): Promise<void> {
  for (let work = queue.shift(); work; work = queue.shift()) await work();
}

async function images(): Promise<void> {
  await ensurePodman();
  await handOnPodImages();
  await ensureImage("acme", defaultImages.acme);
  await ensureImage("zot", defaultImages.zot);
}

/** Installs a Debian package. @param command a command of the package. @default the package's name */
function program(name: string, command = name): Work {
  return async () => {
    if (await hasProgram(command)) return;
    await step(`Installing ${name}`, `install ${name} by hand`, (run) => aptInstall([name], name, run));
  };
}
