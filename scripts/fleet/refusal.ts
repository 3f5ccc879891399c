/** The engine's messages if a bucket refuses reading or writing, and Pulumi Cloud's (the last two). https://github.com/google/go-cloud/blob/v0.43.0/blob/blob.go */
const refusals = [
  /\(code=PermissionDenied\)|^\s*(?:\d+\) )?PermissionDenied$/m,
  /blob \(key ".*"\) .*(?:StatusCode: |\n-+\nRESPONSE )40[13]\b/,
  /^error: \[40[13]\] /m,
  /^error: PULUMI_ACCESS_TOKEN must be set for login/m,
];

/** Whether the state's backend refuses the credentials. @param text the engine's output */
export function isRefused(text: string): boolean {
  return refusals.some((refusal) => refusal.test(text));
}

export const refusedBackend = {
  what: "The state's backend refuses these credentials.",
  wayOut:
    'Give them the rights that docs/state.md has under "Who may read it", to write for an update and to read for all else, or use others. If they are right, the address of the backend is another one\'s.',
};
