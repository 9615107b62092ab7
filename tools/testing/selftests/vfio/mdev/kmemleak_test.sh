#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What ran before this test has left no memory behind that nothing points to.

set -u

kmemleak=/sys/kernel/debug/kmemleak

if ! echo scan=off 2>/dev/null >$kmemleak; then
	echo "TAP version 13"
	echo "1..0 # SKIP the kernel does not look for leaks, CONFIG_DEBUG_KMEMLEAK"
	exit 4
fi

# An object has to be 5 seconds old, and unreferenced in two scans, as it may
# have been moving from one list to another during the first.
sleep 6
echo scan >$kmemleak
echo scan >$kmemleak
leaks=$(cat $kmemleak)

echo "TAP version 13"
echo "1..1"
if [ -z "$leaks" ]; then
	echo "ok 1 no memory is leaked"
	exit 0
fi
echo "$leaks" | head -n 200 | sed 's/^/# /'
echo "not ok 1 $(echo "$leaks" | grep -c '^unreferenced object') objects are leaked"
exit 1
