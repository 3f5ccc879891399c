import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of a module beside another one, from the directory that the program runs in: there, the engine also runs the code of dynamic resources, which stands in the
 * stack's state and so can't name a directory of one machine.
 *
 * @param url `import.meta.url` of the other module
 * @param name without its extension
 */
export function fromProgram(url: string, name: string): string {
  const path = fileURLToPath(url);
  return relative(process.cwd(), join(dirname(path), `${name}${extname(path)}`));
}
