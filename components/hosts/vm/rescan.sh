#!/bin/sh
# Makes the kernel read the size of the data disk again: Azure tells it only while the machine boots. A new size is an event, by which udev grows the file system.
# https://learn.microsoft.com/azure/virtual-machines/linux/expand-disks#detect-a-changed-disk-size
set -eu
. "${0%/*}/machine.conf"
[ -e "$DEVICE" ] || exit 0
device=${SYS:-/sys}/class/block/$(basename "$(readlink -e "$DEVICE")")/device
# Of a SCSI disk; of the NVMe controller; of the controllers, where the kernel sees several ways to a disk.
for file in "$device/rescan" "$device/rescan_controller" "$device"/nvme*/rescan_controller; do
  if [ -e "$file" ]; then echo 1 >"$file"; fi
done
