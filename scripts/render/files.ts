import { stringify } from "yaml";
import type { RenderedRegion } from "./stack.ts";

/** The files for a directory. */
export interface Rendered {
  /** One word: `Objects`. */
  readonly what: string;
  /** Texts by their paths. */
  readonly files: Readonly<Record<string, string>>;
}

/** One directory per region, with a file per object and a kustomization: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ */
export function kustomizations(regions: readonly RenderedRegion[]): Rendered {
  const files = regions.flatMap(({ region: { name: directory }, objects }) => {
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: Object.keys(objects).map((name) => `${name}.yaml`),
    };
    return Object.entries({ ...objects, kustomization }).map(([name, object]) => [
      `${directory}/${name}.yaml`,
      yaml(object),
    ]);
  });
  return { what: "Objects", files: Object.fromEntries(files) };
}

/** One file per region. */
export function chartValues(regions: readonly RenderedRegion[]): Rendered {
  const files = regions.map(({ region, objects }) => [`${region.name}.yaml`, yaml({ objects })]);
  return { what: "Values for the chart registry-cache", files: Object.fromEntries(files) };
}

/** Writes YAML 1.1, because Go's parsers read it: to them, an unquoted `on` is true and `010` is eight: https://github.com/kubernetes-sigs/yaml */
function yaml(value: object): string {
  return stringify(value, { version: "1.1", aliasDuplicateObjects: false, lineWidth: 0 });
}
