import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
  /** Files that the published module lacks, by their paths in it. */
  missing?: Readonly<Record<string, string>>;
}

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
  await run("go", ["mod", "init", "tool"], options);
  for (const [module, stub] of Object.entries(tool.stubs ?? {})) {
    await run(
      "go",
      ["mod", "edit", `-replace=${module}=${join(import.meta.dirname, "stubs", stub)}`],
      options,
    );
  }
  await run("go", ["get", tags, `${path}@${tool.version}`], options);
  if (tool.missing) {
    const copy = join(directory, "module");
    const module = await run("go", ["list", "-mod=mod", "-m", "-f", "{{.Dir}}", tool.module], options);
    // What is in Go's module cache can't be written to.
    await run("cp", ["-r", "--no-preserve=mode", module, copy]);
    for (const [file, content] of Object.entries(tool.missing)) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      await writeFile(join(copy, file), content);
    }
    await run("go", ["mod", "edit", `-replace=${tool.module}=${copy}`], options);
  }
  if (tool.program) {
    await copyFile(
      join(import.meta.dirname, "programs", tool.program, "main.go"),
      join(directory, "main.go"),
    );
  }
  const main = tool.program ? "main.go" : path;
  await run("go", ["build", "-mod=mod", "-trimpath", tags, "-ldflags", ldflags, "-o", "tool", main], options);
  return join(directory, "tool");
}

async function requireGo(): Promise<void> {
  const { stdout, failed } = await execa("go", ["env", "GOVERSION"], { reject: false });
  // A module that needs a newer Go than the machine's brings it (https://go.dev/doc/toolchain).
  const [, major, minor] = (failed ? "" : stdout).match(/^go(\d+)\.(\d+)/) ?? [];
  if (Number(major) > 1 || Number(minor) >= 24) return;
  throw new Failure(
    failed ? "Go is not installed" : `Go is too old: ${stdout}`,
    "install Go 1.24 or newer (https://go.dev/doc/install); `npm run local` does without where the engine and the images can be downloaded",
  );
}
