import { originCredentials } from "../../pod/origin.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { credentialsSecret, remoteWrite, secretFile } from "../../pod/secrets.ts";
import { type CustomObject, podSecretName, selectorLabels, storeSecret } from "./names.ts";
import type { KubernetesPlan } from "./plan.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** A Secret that the replicas read and that Pulumi makes of the stack's configuration. */
export interface SecretReference {
  /** Of the Secret. */
  readonly name: string;
  /** The key of the configuration that holds the credentials. */
  readonly credentials: string;
  /** What each of its keys holds, as templates of Go: https://external-secrets.io/latest/guides/templating/ */
  readonly templates: Readonly<Record<string, string>>;
}

/** Where an operator of external-secrets finds credentials. */
export interface SecretStore {
  readonly kind: "ClusterSecretStore" | "SecretStore";
  readonly name: string;
  /** What the store has in front of the credentials' names. @default nothing */
  readonly prefix?: string | undefined;
}

type ExternalSecret = CustomObject<"ExternalSecret">;

/** Text as a renderer makes it of credentials becomes a template: each of these stands for the property of its name. */
const properties = { username: "{{username}}", password: "{{password}}", token: "{{token}}" };

function template(rendered: string): string {
  return rendered.replaceAll(/"\{\{(\w+)\}\}"/g, "{{ .$1 | toJson }}");
}

/** The Secrets of a region, but for its certificate's. */
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
    // Pulumi makes none of these.
    metadata: { name, namespace: region.namespace, labels: selectorLabels(region.name) },
    spec: {
      secretStoreRef: { kind, name: store },
      refreshInterval: "1h",
      target: { name, template: { data: templates } },
      dataFrom: [{ extract: { key: `${prefix}${credentials}` } }],
    },
  };
}
