/** The Pod in a machine's user data in Azure: a line with its digest, then the compressed Pod. */
import { gunzipSync } from "node:zlib";

/** @param userData base64 @throws if it isn't in this form */
export function podOf(userData: string): { readonly digest: string; readonly text: string } {
  const bytes = Buffer.from(userData, "base64");
  const end = bytes.indexOf("\n");
  return { digest: bytes.toString("utf8", 0, end), text: gunzipSync(bytes.subarray(end + 1)).toString() };
}
