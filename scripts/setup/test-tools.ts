import { defaultImages } from "../../components/config/images.ts";
import { aptInstall, hasProgram } from "./apt.ts";
import { ensureFiles, type GoFilesName, goFiles } from "./go-files.ts";
import { ensureTool, type GoToolName } from "./go-tools.ts";
import { ensurePromtool } from "./image-builds.ts";
import { ensureImage } from "./images.ts";
import { ensureKubernetesProvider } from "./kubernetes-provider.ts";
import { step } from "./steps.ts";

/** The clients and helpers that the tests run. */
const tools: readonly GoToolName[] = [
  "registry",
  "crane",
  "oras",
  "helm",
  "containerd",
  "ctr",
  "containerd-1.7",
  "ctr-1.7",
  "k3s-pull",
  "talos-registries",
  "regctl",
  "oci-conformance",
  "toxiproxy-server",
  "pebble",
  "pebble-challtestsrv",
  "alertmanager",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "versitygw",
];

/** Makes sure of all programs that the tests need beside those of `npm run local`. */
export async function ensureTestTools(): Promise<void> {
  for (const tool of tools) await ensureTool(tool);
  for (const name of Object.keys(goFiles) as GoFilesName[]) await ensureFiles(name);
  await ensureKubernetesProvider();
  await ensurePromtool();
  await ensureImage("acme", defaultImages.acme);
  for (const name of ["skopeo", "shellcheck", "chromium"]) {
    if (await hasProgram(name)) continue;
    await step(`Installing ${name}`, `install ${name} by hand`, (run) => aptInstall([name], name, run));
  }
}
