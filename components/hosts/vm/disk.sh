#!/bin/sh
# Waits for the data disk, however late it is attached. Creates a file system only if the disk is blank.
set -eu
. "${0%/*}/machine.conf"
udevadm wait "$DEVICE"

# Blank: blkid finds no signature (file system, partition table or other), and the first 16 MiB are zeros, in case of a signature that blkid doesn't know.
blank() {
  status=0
  blkid --probe "$DEVICE" >/dev/null || status=$?
  [ "$status" -eq 2 ] && cmp -s -n 16777216 "$DEVICE" /dev/zero
}

if blank; then
  mkfs.ext4 -q -m 0 -L registry-cache "$DEVICE"
elif [ "$(blkid --probe --match-tag TYPE --output value "$DEVICE")" != ext4 ]; then
  echo "$DEVICE is in use for something else: it isn't blank, and has no ext4 file system" >&2
  exit 1
fi
# Exit code 1 means that errors were repaired. Nobody can log in to answer questions, and lost files are fetched again.
repaired() { fsck.ext4 "$1" "$DEVICE" || [ $? -eq 1 ]; }
repaired -p || repaired -y
