/** A disk that outlives machines: a raw file, of which only what was written takes room. */
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DataDisk {
  readonly file: string;
  /** How the machine sees it, which decides on the names that udev's own rules give it. */
  readonly kind:
    | { readonly bus: "nvme"; readonly serial: string }
    | { readonly bus: "scsi"; readonly lun: number };
}

/** The smallest size with the budget of an ordinary disk: see vm.ts. */
export const dataDiskGiB = 17;

export const gib = 1024 ** 3;

/** In a directory, which holds one such disk. */
export async function blankDisk(directory: string, kind: DataDisk["kind"]): Promise<DataDisk> {
  const file = join(directory, "data.raw");
  await writeFile(file, "");
  await truncate(file, dataDiskGiB * gib);
  return { file, kind };
}

/** QEMU's options for the device that has the block node `data` behind it. */
export function deviceOptions({ kind }: DataDisk): Record<string, string | number> {
  const common = { drive: "data", id: "data-disk" };
  if (kind.bus === "nvme") return { ...common, driver: "nvme", bus: "late", serial: kind.serial };
  // As Premium SSD v2 has them.
  const sectors = { logical_block_size: 4096, physical_block_size: 4096 };
  return { ...common, driver: "scsi-hd", bus: "scsi.0", lun: kind.lun, ...sectors };
}

/** The name that udev's rules give the disk: by its serial number, or by the place where it is attached. */
export function deviceLink({ kind }: DataDisk): string {
  return kind.bus === "nvme"
    ? `/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_${kind.serial}`
    : `/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:${kind.lun}`;
}

/** QEMU's block node `data`: what the machine wants on the disk is as safe in this host's memory, where it stays when the machine loses power. */
export function blockNode({ file }: DataDisk) {
  return {
    driver: "raw",
    "node-name": "data",
    file: { driver: "file", filename: file, cache: { "no-flush": true } },
  };
}
