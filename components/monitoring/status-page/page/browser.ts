/** The page's script: `npm run generate` bundles it into generated/page.js. */
import { figuresOf } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { geometryOf, legendOf, type Plot, type Size, svgOf } from "./plot.ts";
import { lastDay, plotsOf } from "./plots.ts";
import { Prometheus } from "./prometheus.ts";
import { alertSection, alertText, figureSection, stateSection, verdictSection } from "./sections.ts";
import { type State, stateOf } from "./state.ts";
import { clock } from "./units.ts";
import { announcementOf, verdictOf } from "./verdict.ts";

/** The parts of the browser's DOM that the page uses, because the project doesn't include its types. https://developer.mozilla.org/docs/Web/API */
interface Element {
  innerHTML: string;
  readonly innerText: string;
  readonly id: string;
  readonly clientWidth: number;
  focus(): void;
  setAttribute(name: string, value: string): void;
  getBoundingClientRect(): { readonly left: number };
  querySelector(selector: string): Element;
  addEventListener(type: string, listener: (event: PointerOrKey) => void): void;
}
interface PointerOrKey {
  readonly clientX: number;
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  preventDefault(): void;
}
declare const document: {
  title: string;
  readonly activeElement: Element;
  readonly visibilityState: string;
  getElementById(id: string): Element;
  querySelector(selector: string): Element | null;
  addEventListener(type: string, listener: () => void): void;
};
declare function addEventListener(type: string, listener: () => void): void;

/** The timeout of a request, and the intervals between two updates. In seconds. */
const patience = 20;
const refresh = { state: 15, figures: 60, plots: 300 };
const windows = { "1h": "Last hour", "1d": "Last day" };
const plotHeight = 170;

interface Answer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: unknown;
}

const prometheus = new Prometheus(async (path, parameters) => {
  const signal = AbortSignal.timeout(patience * 1000);
  const response = await fetch(`api/v1/${path}?${new URLSearchParams(parameters)}`, { signal });
  const answer = (await response.json().catch(() => ({}))) as Answer;
  if (answer.status !== "success") throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer.data;
});

const title = document.title;
const shown = new WeakMap<Element, string>();

/** Replaces an element's content only if it differs, so that a selection or the focus stays. */
function show(id: string, { text }: Html): void {
  const element = document.getElementById(id);
  if (shown.get(element) === text) return;
  shown.set(element, text);
  element.innerHTML = text;
}

/** The items are new only if other alerts hold. The focus then returns to its runbook, or stays near it. */
function showAlerts({ alerts, at }: State): void {
  const { id } = document.activeElement;
  show("alerts", alertSection(alerts));
  if (document.activeElement.id !== id) {
    const verdict = document.getElementById("verdict");
    const [same, other] = [document.getElementById(id), document.querySelector("#alerts a")];
    (same ?? other ?? verdict).focus();
  }
  for (const [index, alert] of alerts.entries()) show(`alert${index}`, alertText(alert, at));
}

function now(): number {
  return Date.now() / 1000;
}

async function showState(): Promise<void> {
  const state = await stateOf(prometheus, now());
  const verdict = verdictOf(state);
  document.title = `${verdict.word}: ${title}`;
  show("verdict", verdictSection(verdict));
  show("said", announcementOf(verdict, state));
  showAlerts(state);
  show("state", stateSection(state));
  show("updated", html`Updated ${clock(state.at, state.at)}.`);
}

async function showFigures(): Promise<void> {
  show("figures", figureSection(await figuresOf(prometheus, Object.keys(windows)), Object.values(windows)));
}

let plots: Plot[] = [];
/** The times that readers chose, by plot: at the pointer, and by keys while the plot has the focus. */
const pointed: (number | undefined)[] = [];
const keyed: (number | undefined)[] = [];

async function showPlots(): Promise<void> {
  plots = await plotsOf(prometheus, lastDay(Math.floor(now())));
  drawPlots();
  show("late", html``);
}

