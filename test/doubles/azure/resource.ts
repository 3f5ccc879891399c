/** The rules that all resources of Azure share. */
import { type Cloud, everywhere, type Reference, type Request, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text } from "../values.ts";
import { groupId, isRegion, resourceId, types, zonesIn } from "./account.ts";

/** A resource is in a resource group, which must exist before it and be deleted after it. */
const inGroup: Reference = { at: "resourceGroupName", to: types.resourceGroup, id: (name) => groupId(name) };

interface Kind {
  /** Azure's type: `Microsoft.Compute/disks` */
  readonly kind: string;
  /** The input with its name. */
  readonly name: string;
  /** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
  readonly pattern: RegExp;
  /** @default false: it is in a region */
  readonly isGlobal?: boolean;
  /** Maximum number of availability zones. @default 1 */
  readonly mostZones?: number;
}

const modifyPolicy = "policy with the effect Modify";

/**
 * Assigns a policy that changes requests without refusing them: https://learn.microsoft.com/azure/governance/policy/concepts/effect-modify
 * @param kind of the resources: `Microsoft.Storage/storageAccounts`
 * @param outputs what Azure stores, whatever the request says
 */
export function modify(cloud: Cloud, kind: string, outputs: Inputs): void {
  cloud.keep({ type: modifyPolicy, id: kind, scope: everywhere, inputs: outputs, outputs: {} });
}

/** Exempts the stack from such a policy. @param outputs what the resources' owners then store by hand, which only a refresh tells the stack */
export function exempt(cloud: Cloud, kind: string, outputs: Inputs): void {
  const policy = cloud.find(modifyPolicy, kind, everywhere);
  if (policy) cloud.remove(policy);
  for (const thing of cloud.things())
    if (thing.id.includes(`/${kind}/`)) cloud.keep({ ...thing, outputs: { ...thing.outputs, ...outputs } });
}

/** A type's own rules, together with those for all types. */
export function resource(
  { kind, name, pattern, isGlobal = false, mostZones = 1 }: Kind,
  own: Partial<Rules> = {},
): Rules {
  const { replacing = [] } = own;
  return {
    ...own,
    // https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/gen/replacement.go
    replacing: (inputs, provider) => [
      ...["resourceGroupName", "location", name],
      ...(typeof replacing === "function" ? replacing(inputs, provider) : replacing),
    ],
    references: [inGroup, ...(own.references ?? [])],
    check(inputs, request) {
      const chosen = text(name, inputs);
      demand(pattern.test(chosen), "InvalidResourceName", `Resource name ${chosen} is invalid.`);
      checkTags(kind, (inputs.tags ?? {}) as Inputs);
      const location = text("location", inputs);
      demand(isGlobal || isRegion(location), "LocationNotAvailableForResourceType", `location '${location}'`);
      const zones = (inputs.zones ?? []) as string[];
      const there = zones.every((zone) => zonesIn(location).includes(zone));
      demand(
        there && zones.length <= mostZones,
        "AvailabilityZoneNotSupported",
        `zones '${zones}' in ${location}`,
      );
      own.check?.(inputs, request);
    },
    create(request) {
      const { outputs = {} } = own.create?.(request) ?? {};
      const id = resourceId(request, kind, request.inputs[name]);
      const modified = request.cloud.find(modifyPolicy, kind, everywhere)?.inputs;
      return { id, outputs: { id, name: request.inputs[name], ...outputs, ...modified } };
    },
  };
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
export function checkTags(kind: string, tags: Inputs): void {
  const entries = Object.entries(tags);
  const names = entries.map(([name]) => name);
  const isZone = kind === "Microsoft.Network/dnsZones";
  const longest = kind === "Microsoft.Storage/storageAccounts" ? 128 : 512;
  const valid = entries.every(
    ([name, value]) =>
      /^[^<>%&\\?/]+$/.test(name) &&
      name.length <= longest &&
      !/^(?:microsoft|azure|windows)/i.test(name) &&
      !(isZone && /^\d|[ #:]/.test(name)) &&
      String(value).length <= 256,
  );
  const fits = entries.length <= (isZone ? 15 : 50);
  const different = new Set(names.map((name) => name.toLowerCase())).size === names.length;
  demand(valid && fits && different, "InvalidTagNameCharacters", `tags ${JSON.stringify(tags)}`);
}

/** Refuses another resource that is in another region. */
export function demandSameRegion({ cloud, scope, inputs }: Request, type: string, id: string): void {
  const other = cloud.find(type, id, scope)?.inputs.location;
  demand(
    other === inputs.location,
    "InvalidResourceLocation",
    `${id} is in ${other}, not in ${inputs.location}`,
  );
}
