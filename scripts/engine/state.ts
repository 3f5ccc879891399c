/** The state of a stack, as `pulumi stack export` prints it: the fields that are used here. Secrets stay encrypted. */

export interface Resource {
  readonly urn: string;
  readonly type: string;
  /** The resource's id in the cloud. */
  readonly id?: string;
  readonly parent?: string;
  /** URN and id of the resource's provider: `urn:…::id`. */
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** The resource was replaced, and will be deleted. */
  readonly delete?: boolean;
}

/** https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/apitype/core.go */
export interface ExportedState {
  /** @default the stack was never updated */
  readonly deployment?: {
    readonly resources?: readonly Resource[];
    readonly pending_operations?: readonly {
      readonly type: string;
      readonly resource: { readonly urn: string };
    }[];
  } | null;
}
