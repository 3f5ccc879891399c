import type { PodmanPodInputs } from "../../components/hosts/local/podman-pod.ts";

/** A container's name in podman, by its name in the Pod. */
export function containerOf({ bundle }: Pick<PodmanPodInputs, "bundle">, container: string): string {
  return `${JSON.parse(bundle)[`parts/${container}/pod`]}-${container}`;
}
