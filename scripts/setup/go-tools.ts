import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { exists } from "./files.ts";
import { Failure, type Run, step } from "./steps.ts";

interface GoTool {
  /** The module to take the package from, and its exact version. */
  module: string;
  version: string;
  /** The package inside the module, relative to it; "" for the module's root. */
  package: string;
  /** The variable that holds the program's version, set where the program reports it or others depend on it. */
  versionVariable?: string;
  /**
   * A program of our own that uses the package, in place of one that the package is: a folder of `programs/`. After a change of it, remove the
   * binary.
   */
  program?: string;
  /** Build tags. */
  tags?: readonly string[];
  /** Modules to take from `stubs/` instead, by their paths: the folder's name. */
  stubs?: Readonly<Record<string, string>>;
  /** Of modules that the tool's own go.mod names without a usable version: the versions to take. */
  requires?: Readonly<Record<string, string>>;
  /** The version of the modules that the tool's go.mod takes from directories of its repository: they are published, too. */
  staging?: string;
  /** Files of the module that {@link program} embeds, by their paths in it. */
  embeds?: readonly string[];
  /** Files that the published module lacks, by their paths in it. */
  missing?: Readonly<Record<string, string>>;
}

/** https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/README.md */
const kubernetes = {
  module: "k8s.io/kubernetes",
  version: "v1.36.3",
  staging: "v0.36.3",
  versionVariable: "k8s.io/component-base/version.gitVersion",
};

/** Programs built from their Go modules: parts of the cache where images can't be pulled, and what the tests need. */
export const goTools = {
  registry: {
    module: "github.com/distribution/distribution/v3",
    version: "v3.1.2",
    package: "cmd/registry",
    versionVariable: "github.com/distribution/distribution/v3/version.version",
  },
  "prometheus-nginxlog-exporter": {
    module: "github.com/martin-helmich/prometheus-nginxlog-exporter",
    version: "v1.11.0",
    package: "",
  },
  blackbox_exporter: { module: "github.com/prometheus/blackbox_exporter", version: "v0.28.0", package: "" },
  pulumi: {
    module: "github.com/pulumi/pulumi/pkg/v3",
    version: "v3.259.0",
    package: "cmd/pulumi",
    versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
  },
  // The newest that can be had as a module of its own; the engine works with older language hosts.
  "pulumi-language-nodejs": {
    module: "github.com/pulumi/pulumi/sdk/v3",
    version: "v3.64.0",
    package: "nodejs/cmd/pulumi-language-nodejs",
  },
  crane: { module: "github.com/google/go-containerregistry", version: "v0.22.1", package: "cmd/crane" },
  oras: { module: "oras.land/oras", version: "v1.3.6", package: "cmd/oras" },
  "oci-conformance": {
    module: "github.com/opencontainers/distribution-spec/conformance",
    version: "v0.0.0-20260831232431-97274622c111",
    package: "",
  },
  "toxiproxy-server": {
    module: "github.com/Shopify/toxiproxy/v2",
    version: "v2.12.0",
    package: "cmd/server",
  },
  // Its page is generated at a release, and isn't in the module: here it has none.
  alertmanager: {
    module: "github.com/prometheus/alertmanager",
    version: "v0.34.2",
    package: "cmd/alertmanager",
    missing: { "ui/app/dist/index.html": "" },
  },
  containerd: { module: "github.com/containerd/containerd/v2", version: "v2.4.2", package: "cmd/containerd" },
  ctr: { module: "github.com/containerd/containerd/v2", version: "v2.4.2", package: "cmd/ctr" },
  "containerd-1.7": {
    module: "github.com/containerd/containerd",
    version: "v1.7.35",
    package: "cmd/containerd",
  },
  "ctr-1.7": { module: "github.com/containerd/containerd", version: "v1.7.35", package: "cmd/ctr" },
  "k3s-pull": {
    module: "github.com/rancher/wharfie",
    version: "v0.7.1",
    package: "pkg/registries",
    program: "k3s-pull",
  },
  "talos-registries": {
    module: "github.com/siderolabs/talos/pkg/machinery",
    version: "v1.12.0",
    package: "config/configpatcher",
    program: "talos-registries",
  },
  regctl: { module: "github.com/regclient/regclient", version: "v0.11.7", package: "cmd/regctl" },
  helm: { module: "helm.sh/helm/v4", version: "v4.3.1", package: "cmd/helm" },
  pebble: { module: "github.com/letsencrypt/pebble/v2", version: "v2.10.1", package: "cmd/pebble" },
  "pebble-challtestsrv": {
    module: "github.com/letsencrypt/pebble/v2",
    version: "v2.10.1",
    package: "cmd/pebble-challtestsrv",
  },
  // With the one DNS provider that the tests use: those of the clouds bring dozens of modules. The image's v5.5.2 can't be built so.
  lego: {
    module: "github.com/go-acme/lego/v5",
    version: "v5.6.0",
    package: "",
    tags: ["lego_dnslight", "lego_dns_httpreq"],
    stubs: { "gitlab.com/greyxor/slogor": "slogor" },
  },
  etcd: { module: "go.etcd.io/etcd/server/v3", version: "v3.6.16", package: "" },
  "kube-apiserver": { ...kubernetes, package: "cmd/kube-apiserver" },
  "kube-controller-manager": { ...kubernetes, package: "cmd/kube-controller-manager" },
  "kube-scheduler": { ...kubernetes, package: "cmd/kube-scheduler" },
  kwok: { module: "sigs.k8s.io/kwok", version: "v0.8.0", package: "cmd/kwok" },
  // v4.18.1 and six commits, the newest that can be had as a module. Its own main embeds generated files that aren't in it.
  "pulumi-resource-kubernetes": {
    module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
    version: "v4.0.0-20240930223531-b7dae6b4ea56",
    package: "pkg/provider",
    program: "pulumi-resource-kubernetes",
    requires: { "github.com/pulumi/pulumi-kubernetes/sdk/v4": "v4.18.1" },
    embeds: [
      "cmd/pulumi-resource-kubernetes/schema.json",
      "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
    ],
  },
  versitygw: { module: "github.com/versity/versitygw", version: "v1.8.0", package: "cmd/versitygw" },
} satisfies Record<string, GoTool>;

