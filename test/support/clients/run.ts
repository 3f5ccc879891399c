import { execa } from "execa";

/** A client failed or took too long. The message ends with its standard error. */
export class ClientError extends Error {
  override readonly name = "ClientError";
}

/**
 * Runs a client until it ends. @returns its standard output
 * @param env in addition to this process's own
 * @param timeoutMs time limit. @default 120_000
 * @throws ClientError
 */
export async function runClient(
  command: string,
  args: readonly string[],
  { env = {}, timeoutMs = 120_000 }: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<string> {
  const result = await execa(command, args, { env, stdin: "ignore", reject: false, timeout: timeoutMs });
  if (result.failed) throw new ClientError(`${result.shortMessage}\n${result.stderr}`);
  return result.stdout;
}
