/** The custom roles that allow an identity to deploy a stack, or only to preview it: one role for each scope in which the stack needs actions. */
import { createHash } from "node:crypto";
import { textsIn } from "../../../components/config/as-written.ts";
import { roles } from "../../../components/hosts/azure/roles.ts";
import type { Resource, RightsRequest } from "../resources.ts";
import { adopted, rows } from "./actions.ts";

/** The format of `az role definition create`: https://learn.microsoft.com/azure/role-based-access-control/role-definitions */
export interface RoleDefinition {
  readonly Name: string;
  readonly IsCustom: true;
  readonly Description: string;
  readonly Actions: readonly string[];
  readonly NotActions: readonly string[];
  readonly DataActions: readonly string[];
  readonly NotDataActions: readonly string[];
  /** A subscription or a resource group. Azure doesn't allow a single resource here. */
  readonly AssignableScopes: readonly string[];
}

export interface ScopedRole {
  readonly definition: RoleDefinition;
  readonly assignment: {
    readonly scope: string;
    /** Limits which roles may be granted, and to whom. https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples */
    readonly condition?: string;
  };
}

const groupType = "azure-native:resources:ResourceGroup";
const assign = "Microsoft.Authorization/roleAssignments";

/** @throws RangeError for a resource type that isn't in the table of actions */
export function rolesFor(
  resources: readonly Resource[],
  { stack, account, isReadOnly = false }: RightsRequest,
): ScopedRole[] {
  const unknown = resources.map(({ type }) => type).filter((type) => isAzure(type) && !rows[type]);
  if (unknown.length > 0) {
    const types = [...new Set(unknown)].sort().join(", ");
    throw new RangeError(`scripts/rights/azure/actions.ts doesn't say what these need: ${types}`);
  }
  const subscription = `/subscriptions/${account}`;
  const group = ownGroup(resources);
  const own = group === undefined ? subscription : `${subscription}/resourceGroups/${group}`;
  const made = resources.flatMap(({ id }) => id ?? []);
  const permits = resources.flatMap((resource) => {
    const { subscriptionId = account } = resource.provider;
    return permitsOf(resource, { subscription: `/subscriptions/${subscriptionId}`, own, made });
  });
  const all = permits.filter(({ isRead }) => isRead || !isReadOnly);
  const granted = grantedRoles(resources);
  const byScope = Map.groupBy(all, ({ scope }) => scope);
  const scopes = [...byScope.keys()].sort();
  return scopes.flatMap((scope) => {
    const above = scopes.filter((it) => scope.startsWith(`${it}/`)).flatMap((it) => byScope.get(it) ?? []);
    const actions = [...new Set((byScope.get(scope) ?? []).map(({ action }) => action))].sort();
    const missing = actions.filter((action) => !above.some((it) => it.action === action));
    if (missing.length === 0) return [];
    // A role's name is unique in its tenant.
    const digest = createHash("sha256").update(scope.toLowerCase()).digest("hex").slice(0, 8);
    const kind = isReadOnly ? "preview" : "deploy";
    const definition: RoleDefinition = {
      Name: `registry-cache ${stack} ${kind} ${scope.split("/").at(-1)} ${digest}`,
      IsCustom: true,
      Description: `To ${kind} the stack ${stack} of the registry caches, as far as it is in ${scope}`,
      Actions: missing,
      NotActions: [],
      DataActions: [],
      NotDataActions: [],
      AssignableScopes: [scope.split("/").slice(0, 5).join("/")],
    };
    const isGranting = missing.includes(`${assign}/write`);
    return [{ definition, assignment: { scope, ...(isGranting && { condition: conditionFor(granted) }) } }];
  });
}

