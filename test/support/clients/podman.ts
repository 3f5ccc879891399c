import { podmanEnvironment } from "../../../components/hosts/local/podman.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";
import { type ContainersOptions, withCertDir } from "./skopeo.ts";

/** podman with its own image store, which is empty at the start and removed at the end. */
export interface PodmanClient extends AsyncDisposable {
  /** Pulls and unpacks, and returns the image's id. */
  pull(reference: string, options: ContainersOptions & { platform?: string }): Promise<string>;
  /** Runs a pulled image without network, and returns its output. */
  run(reference: string): Promise<string>;
  removeAll(): Promise<void>;
}

export async function podmanClient(): Promise<PodmanClient> {
  const dir = await tempDir();
  // The vfs driver mounts nothing, so removing the directory is enough. (Never use `podman system reset` for this: with any root, it removes networks
  // and run-time state of the whole machine.)
  const store = ["--storage-driver=vfs", `--root=${dir.path}/root`, `--runroot=${dir.path}/run`];
  const podman = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runClient("podman", [...store, `--tmpdir=${dir.path}/tmp`, ...args], {
      env: { ...podmanEnvironment(), ...env },
    });
  const removeAll = async () => {
    await podman(["rmi", "--all", "--force"]);
  };
  return {
    pull: (reference, { platform, caFile, registriesConf }) =>
      withCertDir(caFile, (certDir) => {
        const platformArgs = platform ? ["--platform", platform] : [];
        const env = registriesConf === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: registriesConf };
        return podman(["pull", "--quiet", "--cert-dir", certDir, ...platformArgs, reference], env);
      }),
    run: (reference) => podman(["run", "--rm", "--pull=never", "--network=none", reference]),
    removeAll,
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
