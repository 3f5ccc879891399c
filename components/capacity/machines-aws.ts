import { type Machine, machineOf, type SizeColumns } from "./machine.ts";

/**
 * EC2 types that suit a cache, the least expensive in us-east-1 first.
 *
 * Network baseline: https://github.com/aws/karpenter-provider-aws at 1d927085, pkg/providers/instancetype/zz_generated.bandwidth.go (2026-08-21).
 * vCPU, memory, network and EBS figures: https://github.com/cristim/ec2-instances-info at 32acf84f, data/instances.json (2025-05-28), with the figures of
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-optimized.html. EBS figures are decimal: 630 Mbps are 78.75 MB/s.
 * Share of a vCPU that a burstable type sustains: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
 */
const rows: readonly (readonly [...SizeColumns, ebsMbps: number, ebsIops: number])[] = [
  ["t4g.small", 2, 0.4, 2, 128, 174, 1000],
  ["t3.small", 2, 0.4, 2, 128, 174, 1000],
  ["t4g.medium", 2, 0.4, 4, 256, 347, 2000],
  ["c7g.medium", 1, 1, 2, 520, 315, 2500],
  ["m6g.medium", 1, 1, 4, 500, 315, 2500],
  ["c8g.medium", 1, 1, 2, 520, 315, 2500],
  ["m7g.medium", 1, 1, 4, 520, 315, 2500],
  ["t3.medium", 2, 0.4, 4, 256, 347, 2000],
  ["c6gn.medium", 1, 1, 2, 1600, 760, 2500],
  ["m8g.medium", 1, 1, 4, 520, 315, 2500],
  ["r7g.medium", 1, 1, 8, 520, 315, 2500],
  ["c7gn.medium", 1, 1, 2, 3125, 521, 2083],
  ["t4g.large", 2, 0.6, 8, 512, 695, 4000],
  ["c7g.large", 2, 2, 4, 937, 630, 3600],
  ["m6g.large", 2, 2, 8, 750, 630, 3600],
  ["c8g.large", 2, 2, 4, 937, 630, 3600],
  ["m7g.large", 2, 2, 8, 937, 630, 3600],
  ["t3.large", 2, 0.6, 8, 512, 695, 4000],
  ["c6gn.large", 2, 2, 4, 3000, 1235, 5000],
  ["m8g.large", 2, 2, 8, 937, 630, 3600],
  ["m7i.large", 2, 2, 8, 781, 650, 3600],
  ["r7g.large", 2, 2, 16, 937, 630, 3600],
  ["c6in.large", 2, 2, 4, 3125, 1562, 6250],
  ["c7gn.large", 2, 2, 4, 6250, 1042, 4167],
  ["t4g.xlarge", 4, 1.6, 16, 1024, 695, 4000],
  ["c7g.xlarge", 4, 4, 8, 1876, 1250, 6000],
  ["m6g.xlarge", 4, 4, 16, 1250, 1188, 6000],
  ["c8g.xlarge", 4, 4, 8, 1875, 1250, 6000],
  ["m7g.xlarge", 4, 4, 16, 1876, 1250, 6000],
  ["t3.xlarge", 4, 1.6, 16, 1024, 695, 4000],
  ["c6gn.xlarge", 4, 4, 8, 6300, 2375, 10_000],
  ["m8g.xlarge", 4, 4, 16, 1875, 1250, 6000],
  ["m7i.xlarge", 4, 4, 16, 1562, 1250, 6000],
  ["r7g.xlarge", 4, 4, 32, 1876, 1250, 6000],
  ["c6in.xlarge", 4, 4, 8, 6250, 3125, 12_500],
  ["c7gn.xlarge", 4, 4, 8, 12_500, 2083, 8333],
  ["t4g.2xlarge", 8, 3.2, 32, 2048, 695, 4000],
  ["c7g.2xlarge", 8, 8, 16, 3750, 2500, 12_000],
  ["m6g.2xlarge", 8, 8, 32, 2500, 2375, 12_000],
  ["c8g.2xlarge", 8, 8, 16, 3750, 2500, 12_000],
  ["m7g.2xlarge", 8, 8, 32, 3750, 2500, 12_000],
  ["t3.2xlarge", 8, 3.2, 32, 2048, 695, 4000],
  ["c6gn.2xlarge", 8, 8, 16, 12_500, 4750, 20_000],
  ["m8g.2xlarge", 8, 8, 32, 3750, 2500, 12_000],
  ["m7i.2xlarge", 8, 8, 32, 3125, 2500, 12_000],
  ["r7g.2xlarge", 8, 8, 64, 3750, 2500, 12_000],
  ["c6in.2xlarge", 8, 8, 16, 12_500, 6250, 25_000],
  ["c7gn.2xlarge", 8, 8, 16, 25_000, 4167, 16_667],
  ["c7g.4xlarge", 16, 16, 32, 7500, 5000, 20_000],
  ["m6g.4xlarge", 16, 16, 64, 5000, 4750, 20_000],
  ["c8g.4xlarge", 16, 16, 32, 7500, 5000, 20_000],
  ["m7g.4xlarge", 16, 16, 64, 7500, 5000, 20_000],
  ["c6gn.4xlarge", 16, 16, 32, 25_000, 9500, 40_000],
  ["m8g.4xlarge", 16, 16, 64, 7500, 5000, 20_000],
  ["m7i.4xlarge", 16, 16, 64, 6250, 5000, 20_000],
  ["r7g.4xlarge", 16, 16, 128, 7500, 5000, 20_000],
  ["c6in.4xlarge", 16, 16, 32, 25_000, 12_500, 50_000],
  ["c7gn.4xlarge", 16, 16, 32, 50_000, 8333, 33_333],
];

/** By family, of us-east-1, us-west-2, eu-central-1, eu-west-1, eu-north-1, ap-southeast-1 and ap-southeast-2, on 2025-05-28. Other regions lack more, so the look-up asks AWS. */
const missingIn: Readonly<Record<string, readonly string[]>> = {
  m8g: ["ap-southeast-1"],
  c8g: ["ap-southeast-1"],
  c7gn: ["eu-central-1", "eu-north-1", "ap-southeast-1", "ap-southeast-2"],
};

export const awsMachines: readonly Machine[] = rows.map((row) => {
  const [type, , , , , sustainedMbps, sustainedIops] = row;
  const [family = ""] = type.split(".");
  return machineOf("aws", row, { gp3: { sustainedMbps, sustainedIops } }, missingIn[family]);
});
