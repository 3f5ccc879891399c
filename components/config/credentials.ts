import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { isMapping } from "./as-written.ts";

/** A user of a registry or of remote write. */
export interface Credentials {
  username: string;
  password: string;
}

/** A bearer token, for remote write. */
export interface Token {
  token: string;
}

/** The secrets that a stack's configuration refers to, by the names of their keys. */
export interface Secrets {
  readonly credentials: Readonly<Record<string, pulumi.Output<Credentials>>>;
  /** @default remote write is anonymous */
  readonly remoteWriteCredentials?: pulumi.Output<Credentials | Token> | undefined;
}

/** An encrypted value in a stack file: https://www.pulumi.com/docs/iac/concepts/secrets/ */
const sealed = z.strictObject(
  { secure: z.string().describe("Ciphertext.") },
  {
    error: ({ code, input }) => {
      if (code !== "invalid_type" || input === undefined) return undefined;
      return typeof input === "string"
        ? "is not encrypted: consider it known, change it, and set the new one by `npm run pulumi -- config set --secret --path`"
        : mustBeText;
    },
  },
);

const mustBeText = "must be text that isn't empty";
const username = z.union([z.string().min(1), sealed], {
  error: ({ input }) => (input === undefined ? "is missing" : mustBeText),
});
const sealedUser = z.strictObject({ username, password: sealed });

/** Credentials in a stack file. The user name can be plain text, the password can't. */
export const sealedCredentials = z.union([sealedUser, sealed], {
  error: "must be a secret mapping of `username` and `password`",
});

/** Credentials or a token for remote write, in a stack file. */
export const sealedCredentialsOrToken = z.union([sealedUser, z.strictObject({ token: sealed }), sealed], {
  error: "must be a secret mapping, of `username` and `password` or of `token`",
});

/** The command that sets a password, for messages. */
export function commandToSet(key: string): string {
  return `npm run pulumi -- config set --stack STACK --secret --path registry-cache:${key}.password`;
}

/**
 * Converts decrypted credentials to the form that they have in a stack file, `{ secure: "" }`, so that neither checks nor messages see the
 * plain text. Values that can't be credentials, and empty text, become null.
 * @param isLater whether a part is text that isn't known yet. @default no part is
 */
export function seal(value: unknown, isLater = (_: unknown) => false): unknown {
  if (!isMapping(value)) return null;
  const isText = (it: unknown) => (typeof it === "string" && it !== "") || isLater(it);
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => [key, isText(it) ? { secure: "" } : null]),
  );
}
