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
  /** For a cache's own Prometheus, which has no probe from outside: what only that can tell is left out, since all rules must fit into a machine's user data. @default false */
  readonly isOwn?: boolean;
  /** For the Prometheus of one replica of several, which sees no other. @default false */
  readonly isOneOfSeveral?: boolean;
}

/** All rules of a cache, as groups of a rule file: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
export function ruleGroups(
  alerts: Alerts,
  { secondsPerMinute = 60, isOwn = false, isOneOfSeveral = false }: RuleOptions = {},
): RuleGroup[] {
  const { thresholds } = alerts;
  const durations = durationsBy(secondsPerMinute);
  return [
    {
      name: "registry-cache",
      // In one group, rules are evaluated in their order: first what the alerts are made of.
      rules: [
        ...recordingRules(durations),
        ...[
          ...(isOwn ? [] : [unreachableAlert(thresholds, durations)]),
          ...availabilityAlerts(thresholds, durations, isOneOfSeveral),
          ...upstreamAlerts(thresholds, durations),
          ...trafficAlerts(thresholds, durations),
          ...storageAlerts(thresholds, durations),
          ...certificateAlerts(thresholds, durations),
          ...changeAlerts(thresholds, durations),
          ...prefetchAlerts(thresholds, durations),
          ...monitoringAlerts(thresholds, durations),
        ].map((alert) => alertingRule(alert, alerts)),
      ],
    },
  ];
}

/** The same as a rule file. */
export function renderRules(alerts: Alerts, options?: RuleOptions): string {
  return stringify({ groups: ruleGroups(alerts, options) }, { lineWidth: 0 });
}

/** With a team's labels and addresses. A label that is empty is none: Prometheus drops it. */
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
