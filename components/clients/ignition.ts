import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";

/** The files as Ignition's JSON; Butane takes it in as `ignition.config.merge`. */
export interface IgnitionConfiguration {
  readonly ignition: { readonly version: "3.3.0" };
  readonly storage: {
    readonly files: readonly {
      readonly path: string;
      /** Octal 644, in decimal. */
      readonly mode: 420;
      readonly overwrite: true;
      readonly contents: { readonly source: string };
    }[];
  };
}

/**
 * For Flatcar and other systems that Ignition sets up. 3.3.0 is the newest version that Flatcar and all releases of OpenShift in support take.
 * https://coreos.github.io/ignition/configuration-v3_3/ and https://www.flatcar.org/docs/latest/provisioning/ignition/specification/
 */
export function ignitionConfiguration(options: ClientOptions): IgnitionConfiguration {
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
