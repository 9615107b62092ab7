#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Power-off and restart with a mediated device open and somebody waiting to
# remove it: a machine that does not go down is lost. Runs on the host and starts
# a virtual machine for each case.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
vm=$(cd "$here/../../../.." && pwd -P)/vm/mdev-vm
check_log=${vm%/*}/check-log
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
number=0
failed=0

# What the guest does: a holder opens the device, a remover waits for it, and the
# machine is told to go down by $1. Seeing nothing of the holder or the remover
# ends the command, which the host takes for a failure.
guest() {
	cat <<END
modprobe mtty
printf $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create
"$here/mdev_hold" $uuid >/tmp/holder &
for _ in \$(seq 40); do
	grep -q 'is open' /tmp/holder && break
	sleep 0.25
done
grep 'is open' /tmp/holder || exit 1
$2
$1
sleep 1000
END
}

remover="sh -c 'echo 1 >/sys/bus/mdev/devices/$uuid/remove' &
sleep 2
kill -0 \$! || exit 1
echo 'a remover waits'"
no_remover="echo 'no remover waits'"

power_off='echo o >/proc/sysrq-trigger'
restart='/run/mdev-vm/busybox reboot -f'

# 98: the machine stopped before the command ended. It may have crashed.
went_down_properly() {
	[ "$status" -eq 98 ] && grep -qF "$2" <<<"$out" &&
		grep -qF "reboot: $1" "$log" && "$check_log" "$log"
}

# $1 claim, $2 how to go down, $3 last words of the kernel, $4 who waits, $5 what
# the guest says then
check() {
	number=$((number + 1))
	out=$("$vm" run --timeout 90 --log "$log" -- \
		sh -c "$(guest "$2" "$4")" 2>&1)
	status=$?
	if went_down_properly "$3" "$5"; then
		echo "ok $number $1"
	else
		echo "# exit status $status"
		{ echo "$out" && tail -n 20 "$log"; } | sed 's/^/# /'
		echo "not ok $number $1"
		failed=$((failed + 1))
	fi
}

echo "TAP version 13"
if [ ! -x "$vm" ]; then
	echo "1..0 # SKIP there is no $vm"
	exit 4
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

echo "1..3"
check "power-off with a device open" \
	"$power_off" "Power down" "$no_remover" "no remover waits"
check "power-off with a device open and a remover waiting" \
	"$power_off" "Power down" "$remover" "a remover waits"
check "restart with a device open and a remover waiting" \
	"$restart" "Restarting system" "$remover" "a remover waits"

[ $failed -eq 0 ]
