/** Kinds from software that clusters install. The API server knows them, but no controller acts on them. */
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CustomObjectsApi, loadYaml, type V1CustomResourceDefinition } from "@kubernetes/client-node";
import { ensureFiles } from "../setup/go-files.ts";
import type { ControlPlane } from "./control-plane.ts";
import { waitUntil } from "./wait.ts";

export type CrdBundle =
  | "gateway-api"
  | "cert-manager"
  | "cilium"
  | "external-secrets"
  | "prometheus-operator";

/** A glob of the definitions in each bundle that the project's objects and commands use. The others are large, and the API server takes seconds for them. */
const files: Record<CrdBundle, string> = {
  "gateway-api": "*_{gateways,httproutes}.yaml",
  "cert-manager": "*_{certificates,certificaterequests,challenges,clusterissuers,orders}.yaml",
  cilium: "ciliumnetworkpolicies.yaml",
  "external-secrets": "*_externalsecrets.yaml",
  "prometheus-operator": "*_{podmonitors,prometheusrules,scrapeconfigs}.yaml",
};

/** Applies the definitions, each in the version that its project released, and waits until they are served. */
export async function applyCrds(plane: ControlPlane, ...bundles: readonly CrdBundle[]): Promise<void> {
  const api = plane.config.makeApiClient(CustomObjectsApi);
  const definitions = (await Promise.all(bundles.map(read))).flat();
  await Promise.all(
    definitions.map(async (definition) => {
      await plane.objects.create(definition);
      const { group, versions, names } = definition.spec;
      for (const { name: version } of versions.filter(({ served }) => served)) {
        // It doesn't wait for the definition's own conditions, because reading a large definition takes longer than serving it.
        await waitUntil(`${names.plural}.${group}/${version} are served`, async () => {
          const { resources } = await api.getAPIResources({ group, version });
          return resources.some(({ name }) => name === names.plural);
        });
      }
    }),
  );
}

async function read(bundle: CrdBundle): Promise<V1CustomResourceDefinition[]> {
  const paths = globSync(join(await ensureFiles(bundle), files[bundle]));
  return Promise.all(
    paths.map(
      async (file) =>
        withoutDescriptions(loadYaml(await readFile(file, "utf8"))) as V1CustomResourceDefinition,
    ),
  );
}

/** Descriptions are most of a definition, and each client of the API server reads them. The schema of a property with this name isn't text, and stays. */
function withoutDescriptions(definition: unknown): unknown {
  return JSON.parse(JSON.stringify(definition), (key, value) =>
    key === "description" && typeof value === "string" ? undefined : value,
  );
}