export type GoToolName = keyof typeof goTools;

const builds = new Map<GoToolName, Promise<string>>();

/**
 * The path of a tool's binary in the user's cache, built first where it isn't there. Two processes that build the same
 * tool don't disturb each other: each puts the finished binary in place in one move.
 *
 * @throws StepError when Go is missing or too old, or the build fails.
 */
export function ensureTool(name: GoToolName): Promise<string> {
  const build = builds.get(name) ?? findOrBuild(name);
  builds.set(name, build);
  return build;
}

async function findOrBuild(name: GoToolName): Promise<string> {
  const tool: GoTool = goTools[name];
  const bin = join(cacheDirectory(), "bin");
  const binary = join(bin, `${name}-${tool.version}`);
  if (await exists(binary)) return binary;
  return step(
    `Building ${name} ${tool.version} from its Go module`,
    "make sure that the Go module proxy can be reached (go env GOPROXY), then run the same command again",
    async (run) => {
      await requireGo();
      await mkdir(bin, { recursive: true });
      const directory = await mkdtemp(join(bin, ".build-"));
      try {
        const draft = await build(tool, directory, run);
        await rename(draft, binary);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
      return binary;
    },
  );
}

/**
 * Builds the tool as a dependency of an empty module, not by `go install`, which refuses a module with `replace`
 * directives in its go.mod (https://go.dev/ref/mod#go-install); a dependency's are ignored.
 */
async function build(tool: GoTool, directory: string, run: Run): Promise<string> {
  const path = tool.package === "" ? tool.module : `${tool.module}/${tool.package}`;
  const ldflags = tool.versionVariable ? `-s -w -X ${tool.versionVariable}=${tool.version}` : "-s -w";
  const tags = `-tags=${(tool.tags ?? []).join(",")}`;
  // Static binaries, which run in images without a C library too; a workspace of the user's has no say here.
  const options = { cwd: directory, env: { CGO_ENABLED: "0", GOWORK: "off" } };
  const go: Go = (...args) => run("go", args, options);
  await go("mod", "init", "tool");
  for (const [module, stub] of Object.entries(tool.stubs ?? {})) {
    await go("mod", "edit", `-replace=${module}=${join(import.meta.dirname, "stubs", stub)}`);
  }
  if (tool.staging) await go("mod", "edit", ...(await publishedStaging(tool, tool.staging, go)));
  const required = Object.entries(tool.requires ?? {}).map(([module, version]) => `${module}@${version}`);
  await go("get", tags, `${path}@${tool.version}`, ...required);
  const moduleDirectory = () => go("list", "-mod=mod", "-m", "-f", "{{.Dir}}", tool.module);
  if (tool.missing) {
    const copy = join(directory, "module");
    // What is in Go's module cache can't be written to.
    await run("cp", ["-r", "--no-preserve=mode", await moduleDirectory(), copy]);
    for (const [file, content] of Object.entries(tool.missing)) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      await writeFile(join(copy, file), content);
    }
    await go("mod", "edit", `-replace=${tool.module}=${copy}`);
  }
  if (tool.program) {
    await copyFile(
      join(import.meta.dirname, "programs", tool.program, "main.go"),
      join(directory, "main.go"),
    );
    for (const file of tool.embeds ?? []) {
      await copyFile(join(await moduleDirectory(), file), join(directory, basename(file)));
    }
  }
  const main = tool.program ? "main.go" : path;
  await go("build", "-mod=mod", "-trimpath", tags, "-ldflags", ldflags, "-o", "tool", main);
  return join(directory, "tool");
}

type Go = (...args: readonly string[]) => Promise<string>;

/** Arguments of `go mod edit`, which take the modules of the tool's `staging/` in their published version. */
async function publishedStaging(
  { module, version }: GoTool,
  staging: string,
  go: Go,
): Promise<readonly string[]> {
  const { GoMod } = JSON.parse(await go("mod", "download", "-json", `${module}@${version}`)) as {
    GoMod: string;
  };
  const { Replace } = JSON.parse(await go("mod", "edit", "-json", GoMod)) as GoMod;
  return Replace.filter(({ New }) => New.Path.startsWith("./staging/")).map(
    ({ Old: { Path } }) => `-replace=${Path}=${Path}@${staging}`,
  );
}

/** What `go mod edit -json` prints, as far as it is looked at: https://go.dev/ref/mod#go-mod-edit */
interface GoMod {
  readonly Replace: readonly {
    readonly Old: { readonly Path: string };
    readonly New: { readonly Path: string };
  }[];
}

/** @throws Failure when Go is missing or too old. */
export async function requireGo(): Promise<void> {
  const { stdout, failed } = await execa("go", ["env", "GOVERSION"], { reject: false });
  // A module that needs a newer Go than the machine's brings it (https://go.dev/doc/toolchain).
  const [, major, minor] = (failed ? "" : stdout).match(/^go(\d+)\.(\d+)/) ?? [];
  if (Number(major) > 1 || Number(minor) >= 24) return;
  throw new Failure(
    failed ? "Go is not installed" : `Go is too old: ${stdout}`,
    "install Go 1.24 or newer (https://go.dev/doc/install); `npm run local` does without where the engine and the images can be downloaded",
  );
}
