#!/bin/sh
# Makes the kernel read the size of the data disk again, because Azure reports a new size only at boot. The change triggers an event, on which udev grows the file system.
# https://learn.microsoft.com/azure/virtual-machines/linux/expand-disks#detect-a-changed-disk-size
set -eu
. "${0%/*}/machine.conf"
[ -e "$DEVICE" ] || exit 0
device=${SYS:-/sys}/class/block/$(basename "$(readlink -e "$DEVICE")")/device
# In this order: a SCSI disk, the NVMe controller, and all controllers if the kernel has several paths to the disk.
for file in "$device/rescan" "$device/rescan_controller" "$device"/nvme*/rescan_controller; do
  if [ -e "$file" ]; then echo 1 >"$file"; fi
done
