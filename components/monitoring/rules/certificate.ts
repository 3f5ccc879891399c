import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

export function certificateAlerts(thresholds: Thresholds, durations: Durations): Alerts {
  const { certificateDays, renewalHours, renewalSilenceHours } = thresholds;
  return {
    RegistryCacheCertificateExpiring: {
      severity: "page",
      inWorkingHours: true,
      topic: "certificate",
      expr: `probe_ssl_earliest_cert_expiry{job="registry-cache-endpoint"} - time() < ${certificateDays} * 86400`,
      description:
        "{{ if lt $value 0.0 }}The cache's certificate has expired: clients refuse the cache and pull from the upstreams.{{ else }}The cache's certificate expires in {{ $value | humanizeDuration }}. Then clients refuse the cache.{{ end }}",
    },
    RegistryCacheRenewalFailing: {
      severity: "notify",
      topic: "certificate",
      expr: `registry_cache_acme_failures > 0 or time() - registry_cache_acme_run_time_seconds > ${renewalSilenceHours} * 3600`,
      for: durations.hours(renewalHours),
      description: "Renewal of the cache's certificate fails, or nothing attempts it.",
    },
  };
}
