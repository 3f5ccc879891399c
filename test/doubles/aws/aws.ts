import { Cloud, type CloudDefinition, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { SdkTypes } from "../sdk-types.ts";
import { type Inputs, text, valueAt } from "../values.ts";
import { demandEnabled, functions, isRegion } from "./account.ts";
import { serveEc2 } from "./ec2-api.ts";
import { eks } from "./eks.ts";
import { accountId, existingThings } from "./existing.ts";
import { identity } from "./identity.ts";
import { getLoadBalancer, loadBalancers } from "./load-balancer.ts";
import { machine } from "./machine.ts";
import { members } from "./members.ts";
import { demandModels } from "./models.ts";
import { network } from "./network.ts";
import { nodes } from "./nodes.ts";
import { securityGroups } from "./security-group.ts";
import { storage } from "./storage.ts";
import { serveTagging } from "./tagging-api.ts";
import { checkTags } from "./tags.ts";

const sdk = new SdkTypes("@pulumi/aws");

const definition: CloudDefinition = {
  name: "aws",
  sdk,
  resources: judged({
    ...network,
    ...securityGroups,
    ...machine,
    ...identity,
    ...storage,
    ...eks,
    ...nodes,
    ...loadBalancers,
  }),
  functions: { ...functions, "aws:lb/getLoadBalancer:getLoadBalancer": getLoadBalancer },
  scopeOf(provider) {
    const region = text("region", provider);
    demand(isRegion(region), "InvalidRegion", `invalid AWS Region: ${region}`);
    return region;
  },
  async serveApi(cloud) {
    const parts = new AsyncDisposableStack();
    const served = [parts.use(await serveEc2(cloud)), parts.use(await serveTagging(cloud))];
    const environment = Object.assign({}, ...served.map((it) => it.environment));
    return { environment, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  },
  admitProvider(provider) {
    demandEnabled(text("region", provider));
    const allowed = setting("allowedAccountIds", provider) as string[] | undefined;
    const isAllowed = allowed === undefined || allowed.includes(accountId);
    demand(isAllowed, "InvalidProvider", `AWS account ID not allowed: ${accountId}`);
  },
  addedBy(provider, inputs, type) {
    if (sdk.problems(type, { tags: {} }).some(({ property }) => property === "tags")) return {};
    // Only https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketobjectv2/ has this.
    const byDefault =
      valueAt("overrideProvider.defaultTags.tags", inputs) ??
      valueAt("tags", setting("defaultTags", provider));
    const tagsAll = { ...asTags(byDefault), ...asTags(inputs.tags) };
    checkTags(type, tagsAll);
    return { tagsAll };
  },
  /** Finds the tags that others have added: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging#ignoring-changes-in-tags */
  refreshed(provider, { outputs: { tagsAll } }) {
    if (tagsAll === undefined) return {};
    const { keys = [], keyPrefixes = [] } = (setting("ignoreTags", provider) ?? {}) as IgnoredTags;
    const isIgnored = (name: string) =>
      keys.includes(name) || keyPrefixes.some((start) => name.startsWith(start));
    const told = Object.entries(asTags(tagsAll)).filter(([name]) => !isIgnored(name));
    return { tagsAll: Object.fromEntries(told) };
  },
  // The states in test/engine/upgrade lack the provider's tags.
  isTold: ({ tagsAll }) => tagsAll === undefined || "managed-by" in asTags(tagsAll),
  codes: {
    exists: "AlreadyExists",
    missing: "NotFound",
    inUse: "DependencyViolation",
    fixed: "InvalidParameterValue",
  },
  existing: existingThings,
};

type IgnoredTags = Partial<Record<"keys" | "keyPrefixes", readonly string[]>>;

/** Adds checks by AWS's own models, which refuse mistakes that the double's rules don't cover. */
function judged(resources: CloudDefinition["resources"]): CloudDefinition["resources"] {
  return Object.fromEntries(
    Object.entries(resources).map(([type, rules]) => [
      type,
      type in members ? { ...rules, check: (...asked) => checkBoth(type, rules, asked) } : rules,
    ]),
  );
}

function checkBoth(type: string, rules: Rules, [inputs, request]: Parameters<NonNullable<Rules["check"]>>) {
  rules.check?.(inputs, request);
  demandModels(type, inputs);
}

/** A setting of a provider, which gets everything except texts as JSON. */
function setting(name: string, provider: Inputs): unknown {
  const value = provider[name];
  return typeof value === "string" ? JSON.parse(value) : value;
}

function asTags(value: unknown): Inputs {
  return (value ?? {}) as Inputs;
}

/** A new AWS account. */
export function awsCloud(): Cloud {
  return new Cloud(definition);
}
