#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest of QEMU, with a serial card and a DMA engine that are mediated devices, moves to
# another QEMU while lines are on their way through the card: the short form of what
# 'make demo-migrate' shows. Needs KVM, and the QEMU that tools/vm/qemu-backport fetches.

set -u
unset CDPATH

cd "$(dirname "$0")/../../../../vm" || exit 1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mdev

echo "TAP version 13"
if [ ! -d "$cache/qemu-backport" ]; then
	echo "1..0 # SKIP there is no QEMU that can migrate VFIO devices"
	exit 4
fi
echo "1..1"
out=$(./demo-machine-migrate short 2>&1)
status=$?
printf '%s\n' "$out" | sed 's/^/# /'
[ $status -eq 0 ] || printf 'not '
echo "ok 1 a guest moves while lines go through its serial card"
exit $status