/** The subscription that a stack's resources mention, if they mention exactly one. */
export function subscriptionIn(resources: readonly Resource[]): string | undefined {
  // A zone may be in another subscription.
  const made = resources.filter(({ type }) => isAzure(type) && rows[type]?.where !== "zone");
  const named = made.flatMap(({ id = "", provider }) => [
    ...(id.match(/^\/subscriptions\/([^/]+)\//)?.slice(1) ?? []),
    ...(provider.subscriptionId === undefined ? [] : [String(provider.subscriptionId)]),
  ]);
  return new Set(named).size === 1 ? named[0] : undefined;
}

function isAzure(type: string): boolean {
  return type.startsWith("azure-native:");
}

/** The only resource group of the stack's own resources. Undefined if there are several, or the stack's first update creates it. The rights are for the subscription then. */
function ownGroup(resources: readonly Resource[]): string | undefined {
  const groups = resources
    .filter(({ type }) => isAzure(type) && rows[type]?.where !== "zone")
    .flatMap(({ inputs: { resourceGroupName: group } }) => (group === undefined ? [] : String(group)));
  const made = resources.filter(({ type }) => type === groupType);
  const exists = (name: string) => made.some((it) => it.name === name && it.id !== undefined);
  return made.every(({ name }) => exists(name)) && new Set(groups).size <= 1 ? groups[0] : undefined;
}

/** A warning if the roles aren't limited to the stack's resource group. */
export function scopeWarning(resources: readonly Resource[]): string | undefined {
  if (ownGroup(resources) !== undefined) return undefined;
  const isUp = resources.some(({ type, id }) => isAzure(type) && id !== undefined);
  const wayOut = isUp
    ? "its regions have several resource groups, or one that doesn't exist yet. For new regions, name the group of the others as `resourceGroup`; existing machines can't change theirs"
    : "create a resource group first, and name it as `resourceGroup` of all the stack's regions";
  return `its rights are for the whole subscription, with everything in it: ${wayOut} (docs/rights.md#create-the-resource-group-first)`;
}

interface Permit {
  readonly action: string;
  readonly scope: string;
  readonly isRead: boolean;
}

interface PermitScopes {
  readonly subscription: string;
  readonly own: string;
  /** IDs of the resources that the stack has. */
  readonly made: readonly string[];
}

function permitsOf({ type, inputs }: Resource, { subscription, own, made }: PermitScopes): Permit[] {
  const row = rows[type];
  if (!row) return [];
  const zones =
    inputs.zoneName === undefined
      ? `privateDnsZones/${inputs.privateZoneName}`
      : `dnsZones/${inputs.zoneName}`;
  const group = `${subscription}/resourceGroups/${inputs.resourceGroupName}`;
  const zone = `${group}/providers/Microsoft.Network/${zones}`;
  const places = { subscription, zone };
  const usual = row.where === undefined ? own : places[row.where];
  const foreign = textsIn(inputs).flatMap((text) => foreignIn(text, made));
  // A role assignment is created in the scope in which the role applies.
  const scope = type === "azure-native:authorization:RoleAssignment" ? (foreign[0]?.scope ?? usual) : usual;
  const of = (action: string, isRead: boolean, at = scope): Permit => ({ action, scope: at, isRead });
  const kind = typeof row.type === "function" ? row.type(inputs) : row.type;
  const verbs = ["read", "write", ...(row.isDeleted === false ? [] : ["delete"])];
  const groupRead = "Microsoft.Resources/subscriptions/resourceGroups/read";
  return [
    ...(kind === undefined ? [] : verbs.map((verb) => of(`${kind}/${verb}`, verb === "read"))),
    ...(row.linked ?? []).map((it) => of(it, false, own)),
    ...(row.lookUps ?? []).map((it) => of(it, true)),
    ...(row.polls ?? []).map((it) => of(it, false, row.where === "zone" ? group : subscription)),
    ...(row.besideZone ?? []).map((it) => of(it, true, group)),
    ...(usual === own && own !== subscription ? [of(groupRead, true)] : []),
    ...foreign.flatMap(({ scope, actions }) => actions.map((it) => of(it, it.endsWith("/read"), scope))),
  ];
}

function foreignIn(text: string, made: readonly string[]): { scope: string; actions: readonly string[] }[] {
  const isMade = made.some((id) => text.toLowerCase().startsWith(`${id.toLowerCase()}/`));
  return adopted.flatMap(({ id, actions, isOthers = false }) => {
    const scope = id.exec(text)?.[1];
    return scope === undefined || (isOthers && isMade) ? [] : [{ scope, actions }];
  });
}

/** IDs of the roles that the stack grants. */
function grantedRoles(resources: readonly Resource[]): string[] {
  const byTable = resources.flatMap(({ type }) => rows[type]?.grants ?? []).map((name) => roles[name]);
  const told = resources.flatMap(
    ({ inputs }) => String(inputs.roleDefinitionId ?? "").match(/roleDefinitions\/([^/]+)$/)?.[1] ?? [],
  );
  return [...new Set([...byTable, ...told])].sort();
}

function conditionFor(granted: readonly string[]): string {
  const part = (action: string, source: string) => {
    const attribute = (name: string) => `@${source}[${assign}:${name}]`;
    const ids = `${attribute("RoleDefinitionId")} ForAnyOfAnyValues:GuidEquals {${granted.join(", ")}}`;
    const who = `${attribute("PrincipalType")} ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`;
    return `((!(ActionMatches{'${assign}/${action}'})) OR (${ids} AND ${who}))`;
  };
  return `${part("write", "Request")} AND ${part("delete", "Resource")}`;
}
