import { type Html, html } from "./html.ts";
import { only, type State, silentParts, silentUpstreams } from "./state.ts";

/** `notice`: somebody should look, but clients aren't affected. `degraded`: clients are affected, or soon will be. `down`: the cache doesn't serve clients. */
export type Level = "good" | "notice" | "degraded" | "down" | "unknown";

/** The overall state of the cache, in one line. */
export interface Verdict {
  readonly level: Level;
  readonly word: string;
  /** Sentences, the most important one first. */
  readonly reasons: readonly string[];
}

/** The topics of alerts that affect clients, or soon will. */
const aboutClients = ["availability", "upstream", "storage", "certificate"];

export function verdictOf(state: State): Verdict {
  const { alerts, samples } = state;
  const endpoint = only(samples.endpoint);
  const firing = alerts.filter((alert) => alert.firing);
  if (endpoint === undefined) {
    return {
      level: "unknown",
      word: firing.length > 0 ? "Not known" : "Starting",
      reasons: unique([
        "The endpoint has not been probed in the last 5 minutes.",
        ...firing.map(({ description }) => description),
      ]),
    };
  }
  const silent = silentUpstreams(state);
  const said = new Set(firing.map(({ upstream }) => upstream));
  if (endpoint === 0) {
    const down = firing.filter(({ topic }) => topic === "availability").map(({ description }) => description);
    return {
      level: "down",
      word: "Not serving",
      reasons: unique([...down, "The endpoint doesn't answer: clients pull from the upstreams."]),
    };
  }
  const parts = silentParts(state);
  const serious = unique([
    ...firing.filter(({ topic }) => aboutClients.includes(topic)).map(({ description }) => description),
    ...silent
      .filter((upstream) => !said.has(upstream))
      .map((upstream) => `${upstream} doesn't answer: what is cached is served.`),
  ]);
  const others = unique([
    ...firing.filter(({ topic }) => !aboutClients.includes(topic)).map(({ description }) => description),
    ...(parts.length > 0 ? [`No metrics from ${parts.join(", ")}.`] : []),
    ...alerts
      .filter(({ firing, upstream }) => !firing && !silent.includes(upstream ?? ""))
      .map(({ name }) => `${name} is pending.`),
  ]);
  if (serious.length > 0) return { level: "degraded", word: "Degraded", reasons: [...serious, ...others] };
  if (others.length > 0) return { level: "notice", word: "Serving, with warnings", reasons: others };
  const isNew = !only(samples.asked) && !only(samples.objects);
  return {
    level: "good",
    word: "Serving",
    reasons: [isNew ? "The cache is new and empty: nothing has been pulled yet." : "No alerts."],
  };
}

/** What screen readers say. It doesn't change with the numbers in descriptions. */
export function announcementOf({ word }: Verdict, { alerts }: State): Html {
  return html`${[word, ...alerts.flatMap(({ firing, name }) => (firing ? name : []))].join(", ")}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
