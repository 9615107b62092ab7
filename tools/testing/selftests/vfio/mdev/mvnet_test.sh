#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mvnet: network cards that virtio_net drives. What the sample's attributes and ip show,
# two network namespaces with a cable between them, and cards that go while they are used

set -u
unset CDPATH

# shellcheck source=tools/testing/selftests/vfio/mdev/tap.sh
. "$(dirname "$0")/tap.sh"

types=/sys/class/mdev_bus/mvnet/mdev_supported_types
devices=/sys/bus/mdev/devices
driver=/sys/bus/mdev/drivers/virtio_mdev
a=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
b=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002
c=83b8f4f2-509f-382f-3c1e-e6bfe0fa1003
seconds=${MDEV_RACE_SECONDS:-5}
# For how long there is load. In User-mode Linux time stands still while there is some, so
# much less is as much.
second=1
! grep -q 'User Mode Linux' /proc/cpuinfo || second=0.05
busybox=/run/mdev-vm/busybox
[ -x "$busybox" ] || busybox=busybox
tmp=$(mktemp -d)

# Runs the rest of its arguments; what they print is shown if they fail.
check() {
	what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		ok "$what"
	else
		not_ok "$what" <"$tmp/out"
	fi
}

is() {
	[ "$1" = "$2" ] || {
		echo "'$1', not '$2'"
		return 1
	}
}

# card UUID: name of the network device
card() {
	basename "$devices/$1"/virtio*/net/*
}

create() {
	echo "$2" >"$types/mvnet-$1/create"
}

remove() {
	[ ! -e "$devices/$1" ] || echo 1 >"$devices/$1/remove"
}

# statistic UUID NAME
statistic() {
	sed -n "s/^$2 //p" "$devices/$1/statistics"
}

# until_true COMMAND...: within five seconds
until_true() {
	for _ in $(seq 50); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}

link_is() {
	is "$(cat "$devices/$1/link")" "$2" &&
		until_true is "$(cat "/sys/class/net/$(card "$1")/operstate")" "$2"
}

operstate_is() {
	is "$(cat "/sys/class/net/$(card "$1")/operstate")" "$2"
}

in_other() {
	ip netns exec mvnet "$@"
}

# The two ends, one of them in another namespace
plug() {
	create cable $a && create cable $b || return
	ip link set "$(card $b)" netns mvnet name other &&
		ip addr add 10.9.0.1/24 dev "$(card $a)" &&
		ip link set "$(card $a)" up &&
		in_other ip addr add 10.9.0.2/24 dev other &&
		in_other ip link set other up
}

unplug() {
	remove $a && remove $b
}

types_are_there() {
	is "$(cat $types/mvnet-cable/device_api)" virtio &&
		is "$(cat $types/mvnet-loopback/available_instances)" 1024
}

ids_and_driver() {
	is "$(basename "$(readlink "$devices/$a"/virtio*/driver)")" virtio_net &&
		is "$(cat "$devices/$a"/virtio*/device)" 0x0001
}

# The address is that of the UUID, and one of a local network.
mac_is_stable() {
	before=$(cat "/sys/class/net/$(card $a)/address")
	remove $a && create cable $a || return
	is "$(cat "/sys/class/net/$(card $a)/address")" "$before" || return
	first=$((0x${before%%:*}))
	is $((first & 3)) 2
}

mtu_is() {
	is "$(cat "/sys/class/net/$(card $a)/mtu")" 1500 || return
	! ip link set "$(card $a)" mtu 1501 && ip link set "$(card $a)" mtu 900
}

long_mtu() {
	echo 9000 >/sys/module/mvnet/parameters/mtu
	create loopback $c
	echo 1500 >/sys/module/mvnet/parameters/mtu
	is "$(cat "/sys/class/net/$(card $c)/mtu")" 9000
	status=$?
	remove $c
	return $status
}

# An end alone has no link; with the second one, both have.
link_needs_two() {
	ip link set "$(card $a)" up
	until_true operstate_is $a down || return
	create cable $b && ip link set "$(card $b)" up &&
		until_true operstate_is $a up && until_true operstate_is $b up &&
		is "$(cat $devices/$b/link)" up
}

plug_is_pulled() {
	echo 0 >$devices/$a/link
	until_true operstate_is $a down && until_true operstate_is $b down || return
	is "$(cat $devices/$b/link)" down || return
	echo 1 >$devices/$a/link
	until_true operstate_is $a up && until_true operstate_is $b up
}

# A third one is not joined to any, until one of the two goes.
third_waits() {
	create cable $c && ip link set "$(card $c)" up &&
		until_true operstate_is $c down &&
		remove $a && until_true operstate_is $b down &&
		create cable $a && is "$(cat $devices/$a/link)" up &&
		remove $c && remove $a && remove $b
}

pings() {
	plug && $busybox ping -c 5 -i 0.1 -w 20 10.9.0.2 && in_other \
		$busybox ping -c 5 -i 0.1 -w 20 -s 1400 10.9.0.1
}

no_packet_lost() {
	is "$(statistic $a dropped)" 0 && is "$(statistic $b dropped)" 0 &&
		[ "$(statistic $a packets)" -ge 10 ]
}

