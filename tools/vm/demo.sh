# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the demos share, inside the virtual machine: telling of each step, and an
# inner virtual machine that uses a mediated device. For demo-machine-* to source;
# it has to define order_inner, which is called each time that the inner machine
# says that it is ready, and sends it an order.

here=$(dirname "$0")
dir=/run/mdev-demo
kernel=$(uname -r)
current='start'
number=0
failed=

# ------------------------------------------------------------------- telling

step() {
	number=$((number + 1))
	current="$number. $1"
	printf '\n== %s\n' "$current"
}

note() {
	printf '   %s\n' "$@"
}

# Shows a command line before it runs, and what it prints.
run() {
	note "# $1"
	sh -c "$1" >$dir/output 2>&1 || failed=y
	sed 's/^/   /' $dir/output
	[ -z "$failed" ] || fail 'that command failed'
}

fail() {
	note "$1" >&2
	exit 1
}

# On the way out: which step failed, and what the logs say.
report() {
	[ $? -ne 0 ] || return 0
	printf '\ndemo: FAILED in the step: %s\n' "$current" >&2
	for log in console qemu monitor; do
		[ -s "$dir/$log.log" ] || continue
		printf -- '--- the end of the inner machine'\''s %s log:\n' $log
		tail -n 30 "$dir/$log.log"
	done >&2
	echo '--- the end of the kernel log:' >&2
	dmesg | tail -n 30 >&2
}

# ------------------------------------------------------------- inner machine

# build_initramfs NAME 'MODULE...' [PROGRAM]...: a small Linux for the inner machine, of
# busybox, demo-init with demo-init-NAME, and drivers with what they depend on
# where the kernel does not have that built in.
build_initramfs() {
	rm -rf $dir/root
	mkdir -p $dir/root/bin $dir/root/modules $dir/root/proc $dir/root/sys $dir/root/dev
	cp "$(command -v busybox)" $dir/root/bin/busybox
	cp "$here/demo-init" $dir/root/init
	cp "$here/demo-init-$1" $dir/root/job
	modules=$2
	shift 2
	[ $# -eq 0 ] || cp "$@" $dir/root/bin
	for module in $modules; do
		modprobe --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
		while read -r module; do
			cp "$module" $dir/root/modules/
			echo "${module##*/}" >>$dir/root/modules/order
		done
	(cd $dir/root && find . | cpio --quiet -o -H newc) >$dir/initramfs
}

# Its first serial port is its console, the second one talks to this script.
start_inner() {
	status=0
	timeout 150 qemu-system-x86_64 -nodefaults -no-user-config \
		-machine pc -accel kvm -cpu qemu64 -m 256 \
		-kernel "/boot/vmlinuz-$kernel" -initrd $dir/initramfs \
		-append "console=ttyS0 loglevel=6 panic=-1 ${inner_options-}" \
		-serial file:$dir/console.log \
		-chardev pipe,id=talk,path=$dir/talk -serial chardev:talk \
		"$@" >$dir/qemu.log 2>&1 || status=$?
	echo "ENDED $status" >$dir/talk.out
}

# A demo may have its own.
note_inner() {
	note "inner machine: $1"
}

# Shows what the inner machine says, and has it given its orders.
follow_inner() {
	ready=0
	while IFS= read -r line; do
		case $line in
		READY*)
			ready=$((ready + 1))
			order_inner "${line#READY}"
			;;
		'ENDED 0') break ;;
		ENDED*) fail "QEMU ended with status ${line#* }" ;;
		FAILED:*) fail "inner machine: ${line#FAILED: }" ;;
		*) note_inner "$line" ;;
		esac
	done
}

# run_inner [QEMU-OPTION]...: from its start to its end, which has to be a good one
run_inner() {
	rm -f $dir/talk.in $dir/talk.out
	mkfifo $dir/talk.in $dir/talk.out
	start_inner "$@" &
	follow_inner <$dir/talk.out
	[ "$ready" -gt 0 ] || fail 'the inner machine stopped too early'
	[ ! -s $dir/qemu.log ] || fail 'QEMU complained, see its log below'
}

[ -d /run/mdev-vm ] || {
	echo "$(basename "$0"): this runs only in a virtual machine; run tools/vm/demo" >&2
	exit 1
}
trap report EXIT
mkdir -p $dir
