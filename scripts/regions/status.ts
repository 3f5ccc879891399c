import { texts } from "../../components/capacity/text.ts";
import { healthWord } from "./cells.ts";
import { type Fleet, nameOf } from "./fleet.ts";

/** One line per region. */
export function statusLines({ regions }: Fleet): string[] {
  const width = Math.max(0, ...regions.map((region) => nameOf(region).length));
  return regions.map((region) => {
    const { health, state } = region;
    const days = health?.certificateDaysLeft;
    const words = health
      ? texts(healthWord(health), days !== undefined && `certificate ${days} d`, ...health.problems)
      : [state === "up" ? "up, and not asked: its outputs can't be read" : state];
    return `${nameOf(region).padEnd(width)}  ${words.join("; ")}`;
  });
}

/** Whether all regions that were brought up are healthy, and all could be checked. */
export function isWell({ regions, problems }: Fleet): boolean {
  return problems.length === 0 && regions.every(({ health }) => health?.ok !== false);
}
