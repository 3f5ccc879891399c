/** A client for the page's requests to the cache's Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/ */

export type Labels = Readonly<Record<string, string>>;

/** An element of an instant vector. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** An element of a range vector: a value for each step, or undefined for a gap. */
export interface Series {
  readonly labels: Labels;
  readonly values: readonly (number | undefined)[];
}

/** The times of a range, in Unix time, from the first to the last inclusive. `step` in seconds. */
export interface Steps {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** An alert that is pending or fires. */
export interface Alert {
  readonly name: string;
  /** Tells it from all others, also after a change of its numbers. */
  readonly key: string;
  readonly firing: boolean;
  readonly severity: string;
  readonly topic: string;
  /** The rule's description. It is true only once the alert fires, because it may say how long a condition has held. */
  readonly description: string;
  /** URL of the runbook. Absent if a browser can't open it. */
  readonly runbook?: string;
  /** The upstream that the alert is about, if any. */
  readonly upstream?: string;
  /** Unix time. */
  readonly since: number;
  /** Seconds from {@link Alert.since} until it fires. */
  readonly forSeconds: number;
}

type Get = (path: string, parameters: Record<string, string>) => Promise<unknown>;

export class Prometheus {
  readonly #get: Get;

  /** @param get returns the `data` of an answer. Throws if there is none */
  constructor(get: Get) {
    this.#get = get;
  }

  async query(query: string): Promise<Sample[]> {
    const data = (await this.#get("query", { query })) as { result: VectorElement[] };
    return data.result.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
  }

  /** Sends all queries at the same time. The answers have the queries' names. */
  async queryAll<Name extends string>(
    queries: Readonly<Record<Name, string>>,
  ): Promise<Record<Name, Sample[]>> {
    const names = Object.keys(queries) as Name[];
    const answers = names.map(async (name) => [name, await this.query(queries[name])] as const);
    return Object.fromEntries(await Promise.all(answers)) as Record<Name, Sample[]>;
  }

  async queryRange(query: string, { first, last, step }: Steps): Promise<Series[]> {
    const parameters = { query, start: String(first), end: String(last), step: String(step) };
    const data = (await this.#get("query_range", parameters)) as { result: MatrixElement[] };
    const length = Math.floor((last - first) / step) + 1;
    return data.result.map(({ metric, values }) => {
      const series = new Array<number | undefined>(length).fill(undefined);
      for (const [time, text] of values) {
        const value = Number(text);
        if (Number.isFinite(value)) series[Math.round((time - first) / step)] = value;
      }
      return { labels: metric, values: series };
    });
  }

  /** The alerts that notify somebody, the most urgent first. */
  async alerts(): Promise<Alert[]> {
    const data = (await this.#get("rules", { type: "alert" })) as { groups: RuleGroup[] };
    return data.groups
      .flatMap(({ rules }) => rules.flatMap(alertsOf))
      .filter(({ severity }) => severity !== "none")
      .sort((one, other) => urgency(one) - urgency(other) || other.since - one.since);
  }
}

interface VectorElement {
  readonly metric: Labels;
  readonly value: readonly [seconds: number, text: string];
}

interface MatrixElement {
  readonly metric: Labels;
  readonly values: readonly (readonly [seconds: number, text: string])[];
}

interface RuleGroup {
  readonly rules: readonly AlertingRule[];
}

interface AlertingRule {
  readonly name: string;
  readonly duration: number;
  readonly alerts: readonly {
    readonly state: string;
    readonly labels: Labels;
    readonly annotations: Labels;
    readonly activeAt: string;
  }[];
}

function alertsOf({ name, duration, alerts }: AlertingRule): Alert[] {
  return alerts.map(({ state, labels, annotations, activeAt }) => {
    const { severity = "", topic = "", upstream } = labels;
    const { description = name, runbook_url: runbook = "" } = annotations;
    return {
      name,
      key: JSON.stringify(labels),
      firing: state === "firing",
      severity,
      topic,
      description,
      since: Date.parse(activeAt) / 1000,
      forSeconds: duration,
      ...(/^https?:\/\//.test(runbook) && { runbook }),
      ...(upstream && { upstream }),
    };
  });
}

function urgency({ firing, severity }: Alert): number {
  const rank = ["page", "notify", "ticket"].indexOf(severity);
  return (firing ? 0 : 10) + (rank < 0 ? 9 : rank);
}