function sizeOf(place: Element): Size {
  return { width: place.clientWidth, height: plotHeight };
}

function drawPlots(): void {
  for (const [index, plot] of plots.entries()) {
    const place = document.getElementById(`plot${index}`);
    show(`plot${index}`, svgOf(plot, sizeOf(place), `day${index}`));
    mark(index);
  }
}

/** Shows the values at the chosen time in the legend, or the latest ones, and makes them the slider's. */
function mark(index: number): void {
  const [plot, time] = [plots[index], pointed[index] ?? keyed[index]];
  if (plot === undefined) return;
  const place = document.getElementById(`plot${index}`);
  const legend = document.getElementById(`legend${index}`);
  const { x, indexAt } = geometryOf(plot, sizeOf(place));
  const step = time === undefined ? undefined : indexAt(x((time - plot.steps.first) / plot.steps.step));
  const transform = step === undefined ? "scale(0)" : `translate(${x(step)})`;
  place.querySelector(".cursor").setAttribute("transform", transform);
  show(legend.id, legendOf(plot, step));
  place.setAttribute("aria-valuenow", `${step ?? indexAt(Infinity)}`);
  place.setAttribute("aria-valuetext", legend.innerText.replaceAll("\n", ", "));
}

/** By key: how many steps it moves. https://www.w3.org/WAI/ARIA/apg/patterns/slider/ */
const moves: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  Home: -Infinity,
  End: Infinity,
};

/** Lets the reader choose a time in a plot. */
function followReader(index: number): void {
  const place = document.getElementById(`plot${index}`);
  const choose = (byPointer?: number, byKeys?: number) => {
    pointed[index] = byPointer;
    keyed[index] = byKeys;
    mark(index);
  };
  place.addEventListener("pointermove", ({ clientX }) => {
    const plot = plots[index];
    if (plot === undefined) return;
    const step = geometryOf(plot, sizeOf(place)).indexAt(clientX - place.getBoundingClientRect().left);
    choose(plot.steps.first + step * plot.steps.step, keyed[index]);
  });
  place.addEventListener("pointerleave", () => choose(undefined, keyed[index]));
  place.addEventListener("blur", () => choose(pointed[index]));
  place.addEventListener("keydown", (event) => {
    const [plot, move] = [plots[index], moves[event.key]];
    if (event.key === "Escape") choose();
    if (plot === undefined || move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { first, last, step } = plot.steps;
    const clamp = (time: number) => Math.min(last, Math.max(first, time));
    choose(undefined, clamp(clamp(pointed[index] ?? keyed[index] ?? last) + move * step));
  });
}

/** Runs a task repeatedly while the page is visible. */
function repeat(task: () => Promise<void>, everySeconds: number, failed: (reason: string) => void): void {
  let last = 0;
  let running = false;
  const run = async () => {
    if (running || document.visibilityState === "hidden" || now() - last < everySeconds - 0.5) return;
    running = true;
    last = now();
    await task().catch((error: Error) => {
      failed(error.message);
      last = now() - everySeconds + refresh.state;
    });
    running = false;
  };
  run();
  setInterval(run, 1000);
}

repeat(showState, refresh.state, (reason) => {
  document.title = `No answer: ${title}`;
  const reasons = [`Prometheus doesn't answer (${reason}). What is below may be old.`];
  show("verdict", verdictSection({ level: "unknown", word: "Unknown", reasons }));
  show("said", html`Unknown: Prometheus doesn't answer`);
});
repeat(showFigures, refresh.figures, (reason) =>
  show("figures", html`<p class="dim">Prometheus doesn't answer: ${reason}</p>`),
);
repeat(showPlots, refresh.plots, (reason) => {
  const [plot] = plots;
  const what = plot ? `Not updated since ${clock(plot.steps.last, now())}` : "Prometheus doesn't answer";
  show("late", html`<p class="dim">${what}: ${reason}</p>`);
});
for (let index = 0; index < 4; index++) followReader(index);
addEventListener("resize", drawPlots);
