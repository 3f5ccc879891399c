import type { Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import { ifThere, type Question } from "./cluster-api.ts";

/** What others put into the namespace, and the replicas need. */
interface Provided {
  /** The setting that names it. */
  readonly path: string;
  /** As a person says it: `the Secret wildcard`. */
  readonly what: string;
  find(): Promise<object | undefined | null>;
}

/** Whether it is there. In a namespace that is still to be made, it can only come later: until then, the replicas wait. */
async function providedProblems(
  { region, hasNamespace }: Question,
  { path, what, find }: Provided,
): Promise<Problem[]> {
  const { name, create } = region.namespace;
  if (!hasNamespace) {
    if (!create) return [];
    const message = `${what} must be put into the namespace ${name} as soon as that exists: the replicas wait for it`;
    warn([{ path, message }], region.name);
    return [];
  }
  if ((await find()) !== undefined) return [];
  return [{ path, message: `${what} isn't in the namespace ${name}` }];
}

/** The Secrets by which nodes pull the images. */
export async function pullSecretProblems(question: Question): Promise<Problem[]> {
  const { region, api } = question;
  const { name: namespace } = region.namespace;
  const problems = region.pods.imagePullSecrets.map(({ name }, index) =>
    providedProblems(question, {
      path: `pods.imagePullSecrets[${index}].name`,
      what: `the Secret ${name}`,
      find: () => ifThere(api.core.readNamespacedSecret({ name, namespace })),
    }),
  );
  return (await Promise.all(problems)).flat();
}

/** The certificate, or who issues it. */
export async function certificateProblems(question: Question): Promise<Problem[]> {
  const { region, api } = question;
  const { name: namespace } = region.namespace;
  const { tls } = region.endpoint;
  if (tls.mode === "provided") {
    const { secretName: name } = tls;
    return providedProblems(question, {
      path: "endpoint.tls.secretName",
      what: `the Secret ${name}`,
      find: () => ifThere(api.core.readNamespacedSecret({ name, namespace })),
    });
  }
  if (tls.mode !== "issuer") return [];
  const path = "endpoint.tls.name";
  const { name, kind } = tls;
  const certManager = { group: "cert-manager.io", version: "v1", name };
  if (kind === "Issuer") {
    return providedProblems(question, {
      path,
      what: `the Issuer ${name}`,
      find: () =>
        ifThere(api.custom.getNamespacedCustomObject({ ...certManager, namespace, plural: "issuers" })),
    });
  }
  const found = await ifThere(
    api.custom.getClusterCustomObject({ ...certManager, plural: "clusterissuers" }),
  );
  return found === undefined ? [{ path, message: `the cluster has no ClusterIssuer ${name}` }] : [];
}
