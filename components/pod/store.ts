/** Object storage that the origins of all replicas share: https://distribution.github.io/distribution/storage-drivers/ */
export type ObjectStore = S3Store | AzureStore;

interface AnyStore {
  /** `proxied`: blobs pass through the cache. `redirect`: clients are redirected to the bucket. */
  readonly delivery: "proxied" | "redirect";
  /** Environment variables of the origins for the cloud's SDK, without secrets: see `credentials`. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface S3Store extends AnyStore {
  readonly kind: "s3";
  readonly bucket: string;
  readonly region: string;
  /** URL of an S3-compatible server. @default AWS */
  readonly endpoint?: string;
  /** Whether the bucket's name is in the path instead of the host name. @default false */
  readonly pathStyle?: boolean;
  /** Name of the Secret with the keys `accessKey` and `secretKey`. @default the identity of the Pod or the machine */
  readonly credentials?: string;
  /** Whether the Pod's identity is a token for STS, as with IRSA. @default false */
  readonly webIdentity?: boolean;
}

/** The origins use the identity of the Pod or the machine. */
export interface AzureStore extends AnyStore {
  readonly kind: "azure";
  /** Name of the storage account. */
  readonly account: string;
  readonly container: string;
}
