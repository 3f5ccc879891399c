import { healthWord } from "./cells.ts";
import type { Fleet } from "./fleet.ts";
import { nameOf } from "./fleet.ts";

/** A line for each region. */
export function statusLines({ regions }: Fleet): string[] {
  const width = Math.max(0, ...regions.map((region) => nameOf(region).length));
  return regions.map((region) => {
    const { health } = region;
    const words = health
      ? [
          healthWord(health),
          ...(health.certificateDaysLeft === undefined
            ? []
            : [`certificate ${health.certificateDaysLeft} d`]),
          ...health.problems,
        ]
      : ["not brought up"];
    return `${nameOf(region).padEnd(width)}  ${words.join("; ")}`;
  });
}

/** Whether all regions that were brought up are well. */
export function isWell({ regions }: Fleet): boolean {
  return regions.every(({ health }) => health?.ok !== false);
}
