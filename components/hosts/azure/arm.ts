/** Requests to Azure Resource Manager that the Pulumi provider doesn't offer, and how to read its answers. */
import { getClientToken } from "@pulumi/azure-native/authorization/getClientToken.js";
import type * as pulumi from "@pulumi/pulumi";

/** Whether the resource, or even its resource group, doesn't exist: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found */
export function isMissing({ message }: Error): boolean {
  return /ResourceNotFound|ResourceGroupNotFound/.test(message);
}

const origin = "https://management.azure.com";
const timeoutMs = 30_000;

/**
 * Gets one resource, with the rights of the identity that runs `pulumi up`.
 * @param path with its query: `/subscriptions/…?api-version=…`
 * @throws Error if Azure doesn't answer or refuses
 */
export async function getFromArm<Answer>(path: string, options: pulumi.InvokeOptions): Promise<Answer> {
  const { token } = await getClientToken({}, options);
  return answerTo(origin + path, token);
}

/**
 * Gets all pages of a list, with the rights of the identity that runs `pulumi up`.
 * @param path with its query: `/subscriptions/…/providers/Microsoft.Compute/skus?api-version=…`
 * @throws Error if Azure doesn't answer or refuses
 */
export async function listFromArm<Entry>(path: string, options: pulumi.InvokeOptions): Promise<Entry[]> {
  const { token } = await getClientToken({}, options);
  const entries: Entry[] = [];
  for (let next: string | undefined = origin + path; next !== undefined; ) {
    const page: { value: readonly Entry[]; nextLink?: string } = await answerTo(next, token);
    entries.push(...page.value);
    next = page.nextLink;
  }
  return entries;
}

async function answerTo<Answer>(url: string, token: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { headers, signal }).catch((error: Error) => {
    // The cause says why there is no answer: name resolution, connection or proxy.
    const { message } = (error.cause ?? error) as Error;
    throw new Error(message + ignoredProxy());
  });
  if (response.ok) return (await response.json()) as Answer;
  // https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#handling-errors
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { code: string; message: string };
  };
  throw new Error(error ? `${error.code}: ${error.message}` : `status ${response.status}`);
}

/** Pulumi's providers use the proxy of the environment. Node.js needs NODE_USE_ENV_PROXY for that: https://nodejs.org/api/http.html#built-in-proxy-support */
function ignoredProxy(): string {
  const { HTTPS_PROXY, https_proxy = HTTPS_PROXY, NODE_USE_ENV_PROXY } = process.env;
  if (!https_proxy || NODE_USE_ENV_PROXY === "1") return "";
  return ". Node.js doesn't use HTTPS_PROXY: set NODE_USE_ENV_PROXY=1 as well";
}
