import { stringify } from "yaml";
import type { RenderedRegion } from "./stack.ts";

/** What a directory gets. */
export interface Rendered {
  /** In a word: `Objects`. */
  readonly what: string;
  /** Texts by their paths. */
  readonly files: Readonly<Record<string, string>>;
}

/** A directory for each region, with a file for each object and a kustomization: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ */
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

/** A file for each region. */
export function chartValues(regions: readonly RenderedRegion[]): Rendered {
  const files = regions.map(({ region, objects }) => [`${region.name}.yaml`, yaml({ objects })]);
  return { what: "Values for the chart registry-cache", files: Object.fromEntries(files) };
}

/** For readers of YAML 1.1, as those in Go are, to whom `on` is true and `010` is eight: https://github.com/kubernetes-sigs/yaml */
function yaml(value: object): string {
  return stringify(value, { version: "1.1", aliasDuplicateObjects: false, lineWidth: 0 });
}
