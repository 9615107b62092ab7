# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts to read: how far a step is, and how long it took the last time on this
# machine. Steps are known by name, over all of the scripts.

took=${XDG_CACHE_HOME:-$HOME/.cache}/mdev/took
watcher='' saying=''

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

# In the background: whatever is said by keep_saying for longer than half a minute. Files
# of its own are below DIR. To be called before a trap for EXIT is set, as a child that is
# killed very early runs that, too: start_watch DIR
start_watch() {
	saying=$1/saying
	: >"$saying"
	# Its sleep outlives it, and would hold the locks that scripts have as 8 and 9.
	watch_saying 8>&- 9>&- &
	watcher=$!
}

watch_saying() {
	local words='' last

	while kill -0 $$ 2>/dev/null && sleep 30 >/dev/null 2>&1; do
		last=$words
		words=$(cat "$saying" 2>/dev/null) || return 0
		[ -z "$words" ] || [ "$words" != "$last" ] || eval "$words" >&2
	done
}

end_watch() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	watcher=
}

# keep_saying COMMAND...: what it prints, every half a minute, until hush
keep_saying() {
	printf '%q ' "$@" >"$saying"
}

hush() {
	: >"$saying"
}
