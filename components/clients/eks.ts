import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";
import { quoted } from "./shell-word.ts";

/**
 * User data of Amazon Linux 2023 on EKS, for a launch template of a managed node group or for Karpenter's EC2NodeClass: both put their own NodeConfig beside it.
 * nodeadm's containerd reads `certs.d`, so the files are enough. A shell part, because the lists of two cloud-config parts replace each other; nodeadm
 * starts containerd and kubelet after it.
 * https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/containerd/config2.template.toml,
 * https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html#launch-template-user-data, https://karpenter.sh/docs/concepts/nodeclasses/#specuserdata
 */
export function renderEksUserData(options: ClientOptions): string {
  const write = nodeFiles(options).map(
    ({ path, content }) => `install -D -m 0644 /dev/stdin ${quoted(path)} <<'END'\n${content}END\n`,
  );
  return `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="registry-cache"

--registry-cache
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
set -eu
${write.join("")}
--registry-cache--
`;
}
