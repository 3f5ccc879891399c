import { parseArgs } from "node:util";
import { prometheusUrl } from "./prometheus.ts";

const formats = ["table", "markdown", "json", "html"] as const;

export interface Arguments {
  /** The stacks to report, all if there are none. */
  readonly stacks: readonly string[];
  /** From the Pulumi backend, as the stacks were brought up last, in place of the stack files. */
  readonly backend: boolean;
  /** A git revision to compare with. */
  readonly base?: string;
  readonly format: (typeof formats)[number];
  /** A file for the report, in place of standard output. */
  readonly out?: string;
  /** Where usage was measured. */
  readonly prometheus?: URL;
  /** Files with what was billed, none if nothing is asked of it. */
  readonly focus: readonly string[];
}

export const usage = `Usage: npm run cost [-- OPTION … STACK …]

What the caches of all stacks cost in a month, by estimate; with STACK … only those.

  --backend         as the stacks were brought up last, from the Pulumi backend, in place of the files in stacks/
  --base REVISION   with the difference to the stack files of a git revision, such as origin/main (not for html)
  --format FORMAT   table (default); markdown, for a pull request; json, all that is known; html, a page
  --out FILE        into a file, in place of the terminal
  --prometheus URL  beside it the cost by the usage that a Prometheus has measured, and what was saved by then
  --focus FILE      beside it what was billed, from an export in FOCUS as CSV, .csv.gz or Parquet, by the stacks' tags; may be repeated
                    (not with --base)
  --help            this

Exit code: 0 all is in the report; 1 something isn't, and standard error says what; 2 wrong usage.`;

/**
 * @param args the command line without program and script.
 * @returns undefined where help is asked for.
 * @throws Error that says what is wrong, in one line.
 */
export function parseArguments(args: readonly string[]): Arguments | undefined {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      backend: { type: "boolean", default: false },
      base: { type: "string" },
      format: { type: "string", default: "table" },
      out: { type: "string" },
      prometheus: { type: "string" },
      focus: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  const { backend, base, out, focus, help } = values;
  if (help) return undefined;
  const format = formats.find((name) => name === values.format);
  if (!format) throw new Error(`"${values.format}" is not a format: one of ${formats.join(", ")}`);
  if (base !== undefined && format === "html") throw new Error("--base goes with table, markdown and json");
  if (base !== undefined && backend) throw new Error("--base compares stack files: not with --backend");
  if (focus.length > 0 && base !== undefined) throw new Error("--focus goes without --base");
  return {
    stacks: positionals,
    backend,
    format,
    focus,
    ...(base !== undefined && { base }),
    ...(out !== undefined && { out }),
    ...(values.prometheus !== undefined && { prometheus: prometheusUrl(values.prometheus) }),
  };
}
