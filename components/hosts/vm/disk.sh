#!/bin/sh
# Waits for the data disk, however late it is attached, and makes a file system on it if it is blank, and only then.
set -eu
. "${0%/*}/machine.conf"
udevadm wait "$DEVICE"

# No signature of a file system, a partition table, or anything else that is known; and nothing unknown where such a thing would begin.
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
# 1: what was wrong is repaired. Nobody can log in to answer questions, and what is lost is fetched again.
repaired() { fsck.ext4 "$1" "$DEVICE" || [ $? -eq 1 ]; }
repaired -p || repaired -y
