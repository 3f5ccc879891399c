import { type Machine, machineOf, type SizeColumns } from "./machine.ts";

/**
 * Azure sizes that suit a cache, the least expensive in westeurope first.
 *
 * Figures: https://github.com/MicrosoftDocs/azure-compute-docs, articles/virtual-machines/sizes/general-purpose, pages bpsv2, dplsv6, dpsv5, dpsv6,
 * dasv6 (2026-03-10; dplsv6 2026-01-05), dsv5 (2026-02-27) and dsv6 (2024-07-29). MBps are 10^6 bytes per second. The pages of v5
 * and B sizes have one column for all premium disks.
 */
const rows: readonly (readonly [
  ...SizeColumns,
  premiumV2MBps: number,
  premiumV2Iops: number,
  premiumMBps: number,
  premiumIops: number,
])[] = [
  ["Standard_B2pls_v2", 2, 0.6, 4, 6250, 85, 3750, 85, 3750],
  ["Standard_D2pls_v6", 2, 2, 4, 12_500, 124, 4163, 106, 3750],
  ["Standard_B2ps_v2", 2, 0.8, 8, 6250, 85, 3750, 85, 3750],
  ["Standard_D2ps_v6", 2, 2, 8, 12_500, 124, 4163, 106, 3750],
  ["Standard_D2ps_v5", 2, 2, 8, 12_500, 85, 3750, 85, 3750],
  ["Standard_D2as_v6", 2, 2, 8, 12_500, 90, 4000, 90, 4000],
  ["Standard_D2s_v5", 2, 2, 8, 12_500, 85, 3750, 85, 3750],
  ["Standard_D2s_v6", 2, 2, 8, 12_500, 124, 4167, 106, 3750],
  ["Standard_D4pls_v6", 4, 4, 8, 12_500, 248, 8333, 212, 6400],
  ["Standard_B4ps_v2", 4, 1.6, 16, 6250, 145, 6400, 145, 6400],
  ["Standard_D4ps_v6", 4, 4, 16, 12_500, 248, 8333, 212, 6400],
  ["Standard_D4ps_v5", 4, 4, 16, 12_500, 145, 6400, 145, 6400],
  ["Standard_D4as_v6", 4, 4, 16, 12_500, 180, 7600, 180, 7600],
  ["Standard_D4s_v5", 4, 4, 16, 12_500, 145, 6400, 145, 6400],
  ["Standard_D4s_v6", 4, 4, 16, 12_500, 248, 8333, 212, 6400],
  ["Standard_D8pls_v6", 8, 8, 16, 15_000, 496, 16_666, 424, 12_800],
  ["Standard_D8ps_v6", 8, 8, 32, 15_000, 496, 16_666, 424, 12_800],
  ["Standard_D8ps_v5", 8, 8, 32, 12_500, 290, 12_800, 290, 12_800],
  ["Standard_D8as_v6", 8, 8, 32, 12_500, 360, 15_200, 360, 15_200],
  ["Standard_D8s_v5", 8, 8, 32, 12_500, 290, 12_800, 290, 12_800],
  ["Standard_D8s_v6", 8, 8, 32, 12_500, 496, 16_667, 424, 12_800],
  ["Standard_D16ps_v6", 16, 16, 64, 15_000, 992, 33_331, 848, 25_600],
];

export const azureMachines: readonly Machine[] = rows.map((row) => {
  const [, , , , , premiumV2MBps, premiumV2Iops, premiumMBps, premiumIops] = row;
  const path = (MBps: number, sustainedIops: number) => ({ sustainedMbps: MBps * 8, sustainedIops });
  return machineOf("azure", row, {
    PremiumV2_LRS: path(premiumV2MBps, premiumV2Iops),
    Premium_LRS: path(premiumMBps, premiumIops),
  });
});
