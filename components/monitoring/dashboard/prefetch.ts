import { row } from "./panel.ts";
import { rate, region } from "./selectors.ts";

/** These panels are empty without `prefetch` in the configuration. */
export const prefetch = row("Prefetch", {
  "Images and charts": {
    description: "Wanted, present, and left out because there was no room beside what is in use.",
    unit: "short",
    queries: {
      "wanted {{region}}": `registry_cache_prefetch_images_wanted{${region}}`,
      "present {{region}}": `registry_cache_prefetch_images_present{${region}}`,
      "no room {{region}}": `registry_cache_prefetch_images_without_room{${region}}`,
    },
  },
  "Prefetch transfer": {
    description: "From the upstream, before any client asks. No other panel about requests counts it.",
    unit: "Bps",
    queries: { "{{region}}": rate("registry_cache_prefetch_bytes_total", region) },
  },
  "Time since the last complete run": {
    description: "A run is complete when everything on the list is in the cache.",
    unit: "s",
    queries: { "{{region}}": `time() - registry_cache_prefetch_success_time_seconds{${region}}` },
  },
});
