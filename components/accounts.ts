import type { Resource } from "@pulumi/pulumi";
import { type Problem, problemIf } from "./config/problems.ts";
import type { CloudProvider, StackConfig } from "./config/schema.ts";

/** For each cloud: its Pulumi package, the package's configuration keys that choose an account or the credentials, and how a stack fixes its own account. */
const clouds = {
  aws: {
    package: "aws",
    keys: /^(?:accessKey|secretKey|token|profile|assumeRole\w*|shared(?:Config|Credentials)Files?|(?:allowed|forbidden)AccountIds)$/,
    guard: "name the account of the caches in `governance.allowedAccountIds`",
  },
  azure: {
    package: "azure-native",
    keys: /^(?:subscriptionId|tenantId|client(?:Id|Secret|Certificate\w+)|oidc\w+|use(?:Oidc|Msi|DefaultAzureCredential)|msiEndpoint)$/,
    guard: "name the subscription of the caches in `subscription` of each region",
  },
} as const satisfies Readonly<Record<CloudProvider, object>>;

/**
 * Refuses what gives other resources of the program an account or credentials that the caches don't use, because the caches could end up in another account.
 * @param keys of the program's configuration, with their namespaces
 * @param parent of the regions
 * @returns no problems if the configuration names the account: its provider refuses credentials of another one
 */
export function accountProblems(stack: StackConfig, keys: readonly string[], parent?: Resource): Problem[] {
  if (!isCloud(stack) || hasFixedAccount(stack)) return [];
  const { package: name, keys: choosing, guard } = clouds[stack.provider];
  const message = (what: string, way: string) =>
    `${what} to the caches: each region has its own provider, which authenticates by the environment and may reach another account. Either ${way}, and set the credentials in the environment; or ${guard}`;
  const chosen = keys.filter((key) => {
    const [space, ...rest] = key.split(":");
    return space === name && choosing.test(rest.at(-1) ?? "");
  });
  const isProvided = parent?.getProvider(`${name}:index:`) !== undefined;
  return [
    ...chosen.map((path) => ({ path, message: message("doesn't apply", "remove the key") })),
    ...problemIf(
      isProvided,
      "options.parent",
      message(`its provider of ${name} doesn't apply`, "choose another parent"),
    ),
  ];
}

type CloudStack = Extract<StackConfig, { readonly provider: CloudProvider }>;

function isCloud(stack: StackConfig): stack is CloudStack {
  return stack.provider in clouds;
}

function hasFixedAccount(stack: CloudStack): boolean {
  return stack.provider === "aws"
    ? stack.governance?.allowedAccountIds !== undefined
    : stack.regions.every(({ subscription }) => subscription !== undefined);
}
