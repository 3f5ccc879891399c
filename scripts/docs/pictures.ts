/** Renders the documentation's pictures as SVG, from the Mermaid text next to each of them. */
import { renderMermaidSVG } from "beautiful-mermaid";

/** For GitHub's light and dark themes. */
const colours = {
  light: {
    bg: "#ffffff",
    fg: "#1f2328",
    line: "#59636e",
    accent: "#1f2328",
    muted: "#59636e",
    surface: "#f6f8fa",
    border: "#d1d9e0",
  },
  dark: {
    bg: "#0d1117",
    fg: "#f0f6fc",
    line: "#9198a1",
    accent: "#f0f6fc",
    muted: "#9198a1",
    surface: "#151b23",
    border: "#3d444d",
  },
} as const;

/**
 * Renders an SVG that follows the reader's light or dark theme and loads nothing.
 * @param mermaid a flowchart or a sequence diagram, with its title as a comment in the first line
 * @throws Error if it has no title, or is another kind of diagram
 */
export function renderPicture(mermaid: string): string {
  const [, title] = mermaid.match(/^%% (.+)$/m) ?? [];
  if (title === undefined) throw new Error("the picture has no title: begin its text with `%% Title`");
  const svg = renderMermaidSVG(mermaid.replaceAll(/^%%.*\n/gm, ""), { font: "system-ui" });
  const variables = (theme: Readonly<Record<string, string>>) =>
    Object.entries(theme)
      .map(([name, value]) => `--${name}: ${value};`)
      .join(" ");
  const themes = `svg { ${variables(colours.light)} background: var(--bg); }
  @media (prefers-color-scheme: dark) { svg { ${variables(colours.dark)} } }`;
  const text = svg
    .replace(/(<svg [^>]*?) style="--bg:[^"]*">/, `$1 role="img">\n<title>${title}</title>`)
    .replace("'system-ui', system-ui", "system-ui")
    // Some viewers don't support the other value. At the end of a line, both have the same effect.
    .replaceAll(/(<marker id="seq-arrow[^>]*) orient="auto-start-reverse"/g, '$1 orient="auto"')
    .replace(/^ *@import .*$/m, `  ${themes}`)
    // Rounds the layout's fractions, whose last digits are irrelevant.
    .replaceAll(/\d+\.\d{3,}/g, (digits) => String(Math.round(Number(digits) * 100) / 100));
  if (text.includes("@import") || !text.includes(themes) || !text.includes("<title>"))
    throw new Error("the renderer's style has another form");
  return `${text.trimEnd()}\n`;
}
