# SPDX-License-Identifier: GPL-2.0-only
#
# What people type. The modules are built by kbuild, see Kbuild; "make help"
# lists the targets.

# Kbuild, too, gets no more of the caller's environment than scripts do. What is said on
# make's command line, such as V=1 or W=1, is for it.
KEPT := $(shell . tools/vm/clean-env.sh && echo $$kept) \
	MAKE MAKEFLAGS MAKELEVEL MAKEOVERRIDES MFLAGS
$(foreach name,$(.VARIABLES),$(if $(filter environment%,$(origin $(name))),\
	$(if $(filter $(KEPT),$(name)),,$(eval unexport $(name)))))
export LC_ALL := C.UTF-8

# Newest installed kernel whose headers are there; running kernel first.
KDIR := $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -Vr))

# What "check" is told: it has no use for a variable of the environment, either.
TOLD = $(foreach name,KDIR KERNEL,\
	$(if $(filter command%,$(origin $(name))),'$(name)=$($(name))'))

CONFIG := CONFIG_VFIO_MDEV=m CONFIG_VFIO_MDEV_DEVICE=m \
	CONFIG_SAMPLE_VFIO_MDEV_MBOCHS=m CONFIG_SAMPLE_VFIO_MDEV_MDMA=m \
	CONFIG_SAMPLE_VFIO_MDEV_MDPY=m \
	CONFIG_SAMPLE_VFIO_MDEV_MDPY_FB=m CONFIG_SAMPLE_VFIO_MDEV_MNULL=m \
	CONFIG_SAMPLE_VFIO_MDEV_MTCE=m \
	CONFIG_SAMPLE_VFIO_MDEV_MTTY=m CONFIG_VIRTIO_MDEV=m \
	CONFIG_SAMPLE_VIRTIO_MDEV_MVNET=m \
	CONFIG_VFIO_MDEV_SVM=m CONFIG_SAMPLE_VFIO_MDEV_MSVM=m

# Debian's headers come without the vmlinux that BTF is made from.
KBUILD = $(MAKE) -j$(shell nproc) -C "$(KDIR)" M="$(CURDIR)" MDEV_ROOT="$(CURDIR)" $(CONFIG) \
	CONFIG_DEBUG_INFO_BTF_MODULES= CFLAGS_mdev_bus.o=-DCOMPAT_MDEV_BUS \
	CFLAGS_mdev_vfio.o=-DCOMPAT_MDEV_VFIO \
	CFLAGS_mdev_test_front.o=-DCOMPAT_VFIO_MDEV_MAIN \
	CFLAGS_vfio_mdev_main.o=-DCOMPAT_VFIO_MDEV_MAIN \
	CFLAGS_vfio_mdev_svm.o=-DCOMPAT_VFIO_MDEV_SVM \
	CFLAGS_virtio_mdev_main.o=-DCOMPAT_VIRTIO_MDEV

# The modules are built while the machine's packages come.
MODULES_AND_MACHINE = $(MAKE) modules & built=$$!; tools/vm/install-deps vm && wait "$$built"

# What a driver outside of this tree is built with
INSTALL_HDR_PATH := /usr/local/src/mdev

.PHONY: modules modules_install headers_install demo demo-display demo-migrate demo-net demo-svm \
	demo-unplug \
	check check-fuzz check-vringh check-configs check-mainline \
	check-vendors check-model check-mutants fuzz bench kunit patch clean help have-kdir \
	print-kdir

modules: have-kdir ## build the modules for KDIR (the default)
	$(KBUILD) modules

modules_install: have-kdir ## install them where depmod prefers them to the kernel's own
	$(KBUILD) INSTALL_MOD_DIR=updates modules_install

