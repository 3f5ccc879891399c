/** A cloud's API, being served: see serve-api.ts. */
export interface ServedApi extends AsyncDisposable {
  /** For the program. */
  readonly environment: Readonly<Record<string, string>>;
}
