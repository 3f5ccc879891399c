/** Kinds that clusters have when something is installed there: here they are only known, nobody acts on them. */
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadYaml, type V1CustomResourceDefinition } from "@kubernetes/client-node";
import { ensureFiles } from "../setup/go-files.ts";
import type { ControlPlane } from "./control-plane.ts";
import { waitUntil } from "./wait.ts";

export type CrdBundle =
  | "gateway-api"
  | "cert-manager"
  | "cilium"
  | "external-secrets"
  | "prometheus-operator";

/** Of a bundle, those that are needed, as a pattern. @default all of them */
const files: Partial<Record<CrdBundle, string>> = { "external-secrets": "*_externalsecrets.yaml" };

/** Makes the control plane serve them, each in the version that its project released. */
export async function applyCrds({ objects }: ControlPlane, ...bundles: readonly CrdBundle[]): Promise<void> {
  const definitions = (await Promise.all(bundles.map(read))).flat();
  await Promise.all(
    definitions.map(async (definition) => {
      const { apiVersion = "", kind = "", metadata: { name = "" } = {} } = definition;
      await objects.create(definition);
      await waitUntil(`${name} are served`, async () => {
        const header = { apiVersion, kind, metadata: { name } };
        const { status } = await objects.read<V1CustomResourceDefinition>(header);
        return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
      });
    }),
  );
}

async function read(bundle: CrdBundle): Promise<V1CustomResourceDefinition[]> {
  const paths = globSync(join(await ensureFiles(bundle), files[bundle] ?? "*.yaml"));
  return Promise.all(
    paths.map(async (file) => loadYaml<V1CustomResourceDefinition>(await readFile(file, "utf8"))),
  );
}
