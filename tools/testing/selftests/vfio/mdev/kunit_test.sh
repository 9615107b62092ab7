#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites as modules, on a kernel that runs: loaded one after the other,
# with one result here for each test case of theirs. Each can be unloaded again.

set -u

results=/sys/kernel/debug/kunit
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

# Names of the modules, whatever the kernel compresses them with
modules() {
	find "/lib/modules/$(uname -r)" -name '*_kunit.ko*' |
		sed 's|.*/||; s|\.ko.*||' |
		grep -E '^(mdev|vfio_mdev|mtty|mdpy|mbochs)_' | sort -u
}

# A suite's test cases are indented; those with parameters have lines of their
# own below them, indented once more.
cases() {
	sed -nE 's/^ {4}(ok|not ok) [0-9]+ (.*)/\1 '"$1"': \2/p'
}

suites() {
	find "$results" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort
}

run_module() {
	if ! modprobe "$1"; then
		echo "not ok $1: cannot be loaded"
		return
	fi
	for suite in $(suites); do
		cases "${suite##*/}" <"$suite/results"
	done
	modprobe -r "$1" || echo "not ok $1: cannot be unloaded"
}

modprobe -q kunit || skip_all "the kernel has no KUnit"
[ -n "$(modules)" ] || skip_all "there are no KUnit modules of ours"
[ -d "$results" ] || skip_all "the kernel does not keep results, CONFIG_KUNIT_DEBUGFS"

for module in $(modules); do
	before=$(wc -l <"$lines")
	run_module "$module" >>"$lines"
	[ "$(wc -l <"$lines")" -gt "$before" ] ||
		echo "not ok $module: ran no test" >>"$lines"
done

echo "TAP version 13"
echo "1..$(wc -l <"$lines")"
sed -E 's/^(ok|not ok) /&@ /' "$lines" | awk '{ sub(/@/, NR); print }'
! grep -q '^not ok' "$lines"
