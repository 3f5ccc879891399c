import type { PodPorts } from "../../components/config/ports.ts";
import type { PodmanPodInputs } from "../../components/hosts/local/podman-pod.ts";
import { type Bundle, bundleText } from "../../components/hosts/podman/bundle.ts";

/** The same Pod without Prometheus, for tests that don't ask it anything. No other part needs it, and its start and scrapes take much of a test's processor time. */
export function withoutPrometheus(
  pod: PodmanPodInputs,
  { prometheus }: Pick<PodPorts, "prometheus">,
): PodmanPodInputs {
  const bundle: Bundle = JSON.parse(pod.bundle);
  const others = Object.entries(bundle).filter(([path]) => !path.startsWith("parts/prometheus/"));
  return {
    ...pod,
    bundle: bundleText(Object.fromEntries(others)),
    ready: pod.ready.filter((url) => Number(new URL(url).port) !== prometheus),
  };
}
