import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

/** Minutes without new metrics from the container `prefetch`. The pull of a large blob can take this long. */
const silentMinutes = 60;

/** Only caches with `prefetch` in their configuration have these metrics. */
export function prefetchAlerts({ prefetchHours }: Thresholds, durations: Durations): Alerts {
  const missing = "registry_cache_prefetch_images_wanted - registry_cache_prefetch_images_present > 0";
  const silent = `time() - registry_cache_prefetch_run_time_seconds > ${durations.seconds(silentMinutes)}`;
  return {
    RegistryCachePrefetchIncomplete: {
      severity: "notify",
      topic: "efficiency",
      expr: `${missing} or ${silent}`,
      for: durations.hours(prefetchHours),
      description: "Images of the prefetch list are missing in the cache.",
    },
  };
}
