import { after } from "node:test";
import { azureCloud } from "../doubles/azure/azure.ts";
import { testLifecycle } from "../support/cloud-lifecycle.ts";
import { stackFiles } from "../support/cloud-stack.ts";
import { azureViolations } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });

for (const file of stackFiles("azure")) {
  testLifecycle(parts, {
    file,
    cloud: azureCloud(),
    machineType: "azure-native:compute:VirtualMachine",
    diskType: "azure-native:compute:Disk",
    sizeOf: ({ inputs }) => Number(inputs.diskSizeGB),
    // Disk and interface are part of the machine's own description: gone with it, they are free.
    replacement: ["delete VirtualMachine …", "create VirtualMachine …"],
    following: [],
    beforeMachine: ["RoleAssignment", "RecordSet", "Disk"],
    violations: azureViolations,
  });
}
