import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Governance } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { getFromArm } from "./arm.ts";
import type { Question } from "./question.ts";

/**
 * Categories of logs that say who changed what. What is only read, by each pull or by each look of a controller, isn't among them, as it is much and costs by the GB.
 * https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
 */
const categories = {
  vault: ["AuditEvent"],
  blobs: ["StorageWrite", "StorageDelete"],
  cluster: ["kube-audit-admin", "guard"],
} as const;

/** Sends the logs of a resource, by its id, where the configuration asks for it. */
export function createDiagnostics(
  name: string,
  { governance: { diagnostics: workspaceId } = {} }: Pick<RegionPlan, "governance">,
  of: keyof typeof categories,
  resourceUri: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  if (workspaceId === undefined) return;
  new DiagnosticSetting(
    `${name}-${of}`,
    {
      name: "registry-cache",
      resourceUri,
      workspaceId,
      // A table for each category: https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs#resource-specific
      logAnalyticsDestinationType: "Dedicated",
      logs: categories[of].map((category) => ({ category, enabled: true })),
    },
    // Azure doesn't tell it of a vault: https://github.com/Azure/azure-rest-api-specs/issues/22400
    { ...options, ignoreChanges: ["logAnalyticsDestinationType"] },
  );
}

/** Asks whether the workspace is there. */
export async function checkWorkspace(
  { lookUp, options }: Question,
  { diagnostics }: Governance = {},
): Promise<void> {
  if (diagnostics === undefined) return;
  const workspace = getFromArm(`${diagnostics}?api-version=2023-09-01`, options);
  await lookUp.ask("governance.diagnostics", diagnostics, workspace);
}
