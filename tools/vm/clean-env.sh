# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For each script that people start, to source before anything else: of the caller's
# environment it leaves what is listed here. Anything else, such as ARCH, V, KBUILD_OUTPUT
# or CDPATH, might change what is built, or how what tools print is read. What a script is
# to be told comes by its arguments. The top-level Makefile keeps to the same list.
kept='PATH HOME USER LOGNAME SHELL TERM PWD TMPDIR XDG_CACHE_HOME
	http_proxy https_proxy ftp_proxy no_proxy APT_CONFIG
	MDEV_SHARE MDEV_FAULT_EACH MDEV_FAULT_VERBOSE
	MDEV_FUZZ_SECONDS MDEV_FUZZ_SEED MDEV_FUZZ_THREADS
	MDEV_STRESS_SECONDS MDEV_STRESS_SEED'

# Functions come that way, too. What a shell does not let go of, such as UID, is none
# that matters.
clean_environment() {
	for name in $(env | sed -n 's/^BASH_FUNC_\([A-Za-z_][A-Za-z0-9_]*\)%%=.*/\1/p'); do
		unset -f "$name"
	done
	for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
		for name in $kept; do
			[ "$name" != "$variable" ] || continue 2
		done
		unset "$variable" 2>/dev/null || :
	done
	unset variable name
	export LC_ALL=C.UTF-8
}

clean_environment
