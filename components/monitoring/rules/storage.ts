import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

/** @param isOwn whether the Prometheus is the cache's own, which stores its samples on the cache's disk */
export function storageAlerts(thresholds: Thresholds, durations: Durations, isOwn: boolean): Alerts {
  const { diskFullReserve, diskFullMinutes, diskFillingHours, rootFree } = thresholds;
  const { shrunkBudget, shrunkHours, corruptPerHour } = thresholds;
  const free = "registry_cache_filesystem_avail_bytes";
  const reserve = "registry_cache_filesystem_min_free_bytes";
  const root = 'bytes{job="registry-cache-node",mountpoint="/"}';
  const room = 'registry_cache_store_max_bytes{zone="blobs"}';
  const ahead = `[${durations.hours(1)}], ${durations.seconds(diskFillingHours * 60)}) < 0`;
  return {
    RegistryCacheDiskFull: {
      severity: "page",
      inWorkingHours: true,
      topic: "storage",
      expr: [
        `${free} < ${diskFullReserve} * ${reserve}`,
        `node_filesystem_avail_${root} < ${rootFree} * node_filesystem_size_${root}`,
        // If nothing can be written, the samples that would show it are missing, too.
        ...(isOwn
          ? [`0 * absent_over_time(up{job="registry-cache-prometheus"}[${durations.minutes(2)}])`]
          : []),
      ].join(" or "),
      for: durations.minutes(diskFullMinutes),
      description:
        (isOwn
          ? "{{ if eq $labels.job \"registry-cache-prometheus\" }}Prometheus can't store samples: the cache's disk is full or read-only, or the clock is wrong.{{ else }}"
          : "") +
        "Only {{ $value | humanize1024 }}B can be written to {{ or $labels.mountpoint `the cache's disk` }}." +
        (isOwn ? "{{ end }}" : ""),
    },
    RegistryCacheDiskFilling: {
      severity: "notify",
      topic: "storage",
      // The cache fills its disk on purpose, up to the reserve. So only a disk with less free space than that counts. An upgrade fills the machine's own disk quickly.
      expr: [
        `predict_linear(${free}${ahead} and ${free} < ${reserve}`,
        `predict_linear(node_filesystem_avail_${root}${ahead} and node_filesystem_avail_${root} < ${2 * rootFree} * node_filesystem_size_${root}`,
      ].join(" or "),
      for: durations.minutes(diskFullMinutes),
      description: `{{ or $labels.mountpoint \`The cache's disk\` }} will be full within ${diskFillingHours} h, at the rate of the last hour.`,
    },
    RegistryCacheBudgetShrinking: {
      severity: "ticket",
      topic: "storage",
      expr: `${room} < ${shrunkBudget} * max_over_time(${room}[${durations.hours(7 * 24)}])`,
      for: durations.hours(shrunkHours),
      description:
        "The cache has room for only {{ $value | humanize1024 }}B of blobs. In the last week, it had more.",
    },
    RegistryCacheCorruptObjects: {
      severity: "notify",
      topic: "storage",
      expr: `increase(registry_cache_corrupt_objects_total[${durations.hours(1)}]) > ${corruptPerHour}`,
      description:
        'In the last hour, the cache has deleted {{ $value | printf "%.0f" }} objects whose content doesn\'t have their digest.',
    },
  };
}
