import { defaultCertificateDays } from "../../../config/default-thresholds.ts";
import type { Figure } from "./figures.ts";
import { type Html, html } from "./html.ts";
import type { Alert } from "./prometheus.ts";
import { only, type State, silentParts } from "./state.ts";
import { bytes, clock, count, duration, percent, seconds } from "./units.ts";
import type { Level, Verdict } from "./verdict.ts";

/** Signs that accompany the colours. */
const signs: Readonly<Record<Level, string>> = {
  good: "✓",
  notice: "!",
  degraded: "!",
  down: "✕",
  unknown: "?",
};

export function verdictSection({ level, word, reasons }: Verdict): Html {
  const [first, ...rest] = reasons;
  return html`<p class="${level}"><i aria-hidden="true">${signs[level]}</i><b>${word}</b> <span>${first}${
    rest.length > 0 ? ` And ${rest.length} more below.` : undefined
  }</span></p>`;
}

/** Empty without alerts, because the verdict already says so. Without the texts, which change while an alert holds. */
export function alertSection(alerts: readonly Alert[]): Html {
  if (alerts.length === 0) return html``;
  return html`<h2>Alerts</h2><ul class="alerts">${alerts.map(alertItem)}</ul>`;
}

function alertItem({ key, firing, severity, runbook }: Alert, index: number): Html {
  const tag = firing ? severity : "pending";
  return html`<li><b class="tag ${tag}">${tag}</b><span id="alert${index}"></span>${
    runbook === undefined ? undefined : html`<a id="${key}" href="${runbook}" rel="noreferrer">Runbook</a>`
  }</li>`;
}

export function alertText(alert: Alert, at: number): Html {
  const { name, firing, description, since, forSeconds } = alert;
  const age = duration(at - since);
  return firing
    ? html`${description} <span class="dim">${name}, for ${age}</span>`
    : html`${name} <span class="dim">pending for ${age}; fires in ${duration(Math.max(0, since + forSeconds - at))} if its condition holds</span>`;
}

/** @param windows the titles of the windows */
export function figureSection(figures: readonly Figure[], windows: readonly string[]): Html {
  return html`<table><thead><tr><td></td>${windows.map((window) => html`<th scope="col">${window}</th>`)}</tr></thead><tbody>${figures.map(
    ({ name, texts }) =>
      html`<tr><th scope="row">${name}</th>${texts.map((text) => html`<td>${text}</td>`)}</tr>`,
  )}</tbody></table>`;
}

/** A part's health, name and state. */
type Line = readonly [well: boolean | undefined, name: string, text: string | Html];

/** The health of the parts, the usage of the disk, and for a machine that follows its Pod, the wanted and the running Pod. */
export function stateSection(state: State): Html {
  const lines = [
    ...answers(state),
    ...store(state),
    ...certificate(state),
    ...prefetch(state),
    ...changes(state),
  ];
  return html`<dl>${lines.map(lineOf)}</dl>`;
}

function lineOf([well, name, text]: Line): Html {
  const state =
    well === undefined ? html`<i></i>` : well ? html`<i class="good">✓</i>` : html`<i class="down">✕</i>`;
  return html`<div><dt>${state}${name}</dt><dd>${text}</dd></div>`;
}

function answers(state: State): Line[] {
  const { samples } = state;
  const endpoint = only(samples.endpoint);
  const silent = silentParts(state);
  const parts = samples.parts.length;
  const took = new Map(samples.upstreamSeconds.map(({ labels, value }) => [labels.upstream, value]));
  return [
    endpoint === undefined
      ? [undefined, "Endpoint", "not probed yet"]
      : [endpoint === 1, "Endpoint", endpoint === 1 ? "answers" : "doesn't answer"],
    ...samples.upstreams.map(
      ({ labels: { upstream = "" }, value }): Line => [
        value === 1,
        `Upstream ${upstream}`,
        value === 1 ? `answers in ${seconds(took.get(upstream))}` : "doesn't answer",
      ],
    ),
    [
      parts === 0 ? undefined : silent.length === 0,
      "Parts",
      silent.length === 0 ? `all ${parts} answer` : `no metrics from ${silent.join(", ")}`,
    ],
  ];
}

function store({ samples }: State): Line[] {
  const [stored, storable] = [only(samples.stored), only(samples.storable)];
  const [free, reserve] = [only(samples.free), only(samples.reserve)];
  const hasRoom = free === undefined || reserve === undefined || free > reserve / 2;
  return [
    ...(stored === undefined || storable === undefined
      ? []
      : [
          [
            undefined,
            "Stored",
            `${bytes(stored)} of ${bytes(storable)} (${percent(stored / storable)}), ${count(only(samples.objects))} objects`,
          ] as const,
        ]),
    ...(free === undefined
      ? []
      : [[hasRoom, "Free on the disk", `${bytes(free)}; the reserve is ${bytes(reserve)}`] as const]),
  ];
}

function certificate({ samples, at }: State): Line[] {
  const left = only(samples.certificateSeconds);
  if (left === undefined) return [];
  const text =
    left > 0
      ? `valid for ${duration(left)}, until ${clock(at + left, at)}`
      : "has expired: clients refuse it";
  return [[left > defaultCertificateDays * 86_400 || (left > 0 && undefined), "Certificate", text]];
}

function prefetch({ samples }: State): Line[] {
  const [present, wanted] = [only(samples.prefetchPresent), only(samples.prefetchWanted)];
  if (present === undefined || wanted === undefined) return [];
  return [[present >= wanted, "Prefetched", `${count(present)} of ${count(wanted)} images and charts`]];
}

function changes({ samples, at }: State): Line[] {
  const started = only(samples.started);
  const since = (time: number) => `${clock(time, at)} (${duration(at - time)} ago)`;
  const digest = ({ labels }: { labels: Readonly<Record<string, string>> }) => labels.digest ?? "";
  const [applied, wanted] = [samples.applied.map(digest)[0], samples.wanted.map(digest)[0]];
  const appliedAt = only(samples.appliedAt);
  const reason = samples.failure[0]?.labels.reason;
  return [
    ...(applied === undefined
      ? []
      : [
          [
            undefined,
            "Runs",
            html`<code>${applied}</code>${appliedAt === undefined ? undefined : ` since ${since(appliedAt)}`}`,
          ] as const,
        ]),
    ...(wanted === undefined
      ? []
      : [
          [
            wanted === applied,
            "Wanted",
            wanted === applied ? "the same" : html`<code>${wanted}</code>, not applied yet`,
          ] as const,
        ]),
    ...(reason === undefined ? [] : [[false, "The last change failed", reason] as const]),
    ...(started === undefined ? [] : [[undefined, "nginx runs since", since(started)] as const]),
  ];
}
