import { Cloud, type CloudDefinition } from "../cloud.ts";
import { demand } from "../faults.ts";
import { SdkTypes } from "../sdk-types.ts";
import { type Inputs, text, valueAt } from "../values.ts";
import { demandEnabled, functions, isRegion } from "./account.ts";
import { serveEc2 } from "./ec2-api.ts";
import { eks } from "./eks.ts";
import { existingThings } from "./existing.ts";
import { identity } from "./identity.ts";
import { machine } from "./machine.ts";
import { network } from "./network.ts";
import { nodes } from "./nodes.ts";
import { securityGroups } from "./security-group.ts";
import { storage } from "./storage.ts";
import { serveTagging } from "./tagging-api.ts";

const definition: CloudDefinition = {
  name: "aws",
  sdk: new SdkTypes("@pulumi/aws"),
  resources: { ...network, ...securityGroups, ...machine, ...identity, ...storage, ...eks, ...nodes },
  functions,
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
  admitProvider: (provider) => demandEnabled(text("region", provider)),
  addedBy(provider, inputs) {
    // A provider's own configuration is text.
    const defaults = valueAt("tags", JSON.parse(text("defaultTags", provider) || "{}"));
    const tags = { ...asTags(defaults), ...asTags(inputs.tags) };
    return { tagsAll: tags };
  },
  codes: {
    exists: "AlreadyExists",
    missing: "NotFound",
    inUse: "DependencyViolation",
    fixed: "InvalidParameterValue",
  },
  existing: existingThings,
};

function asTags(value: unknown): Inputs {
  return (value ?? {}) as Inputs;
}

/** An AWS account as on the first day. */
export function awsCloud(): Cloud {
  return new Cloud(definition);
}
