import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

/** Minutes after which a check for a new Pod is overdue. A machine checks every 30 s, except while it applies a Pod. */
const overdueMinutes = 2;

/** Alerts for a configuration that doesn't take effect, on a machine or in programs that reload it. */
export function changeAlerts({ podOutdatedMinutes }: Thresholds, durations: Durations): Alerts {
  return {
    RegistryCachePodOutdated: {
      severity: "notify",
      topic: "change",
      expr: [
        // Only VMs have these metrics.
        "registry_cache_pod_outdated == 1",
        `time() - registry_cache_pod_look_time_seconds > ${durations.seconds(overdueMinutes)}`,
        // These are about running programs. A program that starts with an invalid configuration doesn't come up.
        "registry_cache_edge_configuration_refused == 1",
        'prometheus_config_last_reload_successful{job="registry-cache-prometheus"} == 0',
      ].join(" or "),
      for: durations.minutes(podOutdatedMinutes),
      description: `The cache doesn't take up changes${reason}. It runs with its earlier configuration.`,
    },
  };
}

/**
 * The reason of the machine's failure in parentheses, or nothing. It isn't a label, because an alert with another reason would be a new alert, which waits again before it fires.
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
const reason = [
  '{{ $matchers := "" }}',
  '{{ range $name, $value := $labels }}{{ if ne $name "__name__" }}',
  '{{ $matchers = printf "%s%s=%q," $matchers $name $value }}',
  "{{ end }}{{ end }}",
  '{{ range printf "registry_cache_pod_failure_info{%s}" $matchers | query }} ({{ .Labels.reason }}){{ end }}',
].join("");
