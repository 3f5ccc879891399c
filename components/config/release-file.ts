import { parseAllDocuments } from "yaml";
import { entriesOf, fieldOf, textsIn, valueAt } from "./as-written.ts";
import { imageReference } from "./image-reference.ts";

/** The file isn't a list of references. */
export class ReleaseFileError extends Error {}

/**
 * Reads the images and charts of a release from a file.
 *
 * - YAML and JSON (by the file's extension): all strings that are references with a tag or digest, for example in rendered manifests, a list or a lock file.
 * - A `Release` of https://github.com/giantswarm/releases: it has only names and versions of charts, so `charts` gives their registry.
 * - Any other file: one reference per line. `#` begins a comment.
 *
 * @param name the file's name
 * @param charts a reference with `{name}` and `{version}`. @default none: a `Release` is an error
 * @throws ReleaseFileError
 */
export function referencesOf(name: string, text: string, charts?: string): string[] {
  const found = /\.(?:ya?ml|json)$/.test(name) ? ofDocuments(text, charts) : ofLines(text);
  if (found.length === 0) throw new ReleaseFileError("names no image or chart with a tag or digest");
  return [...new Set(found)];
}

function ofLines(text: string): string[] {
  return text.split("\n").flatMap((line) => line.replace(/(?:^|\s)#.*/, "").trim() || []);
}

function ofDocuments(text: string, charts: string | undefined): string[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new ReleaseFileError(`isn't YAML: ${error.message.split("\n")[0]}`);
    const content: unknown = document.toJS();
    return [...textsIn(content).filter((it) => imageReference(it)), ...chartsOf(content, charts)];
  });
}

/** The charts of a `Release`: all apps, and the components with a catalog. The other components are Kubernetes itself and parts of machine images. */
function chartsOf(content: unknown, charts: string | undefined): string[] {
  if (fieldOf(content, "kind") !== "Release") return [];
  if (charts === undefined) {
    throw new ReleaseFileError(
      "names charts by name and version: say where they are by `charts`, like registry.example.com/charts/{name}:{version}",
    );
  }
  const components = entriesOf(valueAt(["spec", "components"], content));
  return [
    ...entriesOf(valueAt(["spec", "apps"], content)),
    ...components.filter((it) => fieldOf(it, "catalog") !== undefined),
  ].map((chart) => {
    const [name, version] = [fieldOf(chart, "name"), fieldOf(chart, "version")];
    if (typeof name !== "string" || typeof version !== "string") {
      const what = JSON.stringify({ name, version });
      throw new ReleaseFileError(
        `has a chart whose name or version is missing, or a number without quotes: ${what}`,
      );
    }
    // A tag can't contain a plus sign, so Helm replaces it: https://helm.sh/docs/topics/registries/
    return charts.replaceAll("{name}", name).replaceAll("{version}", version.replaceAll("+", "_"));
  });
}
