import type { EnvVar } from "kubernetes-types/core/v1.d.ts";
import type { AzureStore, ObjectStore, S3Store } from "./store.ts";

/**
 * The `storage` section of a registry's configuration for a store that others share, each upstream below a directory of its own.
 *
 * Nothing here deletes: an object goes when the store's lifecycle rule says so, and distribution fetches again what it misses, whether that is a
 * blob or a link to it, unless `storage.cache` remembers it. Purging uploads would walk through the whole store in every replica; the lifecycle
 * rule has those, too. See docs/adr/0012-replicas-share-a-bucket.md.
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

/** Of a blob's part in S3, the least that S3 takes: distribution holds two of them in memory for each blob under way. A blob has at most 10,000. */
const s3PartMiB = 5;

/** https://distribution.github.io/distribution/storage-drivers/s3/ */
function s3Parameters({ bucket, region, endpoint, pathStyle, webIdentity = false }: S3Store) {
  return {
    region,
    bucket,
    // Also for AWS: without it, distribution takes only the regions that its SDK of 2024 knows. With it, that SDK would take it for STS's address, too.
    regionendpoint: endpoint ?? (webIdentity ? undefined : awsEndpoint(region)),
    ...(pathStyle && { forcepathstyle: true }),
    chunksize: s3PartMiB * 1024 ** 2,
  };
}

/** Where clients of the store find it, by who is sent there and who looks after it. */
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

/** https://distribution.github.io/distribution/storage-drivers/azure/, but for the name of the credentials' type, which the code has otherwise. */
function azureParameters({ account, container }: AzureStore) {
  return {
    accountname: account,
    container,
    credentials: { type: "default_credentials" },
    // A blob that Azure hasn't copied to its name after so many looks, each 100 ms later than the last, stays there without content, and is
    // served so: 5 looks, the default, are a second, and these a minute. Within one account, a copy is done at once as a rule.
    max_retries: 35,
  };
}

/** What a registry's container needs in its environment to reach the store. */
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
