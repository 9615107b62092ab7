# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts to read: how far a step is, and how long it took the last time on this
# machine. Steps are known by name, over all of the scripts.

took=${XDG_CACHE_HOME:-$HOME/.cache}/mdev/took
watcher=

in_words() {
	if [ "$1" -lt 60 ]; then
		echo "$1 s"
	else
		echo "$(($1 / 60)) min $(($1 % 60)) s"
	fi
}

# last_time STEP WORDS: how long it took, or WORDS if it is the first time
last_time() {
	if [ -s "$took/$1" ]; then
		echo "$(in_words "$(cat "$took/$1")") last time"
	else
		echo "$2"
	fi
}

remember() {
	mkdir -p "$took"
	echo "$2" >"$took/$1"
}

# keep_saying COMMAND...: what it prints, every half a minute, until hush. What sleeps on
# then keeps nobody's output open.
keep_saying() {
	while sleep 30 >/dev/null 2>&1; do
		"$@"
	done >&2 &
	watcher=$!
}

hush() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	watcher=
}
