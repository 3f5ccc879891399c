/** The page's script: `npm run generate` bundles it into generated/page.js. */
import { figuresOf } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { geometryOf, legendOf, type Plot, svgOf } from "./plot.ts";
import { lastDay, plotsOf } from "./plots.ts";
import { Prometheus } from "./prometheus.ts";
import { alertSection, figureSection, stateSection, verdictSection } from "./sections.ts";
import { stateOf } from "./state.ts";
import { clock } from "./units.ts";
import { verdictOf } from "./verdict.ts";

/** The parts of the browser's DOM that the page uses, because the project doesn't include its types. https://developer.mozilla.org/docs/Web/API */
interface Element {
  innerHTML: string;
  title: string;
  readonly clientWidth: number;
  setAttribute(name: string, value: string): void;
  getBoundingClientRect(): { readonly left: number };
  querySelector(selector: string): Element;
  addEventListener(type: string, listener: (event: { readonly clientX: number }) => void): void;
}
declare const document: {
  title: string;
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
const shown = new Map<string, string>();

/** Replaces an element's content only if it differs, so that a selection or the focus stays. */
function show(id: string, content: Html): void {
  if (shown.get(id) === content.text) return;
  shown.set(id, content.text);
  document.getElementById(id).innerHTML = content.text;
}

function now(): number {
  return Date.now() / 1000;
}

async function showState(): Promise<void> {
  const state = await stateOf(prometheus, now());
  const verdict = verdictOf(state);
  document.title = `${verdict.word}: ${title}`;
  show("verdict", verdictSection(verdict));
  show("alerts", alertSection(state));
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
}

function drawPlots(): void {
  for (const [index, plot] of plots.entries()) {
    const place = document.getElementById(`plot${index}`);
    show(`plot${index}`, svgOf(plot, { width: place.clientWidth, height: plotHeight }));
    show(`legend${index}`, legendOf(plot));
  }
}

/** Shows the values at the pointer in the legend. */
function followPointer(index: number): void {
  const place = document.getElementById(`plot${index}`);
  const mark = (x: number, step?: number) => {
    const plot = plots[index];
    if (plot === undefined) return;
    for (const end of ["x1", "x2"]) place.querySelector(".cursor").setAttribute(end, String(x));
    show(`legend${index}`, legendOf(plot, step));
  };
  place.addEventListener("pointermove", ({ clientX }) => {
    const plot = plots[index];
    if (plot === undefined) return;
    const geometry = geometryOf(plot, { width: place.clientWidth, height: plotHeight });
    const step = geometry.indexAt(clientX - place.getBoundingClientRect().left);
    mark(geometry.x(step), step);
  });
  place.addEventListener("pointerleave", () => mark(-9));
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
});
repeat(showFigures, refresh.figures, (reason) =>
  show("figures", html`<p class="dim">Prometheus doesn't answer: ${reason}</p>`),
);
repeat(showPlots, refresh.plots, (reason) =>
  show("plot0", html`<p class="dim">Prometheus doesn't answer: ${reason}</p>`),
);
for (let index = 0; index < 4; index++) followPointer(index);
addEventListener("resize", drawPlots);
