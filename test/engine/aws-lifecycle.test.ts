import { after } from "node:test";
import { awsCloud } from "../doubles/aws/aws.ts";
import { testLifecycle } from "../support/cloud-lifecycle.ts";
import { stackFiles } from "../support/cloud-stack.ts";
import { awsViolations } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });

for (const file of stackFiles("aws")) {
  testLifecycle(parts, {
    file,
    cloud: awsCloud(),
    machineType: "aws:ec2/instance:Instance",
    diskType: "aws:ebs/volume:Volume",
    sizeOf: ({ inputs }) => Number(inputs.size),
    replacement: [
      "stop Instance …",
      "delete VolumeAttachment …",
      "delete Instance …",
      "create Instance …",
      "create VolumeAttachment …",
    ],
    following: ["update MetricAlarm …-recover", "update MetricAlarm …-reboot"],
    beforeMachine: [
      "RolePolicy",
      "RolePolicyAttachment",
      "EipAssociation",
      "Route",
      "RouteTableAssociation",
      "Volume",
    ],
    violations: awsViolations,
  });
}
