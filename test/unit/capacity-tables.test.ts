import assert from "node:assert/strict";
import { test } from "node:test";
import { disks, diskTypeIn, fromMbps, mostOf, toMbps } from "../../components/capacity/disk.ts";
import { architectureOf, type Cloud } from "../../components/capacity/machine.ts";
import {
  candidates,
  isMachineName,
  machineNamed,
  machineNear,
  machines,
} from "../../components/capacity/machines.ts";

const clouds: readonly Cloud[] = ["aws", "azure"];
const diskTypes = { aws: ["gp3"], azure: ["PremiumV2_LRS", "Premium_LRS"] };
const names = { aws: /^[a-z]\d[a-z]*\.(?:small|medium|\d*x?large)$/, azure: /^Standard_[BD]\d+[a-z]*_v\d$/ };

for (const cloud of clouds) {
  test(`has plausible figures for every machine of ${cloud}`, () => {
    for (const machine of machines[cloud]) {
      const { type, vCpu, sustainedVCpu, memoryGiB, networkMbps } = machine;
      assert.match(type, names[cloud]);
      assert.ok(Number.isInteger(vCpu) && vCpu >= 1 && vCpu < 32, type);
      assert.ok(sustainedVCpu > 0 && sustainedVCpu <= vCpu, type);
      assert.ok(memoryGiB >= 2 * vCpu || type.startsWith("t"), type);
      assert.ok(networkMbps >= 100 && networkMbps <= 50_000, type);
      assert.deepEqual(Object.keys(machine.diskPath), diskTypes[cloud], type);
      for (const path of Object.values(machine.diskPath)) {
        assert.ok(path.sustainedMbps > 0 && path.sustainedMbps <= 12_500, type);
        // All vendors' limits are between 8 KiB and 64 KiB per operation.
        const bytes = (path.sustainedMbps * 1e6) / 8 / path.sustainedIops;
        assert.ok(bytes > 8 * 1024 && bytes < 64 * 1024, `${type}: ${bytes}`);
      }
    }
  });

  test(`lists the machines of ${cloud} once, in both architectures`, () => {
    const all = machines[cloud];
    assert.equal(new Set(all.map(({ type }) => type)).size, all.length);
    assert.ok(candidates(cloud, "arm64").length > 5);
    assert.ok(candidates(cloud, "amd64").length > 5);
  });

  test(`never makes the larger machine in a family of ${cloud} weaker`, () => {
    const families = Map.groupBy(machines[cloud], ({ type }) => type.replace(/\..*|\d+(?=[a-z]+_)/, ""));
    for (const [family, members] of families) {
      members.reduce((smaller, larger) => {
        assert.ok(larger.vCpu >= smaller.vCpu && larger.memoryGiB > smaller.memoryGiB, family);
        assert.ok(larger.networkMbps >= smaller.networkMbps, family);
        for (const [disk, path] of Object.entries(larger.diskPath)) {
          const before = smaller.diskPath[disk as keyof typeof smaller.diskPath];
          assert.ok(path.sustainedMbps >= (before?.sustainedMbps ?? 0), family);
        }
        return larger;
      });
    }
  });
}

test("has the figures from the clouds' documentation", () => {
  const large = machineNamed("aws", "m7g.large");
  assert.equal(large?.networkMbps, 937);
  // 78.75 MB/s, which is less than gp3's free 125 MiB/s.
  assert.equal(large?.diskPath.gp3?.sustainedMbps, 630);
  assert.equal(machineNamed("aws", "c6gn.large")?.networkMbps, 3000);
  const d2 = machineNamed("azure", "Standard_D2ps_v6");
  assert.equal(d2?.architecture, "arm64");
  assert.equal(d2?.diskPath.PremiumV2_LRS?.sustainedMbps, 124 * 8);
  assert.equal(d2?.diskPath.Premium_LRS?.sustainedMbps, 106 * 8);
  assert.equal(machineNamed("azure", "Standard_D2as_v6")?.architecture, "amd64");
});

