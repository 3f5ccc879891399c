import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";

/**
 * The files as Ignition's JSON, which Butane takes in as `ignition.config.merge`.
 *
 * For Flatcar and other systems that Ignition sets up. 3.3.0 is the newest version that Flatcar and all releases of OpenShift in support take.
 * https://coreos.github.io/ignition/configuration-v3_3/ and https://www.flatcar.org/docs/latest/provisioning/ignition/specification/
 */
export function ignitionConfiguration(options: ClientOptions) {
  return {
    ignition: { version: "3.3.0" },
    storage: {
      files: nodeFiles(options).map(({ path, content }) => ({
        path,
        mode: 0o644,
        overwrite: true,
        contents: { source: `data:;base64,${Buffer.from(content).toString("base64")}` },
      })),
    },
  };
}