# listen FILE COMMAND...: what comes goes to the file. Whoever listens has an input that
# does not end, or he would hang up.
listen() {
	to=$1
	shift
	"$@" timeout 60 $busybox nc -l -p 5001 <>"$tmp/never" >"$to" &
	until_true listening "$@"
}

# Port 5001 is 0x1389, and 0A the state of who listens.
listening() {
	"$@" grep -q ':1389 0*:0000 0A' /proc/net/tcp /proc/net/tcp6
}

# 4 MiB, there and back, are what was sent.
tcp() {
	head -c 4194304 /dev/urandom >"$tmp/sent"
	listen "$tmp/there" in_other
	timeout 60 $busybox nc 10.9.0.2 5001 <"$tmp/sent" && wait $! || return
	cmp "$tmp/sent" "$tmp/there" || return
	listen "$tmp/back" env
	in_other timeout 60 $busybox nc 10.9.0.1 5001 <"$tmp/there" && wait $! || return
	cmp "$tmp/sent" "$tmp/back"
}

# Far fewer notifications than packets, when there is much to do
notifications() {
	packets=$(($(statistic $a packets) + $(statistic $b packets)))
	told=$(($(statistic $a kicks) + $(statistic $b kicks)))
	echo "$packets packets, $told kicks, $(($(statistic $a interrupts) +
		$(statistic $b interrupts))) interrupts"
	[ "$packets" -gt 3000 ] && [ "$told" -lt "$packets" ]
}

flood() {
	while [ -e "$tmp/flood" ]; do
		timeout $second $busybox nc 10.9.0.2 5003 </dev/zero >/dev/null 2>&1
		# Without a card, nothing but failing takes the processor from who removes it.
		$busybox ping -q -c 5 -i 0.01 -w 1 10.9.0.2 >/dev/null 2>&1 || sleep 0.1
	done
}

sink() {
	while [ -e "$tmp/flood" ]; do
		in_other timeout 2 $busybox nc -l -p 5003 <>"$tmp/never" >/dev/null 2>&1
	done
}

start_flood() {
	: >"$tmp/flood"
	sink &
	flood &
}

stop_flood() {
	rm -f "$tmp/flood"
	wait
}

# With packets in both queues, it takes no longer than without. The network stack may wait
# for seconds until nobody refers to a card, one of veth's as well.
removed_under_load() {
	start_flood
	sleep $second
	start=$(date +%s%N)
	remove $a
	status=$?
	took=$((($(date +%s%N) - start) / 1000000))
	stop_flood
	unplug
	is $status 0 || return
	echo "$took ms"
	[ $took -lt 20000 ]
}

unbound_under_load() {
	plug || return
	start_flood
	sleep $second
	status=bound
	echo $b >$driver/unbind && echo $b >$driver/bind || status=refused
	stop_flood
	unplug
	is $status bound
}

# Everything at once; what matters is what the kernel says of it.
race() {
	until=$(($(date +%s) + seconds))
	rounds=0
	while [ "$(date +%s)" -lt $until ]; do
		plug || return
		start_flood
		for _ in 1 2 3; do
			echo 0 >$devices/$a/link
			echo 1 >$devices/$b/link
			echo 1 >$devices/$a/link
			echo $a >$driver/unbind
			echo $a >$driver/bind
			create loopback $c
			ip link set "$(card $c)" up
			remove $c
		done &
		changer=$!
		sleep 0.3
		echo $b >$driver/unbind
		remove $b
		wait $changer
		remove $a
		stop_flood
		rounds=$((rounds + 1))
	done
	echo "$rounds rounds"
	[ $rounds -gt 0 ]
}

nothing_is_left() {
	rmmod mvnet && ! ip link show other 2>/dev/null && is "$(ls $devices)" ""
}

clean_up() {
	rm -f "$tmp/flood"
	[ ! -e $types ] || { remove $a; remove $b; remove $c; }
	ip netns del mvnet 2>/dev/null
	rm -rf "$tmp"
}

modprobe -q virtio_net || skip_all "there is no virtio_net"
modprobe -q mvnet || skip_all "this kernel has no mediated devices of the virtio class"
ip netns add mvnet || skip_all "there are no network namespaces"
trap clean_up EXIT

mkfifo "$tmp/never"

echo "TAP version 13"
echo "1..18"
check "types" types_are_there
create cable $a
check "a card is a virtio device, driven by virtio_net" ids_and_driver
check "address" mac_is_stable
check "MTU" mtu_is
check "an MTU of another length" long_mtu
check "the link comes with the second end" link_needs_two
check "the plug is pulled" plug_is_pulled
check "a third end waits" third_waits
check "ping both ways" pings
check "no packet is lost" no_packet_lost
check "TCP both ways" tcp
check "notifications are suppressed" notifications
check "removed under load" removed_under_load
check "unbound under load" unbound_under_load
check "frames of a loopback card" "$(dirname "$0")/mvnet_frames"
check "remove, unbind, link changes and traffic" race
check "nothing is left" nothing_is_left
check "the module comes again" modprobe mvnet
[ $failed -eq 0 ]
