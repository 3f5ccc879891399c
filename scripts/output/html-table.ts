import { type Html, html } from "../../components/monitoring/status-page/page/html.ts";
import { columnOf, type Table } from "./columns.ts";

type Cell = string | Html;

/** Longer texts are broken into lines. */
const longest = 40;

/** A table that scrolls on its own if the page is narrower. */
export function table({ title, head, rows, foot = [] }: Table<Cell>): Html {
  const columns = head.map(columnOf);
  const classOf = (index: number) => (columns[index]?.isRight ? html` class="right"` : undefined);
  const row = ([name = "", ...cells]: readonly Cell[]) =>
    html`<tr><th scope="row">${name}</th>${columns.slice(1).map((_, index) => html`<td${classOf(index + 1)}>${wrapped(cells[index])}</td>`)}</tr>
`;
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr>${columns.map(({ header }, index) => html`<th scope="col"${classOf(index)}>${header}</th>`)}</tr></thead>
<tbody>
${rows.map(row)}</tbody>
${foot.length > 0 ? html`<tfoot>${foot.map(row)}</tfoot>` : undefined}
</table></div>`;
}

function wrapped(cell: Cell = ""): Cell {
  return typeof cell === "string" && cell.length > longest ? html`<span class="wrap">${cell}</span>` : cell;
}
