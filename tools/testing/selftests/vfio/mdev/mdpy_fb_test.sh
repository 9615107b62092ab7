#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mdpy-fb in a guest: the demo's inner virtual machine draws with it, and has it give
# the display back and take it again. It takes KVM, and half a minute, and so is no
# part of a group.

demo=../../../../vm/demo-machine-display
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "TAP version 13"
[ -x "$demo" ] || {
	echo "1..0 # SKIP there is no demo here"
	exit 4
}
echo "1..1"
# What it leaves running would keep a pipe open.
if MDEV_SHARE=$out "$demo" mdpy-vga >"$out/log" 2>&1; then
	echo "ok 1 a guest drives a display"
else
	cat "$out/log"
	echo "not ok 1 a guest drives a display"
	exit 1
fi
