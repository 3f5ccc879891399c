import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { step } from "../../scripts/command/steps.ts";
import { requireGo } from "../../scripts/setup/from-source/go-build.ts";
import { goTools } from "./go-tools.ts";

interface GoFiles {
  /** The module to take the files from, and its exact version. */
  module: string;
  version: string;
  /** The directory of the files inside the module. */
  directory: string;
}

/** Directories of files from Go modules, which the tests' Kubernetes control plane needs in addition to its programs. */
export const goFiles = {
  /** CustomResourceDefinitions, a file each: the standard channel, https://gateway-api.sigs.k8s.io/concepts/versioning/ */
  "gateway-api": {
    module: "sigs.k8s.io/gateway-api",
    version: "v1.4.1",
    directory: "config/crd/standard",
  },
  /** CustomResourceDefinitions, a file each. */
  "cert-manager": {
    module: "github.com/cert-manager/cert-manager",
    version: "v1.21.2",
    directory: "deploy/crds",
  },
  /** The source of the Helm chart. It lacks the templates and CustomResourceDefinitions that are generated for a release. */
  "cert-manager-chart": {
    module: "github.com/cert-manager/cert-manager",
    version: "v1.21.2",
    directory: "deploy/charts/cert-manager",
  },
  /** CustomResourceDefinitions, a file each. AKS has this minor version with Kubernetes 1.34 and later, with another patch. */
  cilium: {
    module: "github.com/cilium/cilium",
    version: "v1.18.4",
    directory: "pkg/k8s/apis/cilium.io/client/crds/v2",
  },
  /** CustomResourceDefinitions, a file each: the newest version that is published as a module. */
  "external-secrets": {
    module: "github.com/external-secrets/external-secrets",
    version: "v1.3.2",
    directory: "config/crds/bases",
  },
  /** CustomResourceDefinitions, a file each. */
  "prometheus-operator": {
    module: "github.com/prometheus-operator/prometheus-operator",
    version: "v0.75.0",
    directory: "example/prometheus-operator-crd",
  },
  /** The behaviour of kwok's simulated kubelet, a file for each stage of an object's life: https://kwok.sigs.k8s.io/docs/user/stages-configuration/ */
  "kwok-stages": {
    module: goTools.kwok.module,
    version: goTools.kwok.version,
    directory: "kustomize/stage",
  },
} satisfies Record<string, GoFiles>;

export type GoFilesName = keyof typeof goFiles;

/**
 * Copies the directory to the user's cache, unless it is there.
 * @returns the path of the copy
 * @throws StepError when Go is missing or too old, or the module can't be downloaded
 */
export async function ensureFiles(name: GoFilesName): Promise<string> {
  const { module, version, directory }: GoFiles = goFiles[name];
  const parent = join(cacheDirectory(), "files");
  const target = join(parent, `${name}-${version}`);
  if (existsSync(target)) return target;
  return step(
    `Taking the files of ${name} ${version} from its Go module`,
    "make sure that the Go module proxy can be reached (go env GOPROXY), then run the same command again",
    async (run) => {
      await requireGo();
      const downloaded = await run("go", ["mod", "download", "-json", `${module}@${version}`], {
        env: { GOWORK: "off" },
      });
      const { Dir } = JSON.parse(downloaded) as { Dir: string };
      await mkdir(parent, { recursive: true });
      const draft = await mkdtemp(join(parent, ".draft-"));
      try {
        // Files in Go's module cache are read-only. A copy with their mode couldn't be moved or removed.
        await run("cp", ["-r", "--no-preserve=mode", join(Dir, directory), join(draft, "files")]);
        await rename(join(draft, "files"), target).catch(async (error: unknown) => {
          // Another process was faster.
          if (!existsSync(target)) throw error;
        });
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
      return target;
    },
  );
}
