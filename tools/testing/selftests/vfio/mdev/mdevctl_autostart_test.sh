#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mdevctl's autostart, with the udev of a host: a definition that is automatic becomes a
# device when its parent registers. First with the rule as the package has it, which on
# Debian 12 names a program that is not there, and then as the administrator's guide mends
# it. It starts udevd, so it runs in a machine of mdev-vm only.

set -u
unset CDPATH

# shellcheck source=tools/testing/selftests/vfio/mdev/tap.sh
. "$(dirname "$0")/tap.sh"

here=$(cd "$(dirname "$0")" && pwd)
guide=$here/../../../../../Documentation/admin-guide/mdev.rst
package_rule=/lib/udev/rules.d/60-mdevctl.rules
rule=/etc/udev/rules.d/60-mdevctl.rules
config=/etc/mdevctl.d
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
device=/sys/bus/mdev/devices/$uuid

there_is() {
	echo "devices:" && mdevctl list && echo "defined:" && mdevctl list -d
}

result() {
	if [ "$1" = 0 ]; then
		ok "$2"
	else
		not_ok "$2" <<-END
			$(there_is 2>&1)
		END
	fi
}

# Its children outlive it, and have no terminal.
start_udevd() {
	/lib/systemd/systemd-udevd --daemon >/dev/null 2>&1
}

# What a rule runs is over when udev has settled.
load() {
	modprobe -r mtty
	modprobe mtty
	udevadm settle --timeout=120
}

# Once, in spite of each event that the rule takes for one: mtty-2 takes two ports.
is_started() {
	[ -e $device ] &&
		[ "$(cat /sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/available_instances)" = 11 ]
}

# The guide's own words
mend() {
	command=$(sed -n 's,^  \(sed .*60-mdevctl.rules\)$,\1,p' "$guide")
	[ "$command" ] && eval "$command" && udevadm control --reload
}

# shellcheck disable=SC2317,SC2329 # called by trap
clean_up() {
	udevadm control --exit
	[ ! -e $device ] || echo 1 >$device/remove
	rm -f $rule $config/mtty/$uuid
	[ -z "$made_config" ] || rm -rf $config
}

[ "$(id -u)" -eq 0 ] || skip_all "not root"
[ -d /run/mdev-vm ] || skip_all "this is no machine of mdev-vm, and has an udevd"
command -v mdevctl >/dev/null || skip_all "mdevctl is not installed"
[ -x /lib/systemd/systemd-udevd ] || skip_all "systemd-udevd is not installed"
[ -e $package_rule ] || skip_all "mdevctl has no udev rule"
[ -e "$guide" ] || skip_all "there is no $guide"
modprobe -q mtty || skip_all "there is no module mtty"

made_config=
[ -d $config ] || made_config=y
mkdir -p $config/scripts.d/callouts $config/scripts.d/notifiers /etc/udev/rules.d
trap clean_up EXIT
start_udevd

echo "TAP version 13"
echo "1..7"
mdevctl define --auto --uuid $uuid --parent mtty --type mtty-2
result $? "a definition that is automatic"

as_packaged="the package's rule names a program that is not there: nothing is started"
program=$(sed -n 's,.* \(/[^ ]*/mdevctl\) .*,\1,p' $package_rule | head -n 1)
load
if [ -e "$program" ]; then
	skip "$as_packaged" "there is $program"
else
	! [ -e $device ]
	result $? "$as_packaged"
fi

mend
result $? "the guide mends it"
load
is_started
result $? "then the device is there when its parent is"
load
is_started
result $? "and again, when that was gone"

# As on boot, with a driver that the initramfs loaded
udevadm control --exit
modprobe -r mtty
modprobe mtty
start_udevd
udevadm trigger --action=add
udevadm settle --timeout=120
is_started
result $? "and when the parent was there before udevd"

mdevctl stop --uuid $uuid
mdevctl modify --uuid $uuid --manual
load
! [ -e $device ]
result $? "one that is not automatic is not started"

[ $failed -eq 0 ]
