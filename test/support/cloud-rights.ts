/** A cloud's rights, and how its double checks them, in the same shape for each cloud. */
import { type PolicyDocument, policiesFor } from "../../scripts/rights/aws/policy.ts";
import { rolesFor, type ScopedRole } from "../../scripts/rights/azure/role.ts";
import type { Resource } from "../../scripts/rights/resources.ts";
import { accountId } from "../doubles/aws/existing.ts";
import { type Request as IamRequest, isAllowed as isAllowedByIam } from "../doubles/aws/rights/evaluate.ts";
import { awsGuard } from "../doubles/aws/rights/guard.ts";
import { subscriptionId } from "../doubles/azure/account.ts";
import { type ArmRequest, azureGuard, isAllowed as isAllowedByArm } from "../doubles/azure/rights/guard.ts";
import type { Cloud } from "../doubles/cloud.ts";
import type { Guard } from "../doubles/guard.ts";

/** The actions that an identity may use. */
export interface Rights {
  readonly actions: readonly string[];
  without(action: string): Rights;
  /** The documents that the double checks: see {@link Judge}. */
  readonly documents: unknown;
}

export interface Judge extends Guard {
  /** The rights of all further requests. */
  rights: Rights;
  /** Whether these rights allow a past request that they would refuse without the action. */
  needs(action: string, rights: Rights): boolean;
}

export interface CloudRights {
  rightsFor(resources: readonly Resource[], stack: string, isReadOnly: boolean): Promise<Rights>;
  judge(cloud: Cloud, rights: Rights): Judge;
}

export const awsRights: CloudRights = {
  rightsFor: async (resources, stack, isReadOnly) =>
    ofIam(await policiesFor(resources, { stack, account: accountId, isReadOnly })),
  judge: (cloud, rights) =>
    judgeBy<PolicyDocument, IamRequest>(rights, (of) => awsGuard(cloud, of), isAllowedByIam),
};

function ofIam(documents: readonly PolicyDocument[]): Rights {
  return {
    documents,
    actions: unique(documents.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action))),
    without: (action) =>
      ofIam(
        documents.map((document) => ({
          ...document,
          Statement: document.Statement.map((it) => ({ ...it, Action: except(action, it.Action) })),
        })),
      ),
  };
}

export const azureRights: CloudRights = {
  rightsFor: async (resources, stack, isReadOnly) =>
    ofArm(rolesFor(resources, { stack, account: subscriptionId, isReadOnly })),
  judge: (cloud, rights) =>
    judgeBy<ScopedRole, ArmRequest>(rights, (of) => azureGuard(cloud, of), isAllowedByArm),
};

function ofArm(documents: readonly ScopedRole[]): Rights {
  return {
    documents,
    actions: unique(documents.flatMap(({ definition }) => definition.Actions)),
    without: (action) =>
      ofArm(
        documents.map(({ definition, assignment }) => ({
          assignment,
          definition: { ...definition, Actions: except(action, definition.Actions) },
        })),
      ),
  };
}

/** @param guardOf creates a cloud's guard, which reads the current documents */
function judgeBy<Document, Asked extends { readonly action: string }>(
  rights: Rights,
  guardOf: (documents: () => readonly Document[]) => Guard & { readonly asked: readonly Asked[] },
  isAllowed: (documents: readonly Document[], asked: Asked) => boolean,
): Judge {
  const documents = (of: Rights) => of.documents as readonly Document[];
  const guard = guardOf(() => documents(judge.rights));
  const judge: Judge = {
    rights,
    demandRight: guard.demandRight,
    needs(action, whole) {
      const less = documents(whole.without(action));
      return guard.asked.some(
        (it) => it.action === action && isAllowed(documents(whole), it) && !isAllowed(less, it),
      );
    },
  };
  return judge;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function except(value: string, values: readonly string[]): string[] {
  return values.filter((it) => it !== value);
}
