/** The containers of a cache on this machine. */
import { podman } from "../../components/hosts/local/podman.ts";
import { filesOf } from "../../components/pod/part.ts";

/**
 * @returns the process id of a container's main process
 * @param container its name in podman
 * @throws PodmanError when there is no such container, and an Error when it isn't running
 */
export async function mainPid(container: string): Promise<number> {
  const [pid = 0] = await mainPids([container]);
  return pid;
}

/** The same for several containers, with one call of podman. */
export async function mainPids(containers: readonly string[]): Promise<number[]> {
  const pids = (await podman(["inspect", "--format", "{{.State.Pid}}", ...containers]))
    .split("\n")
    .map(Number);
  // podman's id of a process that doesn't exist. A signal to it would reach all processes of the caller's group.
  const at = pids.indexOf(0);
  if (at >= 0) throw new Error(`${containers[at]} isn't running`);
  return pids;
}

/**
 * The directory of the files that a container's program reloads while it runs.
 * @param container its name in podman
 * @param part its name in the Pod
 */
export function filesDirectory(container: string, part: string): Promise<string> {
  const destination = JSON.stringify(filesOf(part));
  const source = `{{range .Mounts}}{{if eq .Destination ${destination}}}{{.Source}}{{end}}{{end}}`;
  return podman(["inspect", "--format", source, container]);
}
