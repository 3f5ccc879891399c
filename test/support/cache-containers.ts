/** The containers of a cache on this machine. */
import { podman } from "../../components/hosts/local/podman.ts";
import { filesOf } from "../../components/pod/part.ts";

/** @returns the process id of a container's main process. @param container its name in podman. @throws PodmanError when there is no such container */
export async function mainPid(container: string): Promise<number> {
  return Number(await podman(["inspect", "--format", "{{.State.Pid}}", container]));
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
