import type { Row } from "./panel.ts";
import { rate, region } from "./selectors.ts";

/** Without `prefetch` in the configuration, these panels are empty. */
export const prefetch: Row = {
  title: "Prefetch",
  panels: [
    {
      title: "Images and charts",
      description: "Wanted, there, and left out because what is in use would have had to go.",
      kind: "timeseries",
      unit: "short",
      queries: {
        "wanted {{region}}": `registry_cache_prefetch_images_wanted{${region}}`,
        "there {{region}}": `registry_cache_prefetch_images_present{${region}}`,
        "without room {{region}}": `registry_cache_prefetch_images_without_room{${region}}`,
      },
    },
    {
      title: "Pulled ahead",
      description: "From the upstream, before anyone asked. It's in no other panel about requests.",
      kind: "timeseries",
      unit: "Bps",
      queries: { "{{region}}": rate("registry_cache_prefetch_bytes_total", region) },
    },
    {
      title: "Since all of it was there",
      description: "A look that found everything, or brought it.",
      kind: "timeseries",
      unit: "s",
      queries: { "{{region}}": `time() - registry_cache_prefetch_success_time_seconds{${region}}` },
    },
  ],
};
