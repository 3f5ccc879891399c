/** All rules, in the order of docs/policies.md. */
import type { Rule } from "./rule.ts";
import { budget } from "./rules/budget.ts";
import { closedClusters } from "./rules/clusters.ts";
import { encryption } from "./rules/encryption.ts";
import { knownPackages } from "./rules/known-packages.ts";
import { leastPrivilege } from "./rules/least-privilege.ts";
import { location } from "./rules/location.ts";
import { imdsv2, noLogins } from "./rules/machines.ts";
import { openPorts } from "./rules/open-ports.ts";
import { pinnedImages } from "./rules/pinned-images.ts";
import { restrictedPods } from "./rules/pods.ts";
import { privateStores } from "./rules/private-stores.ts";
import { protectedDisks } from "./rules/protected-disks.ts";
import { requiredTags } from "./rules/required-tags.ts";

export const rules: readonly Rule[] = [
  openPorts,
  leastPrivilege,
  encryption,
  privateStores,
  imdsv2,
  noLogins,
  closedClusters,
  restrictedPods,
  pinnedImages,
  requiredTags,
  protectedDisks,
  knownPackages,
  location,
  budget,
];
