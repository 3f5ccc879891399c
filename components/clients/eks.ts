import { stringify as stringifyToml } from "smol-toml";
import { stringify } from "yaml";
import { quoted } from "../shell/word.ts";
import type { ClientOptions } from "./cache-address.ts";
import { certsDirectory } from "./containerd.ts";
import { nodeFiles } from "./node-files.ts";

const boundary = "registry-cache";

/**
 * nodeadm sets a list of two directories, which containerd 2.1 and later take for one path when they pull. containerd 1.7 has another name for the plugin, ignores this, and accepts the list.
 * https://github.com/awslabs/amazon-eks-ami/issues/2494
 */
const configPath = {
  plugins: { "io.containerd.cri.v1.images": { registry: { config_path: certsDirectory } } },
};

const nodeConfig = {
  apiVersion: "node.eks.aws/v1alpha1",
  kind: "NodeConfig",
  spec: { containerd: { config: stringifyToml(configPath) } },
};

/**
 * User data of Amazon Linux 2023 on EKS, for a launch template of a managed node group or for Karpenter's EC2NodeClass. Both add a NodeConfig of their own, and nodeadm merges them. A
 * shell part writes the files, because lists in two cloud-config parts replace each other. nodeadm starts containerd after that part.
 * https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/doc/examples.md,
 * https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html#launch-template-user-data, https://karpenter.sh/docs/concepts/nodeclasses/#specuserdata
 */
export function renderEksUserData(options: ClientOptions): string {
  const write = nodeFiles(options).map(
    ({ path, content }) => `install -D -m 0644 /dev/stdin ${quoted(path)} <<'END'\n${content}END\n`,
  );
  const parts = [
    ["application/node.eks.aws", stringify(nodeConfig)],
    ["text/x-shellscript", ["#!/bin/sh\n", "set -eu\n", ...write].join("")],
  ].map(([type, content]) => `--${boundary}\nContent-Type: ${type}\n\n${content}\n`);
  const head = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${boundary}"\n`;
  return `${head}\n${parts.join("")}--${boundary}--\n`;
}
