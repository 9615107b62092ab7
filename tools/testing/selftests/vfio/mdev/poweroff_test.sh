#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Power-off and restart with a mediated device in use and somebody waiting for its
# user: a machine that does not go down is lost. Runs on the host and starts a virtual
# machine for each case; those that are about character devices, which Debian's kernel
# does not have, in User-mode Linux.

set -u
unset CDPATH

here=$(cd "$(dirname "$0")" && pwd -P)
vm=$(cd "$here/../../../.." && pwd -P)/vm/mdev-vm
check_log=${vm%/*}/check-log
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
number=0
failed=0

# What the guest does: somebody holds the device by $1, somebody else waits for that in
# $2, and the machine is told to go down by $3. What was seen goes to the kernel log, of
# which nothing is lost. Seeing nothing ends the command, which the host takes for a
# failure.
guest() {
	cat <<END
say() { echo "mdev_test: \$*" >/dev/kmsg; }
modprobe mdev_test_vendor
run=/sys/class/mdev_test/mdev_test_control/run
echo register-extra >\$run
printf $uuid >/sys/class/mdev_bus/mdev_test1/mdev_supported_types/mdev_test-request/create
"$here/mdev_hold" $1 $uuid >/tmp/holder &
for _ in \$(seq 240); do
	grep -q 'is open' /tmp/holder && break
	sleep 0.25
done
grep 'is open' /tmp/holder || exit 1
say 'somebody has it open'
if [ "$2" ]; then
	sh -c '$2' &
	sleep 2
	kill -0 \$! || exit 1
	say 'somebody waits'
fi
$3
sleep 1000
END
}

remover="echo 1 >/sys/bus/mdev/devices/$uuid/remove"
unbinder="echo $uuid >/sys/bus/mdev/drivers/vfio_mdev/unbind"
parent="echo unregister-extra >/sys/class/mdev_test/mdev_test_control/run"
driver="rmmod vfio_mdev"

power_off='echo o >/proc/sysrq-trigger'
restart='/run/mdev-vm/busybox reboot -f'

# 98: the machine stopped before the command ended. It may have crashed.
went_down_properly() {
	[ "$status" -eq 98 ] && "$check_log" "$log" &&
		grep -qF 'mdev_test: somebody has it open' "$log" &&
		{ [ -z "$1" ] || grep -qF 'mdev_test: somebody waits' "$log"; } &&
		grep -qE "$2" "$log"
}

# $1 claim, $2 kernel, $3 how it is held, $4 who waits, $5 how to go down, $6 last
# words of the kernel
check() {
	number=$((number + 1))
	out=$("$vm" run --kernel "$2" --timeout 300 --log "$log" -- \
		sh -c "$(guest "$3" "$4" "$5")" 2>&1)
	status=$?
	if went_down_properly "$4" "$6"; then
		echo "ok $number $1"
	else
		echo "# exit status $status"
		{ echo "$out" && tail -n 20 "$log"; } | sed 's/^/# /'
		echo "not ok $number $1"
		failed=$((failed + 1))
	fi
}

down() {
	check "power-off, $1" "$2" "$3" "$4" "$power_off" 'reboot: (Power down|System halted)'
}

again() {
	check "restart, $1" "$2" "$3" "$4" "$restart" 'reboot: Restarting system'
}

echo "TAP version 13"
if [ ! -x "$vm" ]; then
	echo "1..0 # SKIP there is no $vm"
	exit 4
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

echo "1..9"
down "device open" distro "" ""
down "device open, a remover waits" distro "" "$remover"
again "device open, an unbinder waits" distro "" "$unbinder"
again "device open, its parent waits" distro "" "$parent"
again "character device held" uml --cdev ""
down "character device held, a remover waits" uml --cdev "$remover"
again "character device held, an unbinder waits" uml --cdev "$unbinder"
again "character device held, its parent waits" uml --cdev "$parent"
down "character device held, its driver waits" uml --cdev "$driver"

[ $failed -eq 0 ]
