import { originCredentials } from "../../pod/origin.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { credentialsSecret, remoteWrite, secretFile } from "../../pod/secrets.ts";
import { type CustomObject, podSecretName, selectorLabels, storeSecret } from "./names.ts";
import type { KubernetesPlan } from "./plan.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** A Secret that the replicas read. Pulumi fills it from the stack's configuration. */
export interface SecretReference {
  /** The Secret's name. */
  readonly name: string;
  /** The configuration key that holds the credentials. */
  readonly credentials: string;
  /** Go templates of the Secret's values, by the Secret's keys: https://external-secrets.io/latest/guides/templating/ */
  readonly templates: Readonly<Record<string, string>>;
}

/** The store from which the external-secrets operator reads credentials. */
export interface SecretStore {
  readonly kind: "ClusterSecretStore" | "SecretStore";
  readonly name: string;
  /** Prefix of the credentials' names in the store. @default no prefix */
  readonly prefix?: string | undefined;
}

type ExternalSecret = CustomObject<"ExternalSecret">;

/** Placeholders for credentials. A renderer puts them into its text, and {@link template} turns them into template expressions. */
const properties = { username: "{{username}}", password: "{{password}}", token: "{{token}}" };

function template(rendered: string): string {
  return rendered.replaceAll(/"\{\{(\w+)\}\}"/g, "{{ .$1 | toJson }}");
}

/** The Secrets of a region, except for the certificate's. */
export function secretReferences({ region, upstreams, monitoring }: KubernetesPlan): SecretReference[] {
  const { username, password, token } = properties;
  const references = upstreams.map(({ name, credentials }) => ({
    name: podSecretName(credentialsSecret(name)),
    credentials,
    templates: { [secretFile]: template(originCredentials({ username, password })) },
  }));
  const [basic, bearer] = [{ username, password }, { token }].map((it) => template(remoteWriteSecret(it)));
  const { storage } = region;
  return [
    ...references,
    {
      name: podSecretName(remoteWrite),
      credentials: monitoring.remoteWrite?.credentials,
      templates: { [secretFile]: `{{ if index . "token" }}${bearer}{{ else }}${basic}{{ end }}` },
    },
    {
      name: storeSecret,
      credentials: "s3" in storage ? storage.s3.credentials : undefined,
      templates: { accessKey: "{{ .username }}", secretKey: "{{ .password }}" },
    },
  ].flatMap(({ credentials, ...rest }) => (credentials === undefined ? [] : [{ ...rest, credentials }]));
}

/** https://external-secrets.io/latest/api/externalsecret/ */
export function externalSecret(
  { name, credentials, templates }: SecretReference,
  region: WorkloadRegion,
  { kind, name: store, prefix = "" }: SecretStore,
): ExternalSecret {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    // The objects aren't labelled as Pulumi's, because Pulumi doesn't create them.
    metadata: { name, namespace: region.namespace.name, labels: selectorLabels(region.name) },
    spec: {
      secretStoreRef: { kind, name: store },
      refreshInterval: "1h",
      target: { name, template: { data: templates } },
      dataFrom: [{ extract: { key: `${prefix}${credentials}` } }],
    },
  };
}
