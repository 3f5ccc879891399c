import { everywhere, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text } from "../values.ts";
import { policyType } from "./boundary.ts";
import { managedPolicies } from "./eks.ts";
import { accountId } from "./existing.ts";
import { demandKey } from "./kms.ts";
import { checkPolicy } from "./policy.ts";

const role = "aws:iam/role:Role";
const profileType = "aws:iam/instanceProfile:InstanceProfile";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
function checkPath({ path = "/" }: Inputs): void {
  const valid = /^\/(?:[!-~]+\/)?$/.test(String(path)) && String(path).length <= 512;
  demand(valid, "ValidationError", `path ${path}`);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const isName = (name: string, longest: number) => /^[\w+=,.@-]+$/.test(name) && name.length <= longest;

export const identity: Readonly<Record<string, Rules>> = {
  [role]: {
    replacing: ["name", "namePrefix", "path"],
    check(inputs) {
      demand(isName(text("name", inputs), 64), "ValidationError", `role name ${inputs.name}`);
      checkPolicy(text("assumeRolePolicy", inputs), "trust");
      checkPath(inputs);
    },
    admit({ cloud, inputs }) {
      const boundary = text("permissionsBoundary", inputs);
      const isThere = boundary === "" || cloud.find(policyType, boundary, everywhere);
      demand(isThere, "NoSuchEntity", `Scope ARN: ${boundary} does not exist or is not attachable.`);
    },
    create({ inputs }) {
      const { name, path = "/" } = inputs;
      const arn = `arn:aws:iam::${accountId}:role${path}${name}`;
      return { id: String(name), outputs: { arn, path }, scope: everywhere };
    },
  },

  "aws:iam/rolePolicy:RolePolicy": {
    replacing: ["name", "namePrefix", "role"],
    references: [{ at: "role", to: role }],
    check(inputs) {
      demand(isName(text("name", inputs), 128), "ValidationError", `policy name ${inputs.name}`);
      checkPolicy(text("policy", inputs), "permissions");
    },
    create: ({ inputs }) => ({ id: `${inputs.role}:${inputs.name}`, scope: everywhere }),
  },

  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    replacing: ["role", "policyArn"],
    references: [{ at: "role", to: role }],
    check({ policyArn }) {
      const known = ["AmazonSSMManagedInstanceCore", ...managedPolicies];
      const isKnown = known.some((name) => policyArn === `arn:aws:iam::aws:policy/${name}`);
      demand(isKnown, "NoSuchEntity", `Policy ${policyArn} does not exist`);
    },
    create: ({ inputs }) => ({ id: `${inputs.role}/${inputs.policyArn}`, scope: everywhere }),
  },

  [profileType]: {
    replacing: ["name", "namePrefix", "path"],
    // When the provider deletes a role, it removes the role from all its profiles.
    references: [{ at: "role", to: role, onDelete: "leave" }],
    check: (inputs) =>
      demand(isName(text("name", inputs), 128), "ValidationError", `profile name ${inputs.name}`),
    create: ({ inputs }) => ({ id: text("name", inputs), scope: everywhere }),
  },

  "aws:ssm/parameter:Parameter": {
    replacing: ["name", "dataType"],
    secrets: ["value"],
    /** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html */
    check(inputs) {
      const name = text("name", inputs);
      const valid =
        /^(?:\/[\w.-]+){1,15}$/.test(name) && name.length <= 1011 && !/^\/?(?:aws|ssm)/i.test(name);
      demand(valid, "ValidationException", `Parameter name ${name}`);
      demand(inputs.type === "SecureString", "ValidationException", `type ${inputs.type}`);
      const size = Buffer.byteLength(text("value", inputs));
      demand(
        size >= 1 && size <= 4096,
        "ValidationException",
        `Standard tier parameters support up to 4096: ${size}`,
      );
    },
    admit: (request) => demandKey(request, text("keyId", request.inputs)),
    create({ inputs, scope }) {
      const name = text("name", inputs);
      return { id: name, outputs: { arn: `arn:aws:ssm:${scope}:${accountId}:parameter${name}`, version: 1 } };
    },
  },
};
