import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

/** Minutes after which a look for another Pod is overdue: there is one every 30 s, but not while a Pod is being applied. */
const overdueMinutes = 2;

/** Whether what is configured is taken up: by a machine, and by the programs that read it while they run. */
export function changeAlerts({ podOutdatedMinutes }: Thresholds, durations: Durations): Alert[] {
  return [
    {
      name: "RegistryCachePodOutdated",
      severity: "notify",
      topic: "change",
      expr: [
        // Only a VM has these.
        "registry_cache_pod_outdated == 1",
        `time() - registry_cache_pod_look_time_seconds > ${durations.seconds(overdueMinutes)}`,
        // A program that is started with what it refuses doesn't come up.
        "registry_cache_edge_configuration_refused == 1",
        'prometheus_config_last_reload_successful{job="registry-cache-prometheus"} == 0',
      ].join(" or "),
      for: durations.minutes(podOutdatedMinutes),
      description: `The cache doesn't take up changes${reason}. It runs with its earlier configuration.`,
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
