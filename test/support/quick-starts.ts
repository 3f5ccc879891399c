/** The pages of docs/quickstart. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { projectDirectory } from "./project.ts";

export interface QuickStart {
  /** The page's name: `aws-vm`. */
  readonly name: string;
  readonly text: string;
  /** The name of the stack whose file the page shows. */
  readonly stack: string;
  /** The text of that file. */
  readonly file: string;
  /** The name of the file's only region. */
  readonly region: string;
  /** The lines of all blocks of commands, in order. */
  readonly commands: readonly string[];
}

export function quickStart(name: string): QuickStart {
  const text = readFileSync(join(projectDirectory, "docs", "quickstart", `${name}.md`), "utf8");
  const [, file = "", stack = ""] =
    text.match(/^```yaml\n(# stacks\/Pulumi\.([\w-]+)\.yaml\n.*?)^```$/ms) ?? assert.fail("no stack file");
  const [region] = parse(file).config[`${namespace}:regions`];
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const commands = blocks.flatMap((block) => block.trimEnd().split("\n"));
  return { name, text, stack, file, region: region.name, commands };
}
