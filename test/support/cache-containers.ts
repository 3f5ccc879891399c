/** The containers of a cache on this machine. */
import { podman } from "../../components/hosts/local/podman.ts";
import { filesOf } from "../../components/pod/part.ts";

/** @param container the name that podman knows it by. @throws PodmanError when there is no such container */
export async function mainPid(container: string): Promise<number> {
  return Number(await podman(["inspect", "--format", "{{.State.Pid}}", container]));
}

/**
 * The directory with the files that a container's program takes up while it runs.
 * @param container the name that podman knows it by
 * @param part what it is called in the Pod
 */
export function filesDirectory(container: string, part: string): Promise<string> {
  const destination = JSON.stringify(filesOf(part));
  const source = `{{range .Mounts}}{{if eq .Destination ${destination}}}{{.Source}}{{end}}{{end}}`;
  return podman(["inspect", "--format", source, container]);
}
