import engine from "pulumi/package.json" with { type: "json" };
import { type GoTool, goTool } from "./go-build.ts";

/** Programs that are built from their Go modules: parts of the cache if images can't be pulled, the engine if it can't be downloaded, and a linter. */
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
  // The version that the npm package looks for.
  pulumi: {
    module: "github.com/pulumi/pulumi/pkg/v3",
    version: `v${engine.version}`,
    package: "cmd/pulumi",
    versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
  },
  // The newest version that is published as its own module. The engine supports older language hosts.
  "pulumi-language-nodejs": {
    module: "github.com/pulumi/pulumi/sdk/v3",
    version: "v3.64.0",
    package: "nodejs/cmd/pulumi-language-nodejs",
  },
  regctl: { module: "github.com/regclient/regclient", version: "v0.11.6", package: "cmd/regctl" },
  actionlint: { module: "github.com/rhysd/actionlint", version: "v1.7.12", package: "cmd/actionlint" },
  // Includes only the DNS provider that the tests use, because the clouds' providers need dozens of modules. The image's v5.5.2 can't be built this way.
  lego: {
    module: "github.com/go-acme/lego/v5",
    version: "v5.6.0",
    package: "",
    tags: ["lego_dnslight", "lego_dns_httpreq"],
    stubs: { "gitlab.com/greyxor/slogor": "slogor" },
  },
  // The newest version that is published as a module. Its fork of containers/image isn't.
  zot: {
    module: "zotregistry.io/zot",
    published: "github.com/project-zot/zot",
    version: "v1.4.3",
    package: "cmd/zot",
    versionVariable: "zotregistry.io/zot/pkg/api/config.Commit",
    tags: ["sync", "metrics", "containers_image_openpgp"],
    replaces: { except: ["github.com/containers/image/v5"] },
  },
} satisfies Record<string, GoTool>;

/** See {@link goTool}. */
export function ensureTool(name: keyof typeof goTools): Promise<string> {
  return goTool(goTools, name);
}
