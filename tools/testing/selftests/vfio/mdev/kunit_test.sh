#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites as modules, on a kernel that runs, with one result here for each
# test case of theirs. Each of the modules can be unloaded again. A module is called like
# its suite, with "_kunit" after that.

set -u
unset CDPATH

# shellcheck source=tools/testing/selftests/vfio/mdev/tap.sh
. "$(dirname "$0")/tap.sh"

tree=$(dirname "$0")/../../../../..
results=/sys/kernel/debug/kunit
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# Names of the modules, whatever the kernel compresses them with
modules() {
	find "/lib/modules/$(uname -r)" -name '*_kunit.ko*' |
		sed 's|.*/||; s|\.ko.*||' |
		grep -E '^(mdev|vfio_mdev|virtio_mdev|mtty|mdpy|mbochs)_' | sort -u
}

# A suite's test cases are indented; those with parameters have a line for each, indented
# once more, before their own, which counts as well.
cases() {
	sed -nE 's/^ {4}( {4})?(ok|not ok) [0-9]+ (.*)/\2 '"$1"': \3/p'
}

suites() {
	find "$results" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort
}

load_all() {
	for module in $(modules); do
		modprobe "$module" || echo "not ok $module: cannot be loaded"
	done
}

# At the same time, as each may have to wait for what is freed late
unload_all() {
	for module in $(modules); do
		rmmod "$module" || echo "not ok $module: cannot be unloaded" &
	done
	wait
}

# A suite that cannot be set up fails without a case.
read_suite() {
	found=$(cases "${1##*/}" <"$1/results")
	case $found in
	*"not ok"*) ;;
	'') echo "not ok ${1##*/}: no case has run" ;;
	*) ! grep -q '^not ok' "$1/results" || echo "not ok ${1##*/}: fails as a whole" ;;
	esac
	[ -z "$found" ] || printf '%s\n' "$found"
}

read_results() {
	for module in $(modules); do
		[ -e "$results/${module%_kunit}" ] || echo "not ok $module: has no test"
	done
	for suite in $(suites); do
		read_suite "$suite"
	done
}

# Where the sources are, each of them has to be there as a module.
sources_are_modules() {
	for file in "$tree"/drivers/vfio/mdev/tests/*_kunit.c \
		"$tree"/drivers/virtio/tests/*_kunit.c \
		"$tree"/samples/vfio-mdev/*_kunit.c; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .c)
		modules | grep -qx "$name" || echo "not ok $name: there is no such module"
	done
}

modprobe -q kunit || skip_all "the kernel has no KUnit"
[ -n "$(modules)" ] || skip_all "there are no KUnit modules of ours"
[ -d "$results" ] || skip_all "the kernel keeps no results, CONFIG_KUNIT_DEBUGFS"

{
	sources_are_modules
	load_all
	read_results
	unload_all
} >"$lines"
[ -s "$lines" ] || echo "not ok no test has run" >"$lines"

echo "TAP version 13"
echo "1..$(wc -l <"$lines")"
sed -E 's/^(ok|not ok) /&@ /' "$lines" | awk '{ sub(/@/, NR); print }'
! grep -q '^not ok' "$lines"
