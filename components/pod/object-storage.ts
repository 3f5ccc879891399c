import type { EnvVar } from "kubernetes-types/core/v1.d.ts";
import type { AzureStore, ObjectStore, S3Store } from "./store.ts";

/**
 * The `storage` section of a registry's configuration for a shared store. Each upstream has its own directory there.
 *
 * The registry deletes nothing. The store's lifecycle rule deletes objects, and distribution fetches a missing blob or link again, unless
 * `storage.cache` remembers it. Purging of uploads is off, because every replica would walk through the whole store. The lifecycle rule deletes
 * uploads, too. See docs/adr/0012-replicas-share-a-bucket.md.
 */
export function objectStorage(store: ObjectStore, directory: string): Readonly<Record<string, object>> {
  const rootdirectory = `/${directory}`;
  return {
    ...(store.kind === "s3"
      ? { s3: { ...s3Parameters(store), rootdirectory } }
      : { azure: { ...azureParameters(store), rootdirectory } }),
    redirect: { disable: store.delivery === "proxied" },
    maintenance: { uploadpurging: { enabled: false } },
  };
}

/** The size of a blob's parts in S3, the minimum that S3 accepts. distribution holds two parts in memory for each blob in progress. A blob has at most 10,000 parts. */
const s3PartMiB = 5;

/** https://distribution.github.io/distribution/storage-drivers/s3/ */
function s3Parameters({ bucket, region, endpoint, pathStyle, webIdentity = false }: S3Store) {
  return {
    region,
    bucket,
    // Set for AWS, too, because distribution otherwise accepts only the regions that its SDK of 2024 knows. Not set with IRSA, because that SDK would use it for STS, too.
    regionendpoint: endpoint ?? (webIdentity ? undefined : awsEndpoint(region)),
    ...(pathStyle && { forcepathstyle: true }),
    chunksize: s3PartMiB * 1024 ** 2,
  };
}

/** The URL of the store, for clients that are redirected to it and for its operators. */
export function storeUrl(store: ObjectStore): string {
  if (store.kind === "azure") return `https://${store.account}.blob.core.windows.net/${store.container}`;
  const { bucket, region, endpoint = awsEndpoint(region), pathStyle = false } = store;
  const url = new URL(endpoint);
  if (pathStyle) url.pathname = bucket;
  else url.hostname = `${bucket}.${url.hostname}`;
  return url.href.replace(/\/$/, "");
}

/** https://docs.aws.amazon.com/general/latest/gr/s3.html */
function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** https://distribution.github.io/distribution/storage-drivers/azure/. The name of the credentials' type is that of the code, from which the page differs. */
function azureParameters({ account, container }: AzureStore) {
  return {
    accountname: account,
    container,
    credentials: { type: "default_credentials" },
    // How often distribution checks whether Azure has copied a blob to its name. Each wait is 100 ms longer: 5 checks, the default, take a second, and
    // these a minute. After the last check, the blob stays and is served without content. Within one account, a copy is usually immediate.
    max_retries: 35,
  };
}

/** The environment variables that a registry's container needs to reach the store. */
export function storeEnvironment(store: ObjectStore): EnvVar[] {
  const plain = Object.entries(store.environment ?? {}).map(([name, value]) => ({ name, value }));
  if (store.kind !== "s3" || store.credentials === undefined) return plain;
  const { credentials: name } = store;
  const secret = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name, key } },
  });
  return [
    ...plain,
    secret("REGISTRY_STORAGE_S3_ACCESSKEY", "accessKey"),
    secret("REGISTRY_STORAGE_S3_SECRETKEY", "secretKey"),
  ];
}
