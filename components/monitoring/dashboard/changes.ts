import { defaultPodOutdatedMinutes } from "../../config/default-thresholds.ts";
import { row } from "./panel.ts";
import { region } from "./selectors.ts";

/** Whether machines run the configured Pod. On Kubernetes and in a local stack these panels are empty, because no machine follows a Pod there. */
export const changes = row("Pod changes (VMs only)", {
  "Running Pod": {
    description: "The first digits of its digest.",
    kind: "stat",
    unit: "short",
    nameOnly: true,
    queries: { "{{digest}} {{region}}": `registry_cache_pod_applied_info{${region}}` },
  },
  "Wanted Pod": {
    description:
      "What was configured last. If it differs from the running Pod, the machine applies it within a minute.",
    kind: "stat",
    unit: "short",
    nameOnly: true,
    queries: { "{{digest}} {{region}}": `registry_cache_pod_wanted_info{${region}}` },
  },
  "Change pending": {
    description: "Yes: the wanted Pod differs from the running one, or the last change failed.",
    kind: "stat",
    unit: "bool_yes_no",
    bad: { from: 1 },
    queries: { "{{region}}": `registry_cache_pod_outdated{${region}}` },
  },
  "Reason for the last failure": {
    description:
      "What it means: docs/runbooks/RegistryCachePodOutdated.md. No data: the last change succeeded.",
    kind: "stat",
    unit: "short",
    bad: { from: 1 },
    nameOnly: true,
    queries: { "{{reason}} {{region}}": `registry_cache_pod_failure_info{${region}}` },
  },
  "Time since the last change": {
    description: "How long the running Pod has been in use.",
    kind: "stat",
    unit: "s",
    queries: { "{{region}}": `time() - registry_cache_pod_applied_time_seconds{${region}}` },
  },
  "Time since the last check": {
    description: "The machine checks for a new Pod every 30 seconds, except while it applies one.",
    kind: "stat",
    unit: "s",
    bad: { from: defaultPodOutdatedMinutes * 60 },
    queries: { "{{region}}": `time() - registry_cache_pod_look_time_seconds{${region}}` },
  },
});
