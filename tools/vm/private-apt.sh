# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts that fetch packages of Debian's other releases: a private apt that
# uses the machine's own mirrors and leaves the system's apt alone. Expects $tmp,
# a directory to work in, and the functions say and die; and $architecture, if it is
# not this machine's, whose packages are wanted.

# The machine's own apt sources of Debian become private ones, one file each,
# which name the same mirror and key and the suites that are wanted here.

# One-line format: deb [signed-by=KEY] URI SUITE COMPONENT...
convert_list() {
	sed -n 's/^[[:space:]]*deb[[:space:]]/ /p' "$1" |
		sed -E 's/^ +\[([^]]*)\] */\1|/; t; s/^ */|/' |
		while IFS='|' read -r options entry; do
			# shellcheck disable=SC2086 # split into words
			set -- $entry
			printf '\nTypes: deb\nURIs: %s\nSuites: %s\n' "$1" "$2"
			shift 2
			echo "Components: $*"
			echo "$options" | tr ' ' '\n' |
				sed -n 's/^signed-by=/Signed-By: /p; s/^trusted=/Trusted: /p'
		done
}

# All of the machine's sources, in the deb822 format.
machine_sources() {
	list='' parts=''
	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	for file in "$list" "$parts"/*.list "$parts"/*.sources; do
		[ -r "$file" ] || continue
		case $file in
		*.sources) cat "$file" ;;
		*) convert_list "$file" ;;
		esac
		printf '\n\n'
	done
}

# Splits them into DIR/1.sources, ...: those with Debian's names of suites.
write_private_sources() {
	machine_sources | grep -v '^#' | awk -v dir="$1" -v suites="$2" '
		BEGIN { RS = ""; FS = "\n" }
		{
			keep = debian = main = off = 0
			text = "Types: deb\nSuites: " suites "\nComponents: main\n"
			for (i = 1; i <= NF; i++) {
				name = tolower($i)
				if ($i !~ /^[ \t]/)
					keep = name ~ /^(uris|signed-by|trusted):/
				if (name ~ /^suites:.*[ \t](bookworm|trixie|forky|(old)?stable|testing|sid|unstable)([ \t]|$)/)
					debian = 1
				if (name ~ /^components:.*[ \t]main([ \t]|$)/)
					main = 1
				if (name ~ /^enabled:[ \t]*no/)
					off = 1
				if (keep)
					text = text $i "\n"
			}
			if (debian && main && !off)
				print text > (dir "/" ++count ".sources")
		}'
}

# ---------------------------------------------------------------- packages

private_apt() {
	command=$1
	shift
	"$command" -q -o Dir::Etc::sourcelist="$source" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$tmp/state" -o Dir::State::status="$tmp/status" \
		-o Dir::Cache="$tmp/cache" -o APT::Sandbox::User=root \
		${architecture:+-o "APT::Architecture=$architecture"} \
		${architecture:+-o "APT::Architectures=$architecture"} "$@"
}

# Names of packages that begin with $1 and match the whole of $2
offered() {
	private_apt apt-cache pkgnames "$1" | grep -xE "$1$2"
}

# Leaves in $source the first mirror whose suites $1 offer a package $2$3.
find_mirror() {
	mkdir -p "$tmp/sources" "$tmp/state/lists/partial" "$tmp/cache/archives/partial"
	: >"$tmp/status"
	write_private_sources "$tmp/sources" "$1"
	for source in "$tmp"/sources/*.sources; do
		[ -e "$source" ] || die "no Debian mirror in this machine's apt settings; add one"
		say "asking the mirror what it offers in $1"
		private_apt apt-get update >"$tmp/apt.log" 2>&1 || continue
		[ -z "$(offered "$2" "$3")" ] || return 0
	done
	sed 's/^/    /' "$tmp/apt.log" >&2
	die "no mirror of this machine's apt settings has $1; see apt's words above"
}

# Download packages into $tmp.
download() {
	say "downloading $*"
	(cd "$tmp" && private_apt apt-get download "$@" >apt.log 2>&1) ||
		die "cannot download $*: $(tail -n 1 "$tmp/apt.log")"
}
