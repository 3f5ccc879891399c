import type { Credentials } from "../config/credentials.ts";
import type { Upstream } from "../config/schema.ts";
import { isZot } from "../config/upstream.ts";
import { originCredentials } from "./origin.ts";
import { zotCredentials } from "./zot.ts";

/** An upstream's credentials, as the file of its secret has them for its engine. */
export function upstreamSecret(upstream: Upstream, credentials: Credentials): string {
  return isZot(upstream) ? zotCredentials(upstream.url, credentials) : originCredentials(credentials);
}
