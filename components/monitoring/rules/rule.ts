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

/** As in a rule file: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/**
 * Who is told, and how soon: `page` wakes somebody, `notify` is read on the next working day, `ticket` is for planned work, and `none` for nobody:
 * it's there for another rule or a machine.
 */
type Severity = "page" | "notify" | "ticket" | "none";

/** One alert, before a team's own labels. */
export interface Alert {
  readonly name: AlertName;
  readonly severity: Severity;
  /** A page that can wait until the morning: clients are served, if slower. @default false */
  readonly inWorkingHours?: boolean;
  /** What it is about, for routing. */
  readonly topic:
    | "availability"
    | "upstream"
    | "efficiency"
    | "storage"
    | "certificate"
    | "change"
    | "monitoring";
  readonly expr: string;
  /** How long it must hold, as {@link Durations} writes it. @default at once */
  readonly for?: string;
  /** One sentence, a template of Prometheus; the rest is in the runbook. */
  readonly description: string;
}