test("finds the architecture by a name", () => {
  const arm = ["a1.large", "c8gn.large", "im4gn.large", "is4gen.medium", "m9gd.2xlarge", "x2gd.medium"];
  const intelOrAmd = ["g4dn.xlarge", "gr6.4xlarge", "i7ie.large", "m7i-flex.large", "m8a.large", "t3.micro"];
  for (const type of arm) assert.equal(architectureOf("aws", type), "arm64", type);
  for (const type of intelOrAmd) assert.equal(architectureOf("aws", type), "amd64", type);
  for (const type of ["Standard_E4pds_v6", "Standard_B2pts_v2"]) {
    assert.equal(architectureOf("azure", type), "arm64", type);
  }
  for (const type of ["Standard_L2as_v4", "Standard_DC4as_v5"]) {
    assert.equal(architectureOf("azure", type), "amd64", type);
  }
});

test("finds the nearest name for a misspelt machine, and for Azure's without the prefix", () => {
  assert.equal(machineNear("aws", "m7g.larg"), "m7g.large");
  assert.equal(machineNear("azure", "D2ps_v6"), "Standard_D2ps_v6");
  assert.equal(machineNear("aws", "nothing-like-it"), undefined);
});

test("recognizes a name of the right form, whether or not the tables have it", () => {
  for (const cloud of ["aws", "azure"] as const)
    for (const { type } of machines[cloud]) assert.ok(isMachineName(cloud, type), type);
  for (const type of ["r8g.12xlarge", "m7gd.metal-48xl", "u7i-12tb.224xlarge", "mac2-m2pro.metal"])
    assert.ok(isMachineName("aws", type), type);
  for (const type of ["Standard_D4", "Standard_DS2_v2", "Standard_E4-2ads_v5", "Standard_NC24ads_A100_v4"])
    assert.ok(isMachineName("azure", type), type);
  for (const type of ["m7g.larg", "m7g-large", "m7g.2xl", "mg.large"])
    assert.ok(!isMachineName("aws", type), type);
  for (const type of ["D2ps_v6", "standard_D2ps_v6", "Standard_D2ps-v6"])
    assert.ok(!isMachineName("azure", type), type);
});

test("plans a Premium SSD where Premium SSD v2 isn't offered", () => {
  assert.equal(diskTypeIn("aws", "eu-central-1"), "gp3");
  assert.equal(diskTypeIn("azure", "westeurope"), "PremiumV2_LRS");
  assert.equal(diskTypeIn("azure", "jioindiawest"), "Premium_LRS");
});

test("rounds converted throughput to the safe side", () => {
  // 125 MiB/s × 2^20 × 8 / 10^6 = 1,048.576 Mbps; 125 MB/s × 8 = 1,000 Mbps.
  assert.equal(toMbps(125, "MiB/s"), 1048);
  assert.equal(toMbps(125, "MB/s"), 1000);
  // 1,001 Mbps / 8 = 125.125 MB/s.
  assert.equal(fromMbps(1001, "MB/s"), 126);
  assert.equal(fromMbps(1001, "MiB/s"), 120);
});

test("has rising tiers of Premium SSD up to the largest disk", () => {
  const { Premium_LRS: premium } = disks;
  premium.tiers.reduce((smaller, larger) => {
    assert.ok(larger.sizeGiB > smaller.sizeGiB, larger.name);
    assert.ok(larger.iops >= smaller.iops && larger.throughput >= smaller.throughput, larger.name);
    return larger;
  });
  assert.equal(premium.tiers.at(-1)?.sizeGiB, premium.mostGiB);
});

test("raises the limits of a provisioned disk with its size", () => {
  const { PremiumV2_LRS: disk } = disks;
  // The examples of https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-iops
  assert.deepEqual(mostOf(disk, 6), { iops: 3000, throughput: 750 });
  assert.deepEqual(mostOf(disk, 8), { iops: 4000, throughput: 1000 });
  assert.deepEqual(mostOf(disk, 160), { iops: 80_000, throughput: 2000 });
});
