/** Runs the clouds' command-line tools with argument arrays, so that no configuration value reaches a shell. */
import { execa } from "execa";
import { StepError } from "../command/steps.ts";

/** Where to get a missing program, by its name. */
const sources: Readonly<Record<string, string>> = {
  aws: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  az: "https://learn.microsoft.com/cli/azure/install-azure-cli",
  kubectl: "https://kubernetes.io/docs/tasks/tools/",
  "session-manager-plugin":
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
};

/** Messages of the clouds' tools if nobody is logged in, and how to log in. */
const loggedOut: readonly (readonly [RegExp, string])[] = [
  [
    /Unable to locate credentials|NoCredentials|ExpiredToken|InvalidClientTokenId|Token has expired|SSO session/i,
    "the credentials for AWS are missing or have expired: `aws sso login`, or AWS_PROFILE for another account",
  ],
  [
    /az login|AADSTS\d+|InteractionRequired/i,
    "you aren't logged in to Azure, or the login has expired: `az login`",
  ],
  [
    /SubscriptionNotFound|InvalidSubscriptionId|subscription .* (?:doesn't exist|not found)/i,
    "these credentials don't have the subscription: `az account list` shows those that they have",
  ],
];

export interface RunOptions {
  /** @default 60 */
  readonly timeoutSeconds?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** @returns the program's standard output. @throws StepError with its error output, and with the way out if that is known */
export async function ask(
  program: string,
  args: readonly string[],
  { timeoutSeconds = 60, env = {} }: RunOptions = {},
): Promise<string> {
  const result = await execa(program, args, {
    env,
    stdin: "ignore",
    reject: false,
    timeout: timeoutSeconds * 1000,
  });
  if (!result.failed) return result.stdout;
  if (result.code === "ENOENT") throw missing(program);
  if (result.timedOut) throw new StepError(`${shown(program, args)}: no answer within ${timeoutSeconds} s`);
  const said = result.stderr.trim() || (result.shortMessage ?? "");
  const wayOut = loggedOut.find(([pattern]) => pattern.test(said))?.[1];
  throw new StepError(`${shown(program, args)}: ${wayOut === undefined ? said : `${wayOut}\n${said}`}`);
}

/** The same for a program that prints JSON. Undefined if it prints nothing. */
export async function askJson(program: string, args: readonly string[]): Promise<unknown> {
  const answer = await ask(program, args);
  return answer.trim() === "" ? undefined : JSON.parse(answer);
}

/** Runs a program on this terminal. @returns its exit code */
export async function interactive(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const result = await execa(program, args, { env, stdio: "inherit", reject: false });
  if (result.code === "ENOENT") throw missing(program);
  return result.exitCode ?? 1;
}

/** @throws StepError if the program isn't installed */
export async function demand(program: string): Promise<void> {
  const { code } = await execa(program, ["--version"], { stdio: "ignore", reject: false });
  if (code === "ENOENT") throw missing(program);
}

function missing(program: string): StepError {
  return new StepError(`${program} isn't installed: ${sources[program] ?? ""}`);
}

function shown(program: string, args: readonly string[]): string {
  return [program, ...args.slice(0, 3)].join(" ");
}
