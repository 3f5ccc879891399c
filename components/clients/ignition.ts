import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";

/**
 * The files in Ignition's JSON. Butane includes it by `ignition.config.merge`.
 *
 * For Flatcar and other systems with Ignition. 3.3.0 is the newest version that Flatcar and all supported releases of OpenShift accept.
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
