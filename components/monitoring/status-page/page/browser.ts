/** The page's script: `npm run generate` bundles it into generated/page.js. */
import { figuresOf } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { type Geometry, geometryOf, legendOf, type Plot, type Size, svgOf } from "./plot.ts";
import { lastDay, plotsOf } from "./plots.ts";
import { Prometheus } from "./prometheus.ts";
import { alertSection, alertText, figureSection, stateSection, verdictSection } from "./sections.ts";
import { type State, stateOf } from "./state.ts";
import { clock } from "./units.ts";
import { announcementOf, verdictOf } from "./verdict.ts";

/** The parts of the browser's DOM that the page uses, because the project doesn't include its types. https://developer.mozilla.org/docs/Web/API */
interface Element {
  innerHTML: string;
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

/** The items are new only if other alerts hold, and the focus then returns to its runbook. */
function showAlerts({ alerts, at }: State): void {
  const { id } = document.activeElement;
  show("alerts", alertSection(alerts));
  if (document.activeElement.id !== id) document.getElementById(id)?.focus();
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
    show(`plot${index}`, svgOf(plot, sizeOf(place)));
    show(`legend${index}`, legendOf(plot));
  }
}

/** By key: how many steps it moves. */
const moves: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  Home: -Infinity,
  End: Infinity,
};

/** Shows the values at the pointer, or at the step that keys choose, in the legend. */
function followReader(index: number): void {
  const place = document.getElementById(`plot${index}`);
  const legend = document.getElementById(`legend${index}`);
  let step: number | undefined;
  const mark = (choose: (geometry: Geometry) => number | undefined) => {
    const plot = plots[index];
    if (plot === undefined) return;
    const geometry = geometryOf(plot, sizeOf(place));
    step = choose(geometry);
    const transform = step === undefined ? "scale(0)" : `translate(${geometry.x(step)})`;
    place.querySelector(".cursor").setAttribute("transform", transform);
    show(`legend${index}`, legendOf(plot, step));
  };
  const leave = () => mark(() => undefined);
  place.addEventListener("pointermove", ({ clientX }) =>
    mark(({ indexAt }) => indexAt(clientX - place.getBoundingClientRect().left)),
  );
  place.addEventListener("pointerleave", leave);
  place.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (event.key === "Escape") leave();
    if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    mark(({ indexAt, x }) => indexAt(x((step ?? indexAt(Infinity)) + move)));
  });
  // Screen readers say what the reader of this plot chooses, and not every update.
  place.addEventListener("focus", () => legend.setAttribute("aria-live", "polite"));
  place.addEventListener("blur", () => {
    legend.setAttribute("aria-live", "off");
    leave();
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
