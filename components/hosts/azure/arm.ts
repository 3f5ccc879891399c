/** Azure Resource Manager: what it answers, and what the provider has no function for. */
import { getClientToken } from "@pulumi/azure-native/authorization/getClientToken.js";
import type * as pulumi from "@pulumi/pulumi";

/** Whether Azure has no such resource, or not even its resource group: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found */
export function isMissing({ message }: Error): boolean {
  return /ResourceNotFound|ResourceGroupNotFound/.test(message);
}

/** `/subscriptions/<subscription>/resourceGroups/<group>/providers/<type>/<kind>/<name>/<kind>/<child>`; the first word's case is Azure's, who knows none. */
export function partsOf(resourceId: string) {
  const [, , subscription = "", , group = "", , , , name = "", , child = ""] = resourceId.split("/");
  return { subscription: subscription.toLowerCase(), group, name, child };
}

/** Azure's names have no case. */
export function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const origin = "https://management.azure.com";
const timeoutMs = 30_000;

/**
 * One thing, with the rights of whoever runs `pulumi up`.
 * @param path with its query: `/subscriptions/…?api-version=…`
 * @throws Error when Azure gives no answer, or refuses
 */
export async function getFromArm<Answer>(path: string, options: pulumi.InvokeOptions): Promise<Answer> {
  const { token } = await getClientToken({}, options);
  return answerTo(origin + path, token);
}

/**
 * All of a list, with the rights of whoever runs `pulumi up`.
 * @param path with its query: `/subscriptions/…/providers/Microsoft.Compute/skus?api-version=…`
 * @throws Error when Azure gives no answer, or refuses
 */
export async function listFromArm<Entry>(path: string, options: pulumi.InvokeOptions): Promise<Entry[]> {
  const { token } = await getClientToken({}, options);
  const entries: Entry[] = [];
  for (let next: string | undefined = origin + path; next !== undefined; ) {
    const page: Page<Entry> = await answerTo(next, token);
    entries.push(...page.value);
    next = page.nextLink;
  }
  return entries;
}

interface Page<Entry> {
  readonly value: readonly Entry[];
  readonly nextLink?: string;
}

async function answerTo<Answer>(url: string, token: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { headers, signal }).catch((error: Error) => {
    // Why no answer came: the name, the connection, a proxy.
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

/** Pulumi's providers go through the proxy of the environment. Node.js does only when it is told to: https://nodejs.org/api/http.html#built-in-proxy-support */
function ignoredProxy(): string {
  const { HTTPS_PROXY, https_proxy = HTTPS_PROXY, NODE_USE_ENV_PROXY } = process.env;
  if (!https_proxy || NODE_USE_ENV_PROXY === "1") return "";
  return ". Node.js doesn't use HTTPS_PROXY: set NODE_USE_ENV_PROXY=1 as well";
}
