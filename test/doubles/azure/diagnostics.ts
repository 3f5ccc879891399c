import type { Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { text, valuesAt } from "../values.ts";
import { types } from "./account.ts";
import { managedCluster } from "./node-pools.ts";

/** Categories by the end of the resource's id: https://learn.microsoft.com/azure/azure-monitor/reference/logs-index */
const categories: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [/\/vaults\/[^/]+$/, types.vault, ["AuditEvent", "AzurePolicyEvaluationDetails"]],
  [/\/blobServices\/default$/, types.storageAccount, ["StorageRead", "StorageWrite", "StorageDelete"]],
  [
    /\/managedClusters\/[^/]+$/,
    managedCluster,
    [
      ...["kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler"],
      ...["cluster-autoscaler", "cloud-controller-manager", "guard"],
    ],
  ],
];

export const diagnosticsRules: Readonly<Record<string, Rules>> = {
  "azure-native:monitor:DiagnosticSetting": {
    replacing: ["name", "resourceUri"],
    // https://github.com/Azure/azure-rest-api-specs/issues/22400
    unread: ["logAnalyticsDestinationType"],
    references: [{ at: "workspaceId", to: types.workspace }],
    check(inputs) {
      const logs = valuesAt("logs[*].category", inputs).map(String);
      const [, , known = []] = categories.find(([end]) => end.test(text("resourceUri", inputs))) ?? [];
      const unknown = logs.filter((category) => !known.includes(category));
      demand(
        unknown.length === 0 && logs.length > 0,
        "BadRequest",
        `Category '${unknown}' is not supported.`,
      );
    },
    admit({ cloud, scope, inputs }) {
      const uri = text("resourceUri", inputs);
      const [, type = ""] = categories.find(([end]) => end.test(uri)) ?? [];
      const isThere = cloud.find(type, uri.replace(/\/blobServices\/default$/, ""), scope);
      demand(isThere, "ResourceNotFound", `The Resource '${uri}' was not found.`);
    },
    create: ({ inputs }) => ({
      id: `${inputs.resourceUri}/providers/Microsoft.Insights/diagnosticSettings/${inputs.name}`,
    }),
  },
};
