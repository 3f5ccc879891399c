import type { AlertName } from "../../config/alerts.ts";

export interface RecordingRule {
  /** `level:metric:operations`: https://prometheus.io/docs/practices/rules/ */
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: AlertName;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A group in a rule file: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/**
 * The urgency of an alert: `page` wakes somebody, `notify` is read on the next working day, and `ticket` is for planned work. `none` notifies
 * nobody: the alert is for another rule or a program.
 */
type Severity = "page" | "notify" | "ticket" | "none";

/** One alert, before a team's own labels. */
export interface Alert {
  readonly severity: Severity;
  /** Whether a page can wait until the morning, because clients are served, if more slowly. @default false */
  readonly inWorkingHours?: boolean;
  /** What the alert is about, for routing. */
  readonly topic:
    | "availability"
    | "upstream"
    | "efficiency"
    | "storage"
    | "certificate"
    | "change"
    | "monitoring";
  readonly expr: string;
  /** How long the condition must hold, in the format of {@link Durations}. @default the alert fires immediately */
  readonly for?: string;
  /** A short text, as a Prometheus template. The runbook has the rest. */
  readonly description: string;
}

export type Alerts = Readonly<Partial<Record<AlertName, Alert>>>;
