/** The containers of a Pod as processes of this machine. */
import { podman } from "../../components/hosts/local/podman.ts";

/** @param container the name that podman knows it by. @throws PodmanError when there is no such container */
export async function mainPid(container: string): Promise<number> {
  return Number(await podman(["inspect", "--format", "{{.State.Pid}}", container]));
}
