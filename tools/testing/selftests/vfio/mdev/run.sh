#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests in this folder, all of them or those that are named, as root on
# a kernel that has the modules. Prints what they print, counts single test
# cases, and ends with one line: N passed, N failed, and N skipped if any were. A test
# that is named has to run; one that is there as part of a group may be skipped.
#
# usage: run.sh [GROUP | TEST]...
#
# The groups are core, vfio, virtio, kvm, guests, clients, races, faults and modules; guests
# is only for who asks for it, as it needs more than what is here.

set -u
unset CDPATH
export LC_ALL=C

cd "$(dirname "$0")" || exit 1

core_tests="mdev_sysfs_test mdev_log_test mdev_uevent_test mdev_ops_test mdev_told_test
mdev_bus_test mdev_types_test mdev_lifetime_test mdev_wait_test mdev_leftover_test
mdev_owner_test kunit_test.sh"
vfio_tests="mdev_front_test vfio_mdev_open_test vfio_mdev_region_test vfio_mdev_mmap_test
vfio_mdev_pinned_test vfio_mdev_config_test vfio_mdev_ioctl_test vfio_mdev_irq_test
vfio_mdev_migration_test vfio_mdev_dirty_test
vfio_mdev_dma_test vfio_mdev_svm_test vfio_mdev_svm_access_test vfio_mdev_svm_memory_test
mnull_test mdma_test mdpy_test
mbochs_test mbochs_plane_test mtty_test"
virtio_tests="virtio_mdev_test virtio_mdev_ring_test mvnet_test.sh"
kvm_tests="vfio_mdev_kvm_test vfio_mdev_window_test"
guests_tests="migrate_test.sh"
clients_tests="clients_test.py mdevctl_test.sh mdevctl_autostart_test.sh guide_test.py"
races_tests="mdev_race_test mdev_stress_test vfio_mdev_dma_race_test
vfio_mdev_svm_race_test vfio_mdev_fuzz_test"
faults_tests="mdev_fail_nth_test"
modules_tests="mdev_fail_load_test"

passed=0 failed=0 skipped=0 number=0 ran=0

# Bits of /proc/sys/kernel/tainted that tell of a fault: machine check, bad
# page, death, warning, soft lockup
faults=$((16 | 32 | 128 | 512 | 16384))

tainted() {
	echo $(($(cat /proc/sys/kernel/tainted) & faults))
}

count() {
	grep -cE "$1" "$log"
}

# Lines of our own are those that are not indented.
say() {
	echo "# $1: $2"
}

# The program itself counts as one more that failed.
fail() {
	say "$test" "$1"
	not_ok=$((not_ok + 1))
}

# Reads the results of a program that ended with status $1.
judge() {
	skip=$(count '^ok .*# SKIP')
	ok=$(($(count '^ok ') - skip))
	not_ok=$(count '^not ok ')
	plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$log" | head -n 1)

	if [ "$1" -eq 4 ] && [ "${plan:-1}" -eq 0 ]; then
		skip=1
	elif [ "${plan:-1}" -eq 0 ]; then
		fail "has a plan of no test, exit status $1"
	elif [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		fail "did not end within $timeout s"
	elif [ -z "$plan" ]; then
		fail "has no plan, exit status $1"
	elif [ $((ok + not_ok + skip)) -ne "$plan" ]; then
		fail "gave $((ok + not_ok + skip)) results of $plan, exit status $1"
	elif [ "$1" -ne 0 ] && [ "$not_ok" -eq 0 ]; then
		fail "exit status $1"
	fi
	case "$ok $not_ok $named" in
	"0 0 "*" $test "*) fail "was asked for, and did not run" ;;
	esac
}

# As they come, where sed can do that: busybox's cannot.
indent() {
	if echo | sed -u = >/dev/null 2>&1; then
		sed -u 's/^/  /'
	else
		sed 's/^/  /'
	fi
}

run_one() {
	number=$((number + 1))
	before=$(tainted)
	start=$(date +%s)
	echo "# selftests: vfio/mdev: $test"
	rm -f "$log.status"
	{
		timeout -k 5 "$timeout" "./$test" 2>&1
		echo $? >"$log.status"
	} | tee "$log" | indent
	judge "$(cat "$log.status" || echo 1)"
	if [ "$(tainted)" -ne "$before" ]; then
		fail "the kernel reports a fault, see its log"
	fi

	# That no memory is leaked is no result if nothing else ran.
	[ "$test" = kmemleak_test.sh ] || ran=$((ran + ok))
	passed=$((passed + ok))
	failed=$((failed + not_ok))
	skipped=$((skipped + skip))
	say "$test" "$ok passed, $not_ok failed, $skip skipped, $(($(date +%s) - start)) s"
	if [ "$not_ok" -gt 0 ]; then
		echo "not ok $number $test"
	elif [ "$ok" -eq 0 ]; then
		echo "ok $number $test # SKIP"
	else
		echo "ok $number $test"
	fi
}

timeout=$(sed -n 's/^timeout=//p' settings 2>/dev/null)
timeout=${timeout:-45}

if [ "$(id -u)" -ne 0 ]; then
	echo "run.sh: has to be run as root" >&2
	exit 4
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log" "$log.status"' EXIT

# The tests that the words stand for
tests_of() {
	for word; do
		case $word in
		core) echo "$core_tests" ;;
		vfio) echo "$vfio_tests" ;;
		virtio) echo "$virtio_tests" ;;
		kvm) echo "$kvm_tests" ;;
		guests) echo "$guests_tests" ;;
		clients) echo "$clients_tests" ;;
		races) echo "$races_tests" ;;
		faults) echo "$faults_tests" ;;
		modules) echo "$modules_tests" ;;
		*) echo "$word" ;;
		esac
	done
}

# What is left in memory is for the end.
named=" $* "
[ $# -gt 0 ] || set -- core vfio virtio kvm clients races faults modules
# shellcheck disable=SC2046 # the words of it are meant
set -- $(tests_of "$@") kmemleak_test.sh

echo "TAP version 13"
echo "1..$#"
for test; do
	run_one
done

if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ] && { [ $ran -gt 0 ] || [ "$named" = " kmemleak_test.sh " ]; }