headers_install: modules ## install what other drivers are built with, to INSTALL_HDR_PATH
	install -d "$(INSTALL_HDR_PATH)/include/linux" \
		"$(INSTALL_HDR_PATH)/include/uapi/linux" "$(INSTALL_HDR_PATH)/compat"
	install -m 644 include/linux/*.h "$(INSTALL_HDR_PATH)/include/linux"
	install -m 644 include/uapi/linux/*.h "$(INSTALL_HDR_PATH)/include/uapi/linux"
	install -m 644 compat/compat.h "$(INSTALL_HDR_PATH)/compat"
	sed 's,$(CURDIR)/drivers/\(vfio/mdev\|virtio\)/,updates/,' \
		Module.symvers >"$(INSTALL_HDR_PATH)/Module.symvers"
	install -m 644 samples/vfio-mdev/out-of-tree/Kbuild \
		samples/vfio-mdev/out-of-tree/Makefile samples/vfio-mdev/mnull.c \
		"$(INSTALL_HDR_PATH)"

demo: ## watch a guest use a mediated serial card; installs what it lacks
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo

demo-display: ## watch guests draw pictures on mediated displays; leaves them as PNG files
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo display

demo-unplug: ## watch mediated devices being removed while a guest uses them
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo unplug

demo-migrate: ## watch a guest move to another QEMU, with a mediated serial card that it uses
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo migrate

demo-net: ## watch two network namespaces talk over a mediated cable: under two minutes
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo net

demo-svm: ## watch a device work in memory of a process, for who may: under two minutes
	tools/vm/install-deps build
	$(MODULES_AND_MACHINE)
	tools/vm/demo svm

check: ## static checks, then the selftests in a virtual machine
	tools/testing/check $(TOLD)

check-configs: ## compile in each configuration of the newest kernel that matters
	tools/testing/check-configs

check-mainline: ## what the kernel's own mediated devices fail at, and ours not: ten minutes, and those of building a kernel
	tools/testing/mainline/check-mainline

check-vendors: ## other people's drivers on our core, and a mainframe: some eight minutes
	tools/testing/vendors/check-vendors

check-vringh: ## the kernel's test of a virtio ring, with its own and with ours: two minutes
	tools/testing/vringh/check-vringh

check-fuzz: ## a virtio ring that a fuzzer makes up: a minute and a half
	tools/testing/check-fuzz

fuzz: ## random use of each kind of device, on the newest kernel: a quarter of an hour
	tools/testing/fuzz

check-model: ## removal as a model, in every order of steps: under four minutes
	tools/vm/install-deps model
	tools/testing/model/check-model

check-mutants: ## do the tests notice planted faults? about an hour; PATTERN=NAME for some of them
	tools/testing/check-mutants $(if $(PATTERN),'$(PATTERN)')

bench: ## how fast it is, beside mainline: a quarter of an hour; QUICK=1 for less, three minutes; CHECK=1 compares what is stated
	tools/testing/bench/bench $(if $(QUICK),--quick) $(if $(CHECK),--check)

kunit: ## KUnit tests, in User-mode Linux of the newest source
	tools/vm/install-deps vm kernel
	tools/vm/kunit

patch: ## print this tree as a patch for the newest kernel source
	@tools/vm/lay-over --patch

clean: ## delete what was built here
	$(if $(KDIR),$(KBUILD) clean)
	$(MAKE) -C tools/testing/selftests/vfio/mdev clean

help: ## this list
	@sed -n 's/^\([a-z_-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 18
	@echo 'KDIR=DIR          another kernel for modules and check: its build directory or headers'
	@echo 'INSTALL_HDR_PATH=DIR  where headers_install puts them, else $(INSTALL_HDR_PATH)'
	@echo 'KERNEL=VERSION    another of Debian'\''s kernels for check, such as 6.12'

print-kdir: have-kdir
	@echo "$(KDIR)"

have-kdir:
	@test -n "$(KDIR)" || { echo "make: no kernel headers found; run" \
		"tools/vm/install-deps build, or give KDIR=" >&2; exit 1; }
