#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mdevctl, unmodified, on mtty: types, define, start, list, stop, undefine

set -u
unset CDPATH

# shellcheck source=tools/testing/selftests/vfio/mdev/tap.sh
. "$(dirname "$0")/tap.sh"

here=$(cd "$(dirname "$0")" && pwd)
parent=mtty
sys=/sys/bus/mdev/devices
config=/etc/mdevctl.d
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
uuid2=83B8F4F2-509F-382F-3C1E-E6BFE0FA1002
lower2=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002

# Runs the rest of its arguments; what they print is in $out.
check() {
	what=$1
	shift
	if out=$("$@" 2>&1); then
		ok "$what"
	else
		not_ok "$what" <<-END
			$out
		END
	fi
}

refuses() {
	! "$@"
}

# The command's output has the text in it.
prints() {
	text=$1
	shift
	"$@" | grep -qF -- "$text"
}

# It succeeds without it.
prints_not() {
	text=$1
	shift
	message=$("$@") || return 1
	case $message in
	*"$text"*) return 1 ;;
	esac
}

# The command fails, with the text in its message.
fails_with() {
	text=$1
	shift
	message=$("$@" 2>&1) && return 1
	echo "$message"
	case $message in
	*"$text"*) ;;
	*) return 1 ;;
	esac
}

is_json() {
	"$@" | python3 -c 'import json, sys; json.load(sys.stdin)'
}

types_are_complete() {
	text=$(mdevctl types)
	echo "$text"
	for word in "$parent" mtty-1 mtty-2 "Available instances: 24" \
		"Available instances: 12" "Device API: vfio-pci" \
		"Name: Single port serial" "Name: Dual port serial" \
		"Description:"; do
		echo "$text" | grep -qF -- "$word" || return 1
	done
}

types_in_json() {
	mdevctl types --dumpjson | python3 -c '
import json, sys
types = {}
for parent in json.load(sys.stdin):
    for group in parent.get("mtty", []):
        types.update(group)
assert sorted(types) == ["mtty-1", "mtty-2"], types
assert types["mtty-1"]["available_instances"] == 24, types
assert types["mtty-1"]["device_api"] == "vfio-pci", types
assert types["mtty-2"]["name"], types
'
}

remove_all() {
	for file in "$sys"/*/remove; do
		[ ! -e "$file" ] || echo 1 >"$file"
	done
}

# Takes all ports of the parent, as fast as that goes.
fill_parent() {
	i=100
	while printf '00000000-0000-0000-0000-000000000%d' $i \
		>/sys/class/mdev_bus/$parent/mdev_supported_types/mtty-1/create; do
		i=$((i + 1))
	done 2>/dev/null
	[ $i -eq 124 ]
}

add_bad_attribute() {
	mdevctl modify -u $uuid --addattr=no_such_attribute --value=1
}

# Has to run in this shell, which is to kill it in the end.
start_holder() {
	"$here/mdev_hold" "$1" >"$holder_out" 2>&1 &
	holder=$!
}

holder_has_it_open() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		! grep "is open" "$holder_out" || return 0
		sleep 0.5
	done
	cat "$holder_out"
	return 1
}

clean_up() {
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
	wait 2>/dev/null
	remove_all
	echo 1 >/sys/module/mtty/parameters/request
	rm -f "$holder_out"
	if [ "$made_config" ]; then
		rm -rf "$config"
	else
		rm -rf "${config:?}/$parent/$uuid" "${config:?}/$parent/$lower2"
	fi
}

command -v mdevctl >/dev/null || skip_all "mdevctl is not installed"
command -v python3 >/dev/null || skip_all "python3 is not installed"
[ "$(id -u)" -eq 0 ] || skip_all "not root"
modprobe -q mtty || skip_all "there is no module mtty"

holder=
holder_out=$(mktemp)
made_config=
[ -d $config ] || made_config=y
mkdir -p $config/scripts.d/callouts $config/scripts.d/notifiers
trap clean_up EXIT
remove_all

echo "TAP version 13"
echo "1..34"
check "types shows both types with all attributes" types_are_complete
check "types --dumpjson has the same" types_in_json
check "list of nothing is empty" prints_not "$parent" mdevctl list

check "start by UUID, parent and type" \
	mdevctl start -u $uuid -p $parent -t mtty-1
check "the device is there" test -e $sys/$uuid
check "list shows it" prints "$uuid $parent mtty-1" mdevctl list
check "list --dumpjson is JSON" is_json mdevctl list --dumpjson
check "list --dumpjson shows it" prints $uuid mdevctl list --dumpjson
check "types counts one less" \
	prints "Available instances: 23" mdevctl types
check "a second start is refused" \
	fails_with exists mdevctl start -u $uuid -p $parent -t mtty-1
check "define a device that is there" mdevctl define -u $uuid
check "list -d shows it as defined" prints $uuid mdevctl list -d
check "stop" mdevctl stop -u $uuid
check "the device is gone" test ! -e $sys/$uuid
check "list does not show it" prints_not $uuid mdevctl list
check "the definition stays" prints $uuid mdevctl list -d
check "start by definition" mdevctl start -u $uuid
check "it is of the same type" prints "$uuid $parent mtty-1" mdevctl list
check "stop again" mdevctl stop -u $uuid

check "add an attribute that there is not" add_bad_attribute
check "then a start fails" refuses mdevctl start -u $uuid
check "and leaves no device" test ! -e $sys/$uuid
check "undefine" mdevctl undefine -u $uuid
check "nothing is defined" prints_not $uuid mdevctl list -d

check "upper case starts" mdevctl start -u $uuid2 -p $parent -t mtty-2
check "and is listed in lower case" prints $lower2 mdevctl list
check "stop it" mdevctl stop -u $lower2
check "an unknown type is refused" \
	refuses mdevctl start -u $uuid -p $parent -t mtty-3

check "all ports in use" fill_parent
check "then a start is refused for want of instances" \
	fails_with "available instances" \
	mdevctl start -u $uuid -p $parent -t mtty-1
remove_all

echo 0 >/sys/module/mtty/parameters/request
check "start a device to be opened" \
	mdevctl start -u $uuid -p $parent -t mtty-1
start_holder $uuid
check "it is open" holder_has_it_open
check "then it cannot be stopped" \
	fails_with "busy" mdevctl stop -u $uuid
check "and stays listed" prints $uuid mdevctl list

[ $failed -eq 0 ]
