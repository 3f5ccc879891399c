import type { Row } from "./panel.ts";
import { region } from "./selectors.ts";

/** Whether machines run what is configured. On Kubernetes and in a local stack nothing follows a Pod, and these panels are empty. */
export const changes: Row = {
  title: "Changes of a VM's Pod",
  panels: [
    {
      title: "Pod that runs",
      description: "By the first digits of its digest.",
      kind: "stat",
      unit: "short",
      nameOnly: true,
      queries: { "{{digest}} {{region}}": `registry_cache_pod_applied_info{${region}}` },
    },
    {
      title: "Pod that is wanted",
      description: "What was configured last. Another one than runs is applied within a minute.",
      kind: "stat",
      unit: "short",
      nameOnly: true,
      queries: { "{{digest}} {{region}}": `registry_cache_pod_wanted_info{${region}}` },
    },
    {
      title: "Changes outstanding",
      description: "Yes: another Pod is wanted, or the last change failed.",
      kind: "stat",
      unit: "bool_yes_no",
      bad: { from: 1 },
      queries: { "{{region}}": `registry_cache_pod_outdated{${region}}` },
    },
    {
      title: "Reason of the failure",
      description:
        "Why the last change failed, as docs/runbooks/RegistryCachePodOutdated.md explains it. No data: it didn't.",
      kind: "stat",
      unit: "short",
      bad: { from: 1 },
      nameOnly: true,
      queries: { "{{reason}} {{region}}": `registry_cache_pod_failure_info{${region}}` },
    },
    {
      title: "Since the last change",
      description: "How long the Pod has been in use.",
      kind: "stat",
      unit: "s",
      queries: { "{{region}}": `time() - registry_cache_pod_applied_time_seconds{${region}}` },
    },
    {
      title: "Since the last look",
      description: "There is one every 30 seconds, but not while a Pod is being applied.",
      kind: "stat",
      unit: "s",
      bad: { from: 600 },
      queries: { "{{region}}": `time() - registry_cache_pod_look_time_seconds{${region}}` },
    },
  ],
};
