import { stringify } from "yaml";
import { type AlertName, replaceLabelTemplates } from "../../config/alerts.ts";
import type { StackConfig } from "../../config/schema.ts";
import { dashboardUid } from "../dashboard/dashboard.ts";
import { availabilityAlerts, unreachableAlert } from "./availability.ts";
import { certificateAlerts } from "./certificate.ts";
import { changeAlerts } from "./change.ts";
import { durationsBy } from "./durations.ts";
import { monitoringAlerts } from "./monitoring.ts";
import { prefetchAlerts } from "./prefetch.ts";
import { recordingRules } from "./recording.ts";
import type { AlertingRule, Alerts, RuleGroup } from "./rule.ts";
import { storageAlerts } from "./storage.ts";
import { trafficAlerts } from "./traffic.ts";
import { upstreamAlerts } from "./upstream.ts";

type AlertSettings = StackConfig["monitoring"]["alerts"];

export interface RuleOptions {
  /** See {@link durationsBy}. @default 60 */
  readonly secondsPerMinute?: number;
  /** Whether the rules are for a cache's own Prometheus. It doesn't see other caches and has no probe from outside, so what needs these is left out: the rules must fit into a machine's user data. @default false */
  readonly isOwn?: boolean;
  /** Whether the rules are for the Prometheus of one of several replicas, which doesn't see the others. @default false */
  readonly isOneOfSeveral?: boolean;
}

/** All rules of a cache, as the groups of a rule file: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
export function ruleGroups(
  alerts: AlertSettings,
  { secondsPerMinute = 60, isOwn = false, isOneOfSeveral = false }: RuleOptions = {},
): RuleGroup[] {
  const { thresholds } = alerts;
  const durations = durationsBy(secondsPerMinute);
  return [
    {
      name: "registry-cache",
      // Prometheus evaluates the rules of a group in order, so the series that alerts use come first.
      rules: [
        ...recordingRules(durations),
        ...alertingRules(alerts, {
          ...(!isOwn && unreachableAlert(thresholds, durations)),
          ...availabilityAlerts(thresholds, durations, isOneOfSeveral),
          ...upstreamAlerts(thresholds, durations),
          ...trafficAlerts(thresholds, durations),
          ...storageAlerts(thresholds, durations, isOwn),
          ...certificateAlerts(thresholds, durations),
          ...changeAlerts(thresholds, durations),
          ...prefetchAlerts(thresholds, durations),
          ...monitoringAlerts(thresholds, durations, isOwn),
        }),
      ],
    },
  ];
}

/** The content of a rule file with {@link ruleGroups}. */
export function renderRules(alerts: AlertSettings, options?: RuleOptions): string {
  return stringify({ groups: ruleGroups(alerts, options) }, { lineWidth: 0 });
}

/** Adds the team's labels and URLs to alerts. Prometheus drops labels with an empty value. */
function alertingRules(
  { labels, workingHoursLabels, overrides, runbookUrl }: AlertSettings,
  alerts: Alerts,
): AlertingRule[] {
  return Object.entries(alerts).map(([name, alert]) => ({
    alert: name as AlertName,
    expr: alert.expr,
    ...(alert.for && { for: alert.for }),
    labels: {
      ...labels,
      severity: alert.severity,
      topic: alert.topic,
      ...(alert.inWorkingHours && workingHoursLabels),
      ...overrides[name as AlertName],
    },
    annotations: {
      description: alert.description,
      runbook_url: replaceLabelTemplates(runbookUrl, orExternal).replaceAll("{alert}", name),
      __dashboardUid__: dashboardUid,
    },
  }));
}

/** Series have no external labels until they leave a Prometheus, so a cache's own Prometheus finds them only in `$externalLabels`. */
function orExternal(label: string): string {
  return `{{ or $labels.${label} $externalLabels.${label} | urlquery }}`;
}
