/** A running API of a cloud: see serve-api.ts. */
export interface ServedApi extends AsyncDisposable {
  /** The environment with which the program finds it. */
  readonly environment: Readonly<Record<string, string>>;
}
