import { type Demands, rule, unmet } from "../rule.ts";
import { valueAt } from "../values.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html */
const metadata: Demands = {
  "aws:ec2/instance:Instance": {
    "gives credentials without a token: set `metadataOptions.httpTokens: required`": (it) =>
      valueAt("metadataOptions.httpTokens", it) === "required",
    "gives credentials to containers in networks of their own: set `metadataOptions.httpPutResponseHopLimit: 1`":
      (it) => valueAt("metadataOptions.httpPutResponseHopLimit", it) === 1,
    "shows its tags to what runs on it: set `metadataOptions.instanceMetadataTags: disabled`": (it) =>
      valueAt("metadataOptions.instanceMetadataTags", it) === "disabled",
  },
};

export const imdsv2 = rule({
  name: "imdsv2",
  level: "mandatory",
  what: "A machine in AWS gives its credentials only to requests with a token (IMDSv2), and only in the machine's own network. The cache's containers share that network.",
  why: "By IMDSv1, one forged request through a program on the machine is enough to take its credentials.",
  each: (resource) => unmet(metadata, resource),
});

const logins: Demands = {
  "aws:ec2/instance:Instance": {
    "has a key for SSH: leave out `keyName`, Session Manager takes its place": (it) =>
      it.keyName === undefined,
  },
  "azure-native:compute:VirtualMachine": {
    "takes a password: set `disablePasswordAuthentication`": (it) =>
      valueAt("osProfile.linuxConfiguration.disablePasswordAuthentication", it) === true,
    "has an identity that goes with it: its type must be UserAssigned": (it) =>
      valueAt("identity.type", it) === "UserAssigned",
  },
};

export const noLogins = rule({
  name: "no-logins",
  level: "mandatory",
  what: "No login to a machine by its own key or password is possible.",
  why: "Such a login belongs to no person, isn't audited, and stays valid after its users leave.",
  each: (resource) => unmet(logins, resource),
});
