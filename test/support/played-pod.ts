import type { PodmanPodInputs } from "../../components/hosts/local/podman-pod.ts";

/** The name that podman knows a container of the cache by. */
export function containerOf({ bundle }: Pick<PodmanPodInputs, "bundle">, container: string): string {
  return `${JSON.parse(bundle)[`parts/${container}/pod`]}-${container}`;
}
