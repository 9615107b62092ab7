# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests that are shell scripts say, for them to source: results in TAP. The plan,
# and what a result is about, is up to them; they end in [ $failed -eq 0 ].

number=0
failed=0

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

ok() {
	number=$((number + 1))
	echo "ok $number $1"
}

# What the test found is shown, from the standard input.
not_ok() {
	sed 's/^/# /'
	number=$((number + 1))
	failed=$((failed + 1))
	echo "not ok $number $1"
}

# skip WHAT WHY
skip() {
	ok "$1 # SKIP $2"
}
