import { z } from "zod";
import { thresholds } from "./thresholds.ts";

/** All alerts of a cache. Each one has a runbook, `docs/runbooks/<name>.md`. */
export const alertNames = [
  "RegistryCacheUnreachable",
  "RegistryCacheDown",
  "RegistryCacheNoSource",
  "RegistryCacheUpstreamUnreachable",
  "RegistryCacheTagsOutdated",
  "RegistryCacheHitRatioCollapsed",
  "RegistryCacheErrors",
  "RegistryCacheOriginErrors",
  "RegistryCacheSlow",
  "RegistryCacheAbuse",
  "RegistryCacheLimitReached",
  "RegistryCacheDiskFull",
  "RegistryCacheDiskFilling",
  "RegistryCacheBudgetShrinking",
  "RegistryCacheCorruptObjects",
  "RegistryCacheCertificateExpiring",
  "RegistryCacheRenewalFailing",
  "RegistryCacheProbeFailing",
  "RegistryCacheTargetMissing",
  "RegistryCacheRestartLoop",
  "RegistryCachePodOutdated",
  "RegistryCachePrefetchIncomplete",
  "Watchdog",
] as const;

export type AlertName = (typeof alertNames)[number];

/** A valid name of a Prometheus label. Prometheus reserves names that start with `__`. */
const labelName = z.string().regex(/^(?!__)[a-zA-Z_]\w*$/, {
  error: "must be a Prometheus label: letters, digits and underscores",
});

/** Labels by which the rules tell a cache's series apart. */
const ofSeries = ["instance", "job", "mountpoint", "pod", "replica", "upstream", "zone"];
/** Labels of a cache, which its alerts must keep. */
const ofCaches = ["alertname", "provider", "region", "topology"];

const ownLabelName = labelName
  .refine((name) => !ofSeries.includes(name), {
    error: "is a label of the cache's own series, which the alerts depend on: choose another name",
  })
  .refine((name) => !ofCaches.includes(name), {
    error: "is a label that the cache sets itself: remove it",
  });

/** In external labels, Prometheus replaces `$NAME` by an environment variable: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
export const externalLabels = z.record(
  ownLabelName,
  z.string().regex(/^[^$]*$/, {
    error: "has $ in it, which Prometheus takes for the beginning of a variable",
  }),
);

/** Labels and annotations of alerts are templates: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/#templating */
const noTemplate = z.string().regex(/^(?![\s\S]*\{\{)/, {
  error: "has {{ in it, which Prometheus takes for the beginning of a template",
});

const alertLabels = z.record(ownLabelName, noTemplate);

const labelTemplate = /\{\{ \$labels\.((?!__)[a-zA-Z_]\w*) \}\}/g;

/** A text in which `{{ $labels.NAME }}` is the only template. */
const labelTemplates = z
  .string()
  .regex(new RegExp(String.raw`^(?:(?!\{\{)[\s\S]|${labelTemplate.source})*$`), {
    error:
      "has {{ in it, which Prometheus takes for the beginning of a template: only {{ $labels.NAME }} is allowed",
  });

/** Replaces each `{{ $labels.NAME }}` of a `runbookUrl`. @param replacement by the label's name */
export function replaceLabelTemplates(url: string, replacement: (label: string) => string): string {
  return url.replaceAll(labelTemplate, (_, label: string) => replacement(label));
}

/** What a team can configure about the alerts. */
export const alerts = z.strictObject({
  labels: alertLabels
    .default({})
    .describe(
      "Labels of every alert, for routing, for example `team`. A change of these, `workingHoursLabels` or `overrides` restarts the waiting time of the alerts concerned.",
    ),
  workingHoursLabels: alertLabels
    .default({ cancel_if_outside_working_hours: "true" })
    .describe("Labels of a page that waits until the morning, because clients are served without the cache."),
  overrides: z
    .partialRecord(z.enum(alertNames), alertLabels)
    .default({})
    .describe(
      "Labels that replace those of single alerts, by the alert's name: `severity`, `topic` … An empty value removes a label.",
    ),
  runbookUrl: labelTemplates
    .regex(/\{alert\}/, { error: "has no {alert} in it, where the alert's name goes" })
    .default("docs/runbooks/{alert}.md")
    .describe(
      "URL of the runbooks, with `{alert}` for the alert's name. `{{ $labels.NAME }}` is a label of the alert's series, or else an external label of the Prometheus that evaluates the rule, encoded for the URL; empty if there is none.",
    ),
  thresholds: thresholds.prefault({}).describe("When the alerts fire."),
});
