import { room, savings, speed, trouble } from "./details.ts";
import { overview } from "./overview.ts";
import type { Row } from "./panel.ts";

/** Everything that the dashboard shows, from top to bottom. */
export const rows: readonly Row[] = [overview, savings, speed, trouble, room];
