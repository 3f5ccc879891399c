import { stringify } from "yaml";
import type { StackConfig } from "../../config/schema.ts";
import { dashboardUid } from "../dashboard/dashboard.ts";
import { availabilityAlerts, unreachableAlert } from "./availability.ts";
import { certificateAlerts } from "./certificate.ts";
import { changeAlerts } from "./change.ts";
import { durationsBy } from "./durations.ts";
import { monitoringAlerts } from "./monitoring.ts";
import { prefetchAlerts } from "./prefetch.ts";
import { recordingRules } from "./recording.ts";
import type { Alert, AlertingRule, RuleGroup } from "./rule.ts";
import { storageAlerts } from "./storage.ts";
import { trafficAlerts } from "./traffic.ts";
import { upstreamAlerts } from "./upstream.ts";

type Alerts = StackConfig["monitoring"]["alerts"];

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
  alerts: Alerts,
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
        ...[
          ...(isOwn ? [] : [unreachableAlert(thresholds, durations)]),
          ...availabilityAlerts(thresholds, durations, isOneOfSeveral),
          ...upstreamAlerts(thresholds, durations),
          ...trafficAlerts(thresholds, durations),
          ...storageAlerts(thresholds, durations, isOwn),
          ...certificateAlerts(thresholds, durations),
          ...changeAlerts(thresholds, durations),
          ...prefetchAlerts(thresholds, durations),
          ...monitoringAlerts(thresholds, durations, isOwn),
        ].map((alert) => alertingRule(alert, alerts)),
      ],
    },
  ];
}

/** The content of a rule file with {@link ruleGroups}. */
export function renderRules(alerts: Alerts, options?: RuleOptions): string {
  return stringify({ groups: ruleGroups(alerts, options) }, { lineWidth: 0 });
}

/** Adds the team's labels and URLs to an alert. Prometheus drops labels with an empty value. */
function alertingRule(
  alert: Alert,
  { labels, workingHoursLabels, overrides, runbookUrl }: Alerts,
): AlertingRule {
  return {
    alert: alert.name,
    expr: alert.expr,
    ...(alert.for && { for: alert.for }),
    labels: {
      ...labels,
      severity: alert.severity,
      topic: alert.topic,
      ...(alert.inWorkingHours && workingHoursLabels),
      ...overrides[alert.name],
    },
    annotations: {
      description: alert.description,
      runbook_url: runbookUrl.replaceAll("{alert}", alert.name),
      __dashboardUid__: dashboardUid,
    },
  };
}
