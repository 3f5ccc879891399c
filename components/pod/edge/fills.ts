/** Blobs under way: nginx stores each on the disk, but counts only those that are complete. */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { edgePaths } from "./paths.ts";

type Options = Pick<PodOptions, "budget" | "ports" | "store">;

/** There while the janitor (see janitor.sh) finds that blobs take their room, with those that are to be complete. */
const fullMark = `${edgePaths.cache}/tmp/full`;

/** Of the group of servers that a blob comes from. */
export function blobOrigin({ budget }: Options): string {
  return budget.fillsMiB === undefined ? "origin-$upstream" : "$blob_origin";
}

/** For the http block: whom a blob can come from when there is no room, and which ones are too large to be stored at all. */
export function fillMaps({ budget, ports }: Options): Directive[] {
  const { fillsMiB } = budget;
  if (fillsMiB === undefined) return [];
  return [
    block("upstream", ["full"], [directive("server", `127.0.0.1:${ports.edgeUnavailable}`)]),
    block(
      "map",
      ["$upstream_status $upstream_http_content_length", "$unstored"],
      [directive("default", 0), directive(`~200 ${atLeast((fillsMiB / 2) * 1024 ** 2)}$`, 1)],
    ),
  ];
}

/**
 * For the server block, before the location is chosen. What is stored is served as ever. Anything else is refused, so that clients fall back; but where clients are sent
 * to the store, what it has takes no room.
 */
export function fillRules({ budget, store }: Options): Directive[] {
  if (budget.fillsMiB === undefined) return [];
  const whenFull = store?.delivery === "redirect" ? "stored-$upstream" : "full";
  return [
    directive("set", "$blob_origin", "origin-$upstream"),
    block("if", ["(-f", `${fullMark})`], [directive("set", "$blob_origin", whenFull)]),
  ];
}

/** For the locations of blobs. What isn't stored must not be buffered on the disk, either. */
export function fillLimits({ budget }: Options): Directive[] {
  if (budget.fillsMiB === undefined) return [];
  return [directive("proxy_no_cache", "$unstored"), directive("proxy_max_temp_file_size", 0)];
}

/** A pattern of all numbers from this one on, which is rounded down to two digits. */
function atLeast(number: number): string {
  const digits = String(number);
  const [first, second] = [Number(digits[0]), Number(digits[1])];
  const rest = digits.length - 2;
  const same = `${first}[${second}-9]`;
  const higher = first < 9 ? `|[${first + 1}-9]\\d` : "";
  return `(?:\\d{${digits.length + 1},}|(?:${same}${higher})\\d{${rest}})`;
}
