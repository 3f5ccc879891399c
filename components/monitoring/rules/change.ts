import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

/** Minutes after which a look for another Pod is overdue: there is one every 30 s, but not while a Pod is being applied. */
const overdueMinutes = 2;

/** Whether a machine takes up what is configured. Only a VM has these metrics. */
export function changeAlerts({ podOutdatedMinutes }: Thresholds, durations: Durations): Alert[] {
  return [
    {
      name: "RegistryCachePodOutdated",
      severity: "notify",
      topic: "change",
      expr: `registry_cache_pod_outdated == 1 or time() - registry_cache_pod_look_time_seconds > ${durations.seconds(overdueMinutes)}`,
      for: durations.minutes(podOutdatedMinutes),
      description: `The cache doesn't take up changes${reason}; its last good Pod serves on.`,
    },
  ];
}

/**
 * The reason of the same machine's failure in parentheses, or nothing. It isn't a label of the alert: with another reason, that would be another alert, which waits anew.
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
const reason = [
  '{{ $matchers := "" }}',
  '{{ range $name, $value := $labels }}{{ if ne $name "__name__" }}',
  '{{ $matchers = printf "%s%s=%q," $matchers $name $value }}',
  "{{ end }}{{ end }}",
  '{{ range printf "registry_cache_pod_failure_info{%s}" $matchers | query }} ({{ .Labels.reason }}){{ end }}',
].join("");
