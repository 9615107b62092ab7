#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sysfs as the tools of users read it, for each type of each sample

Each client below goes the way that the tool of that name goes, in the same order and with
the same ideas of what a file has in it, and raises where that tool would refuse, die or
count wrong. A parent is that of a sample; its devices are made and removed on the way.
"""
import errno
import glob
import os
import re
import subprocess
import sys
import uuid

SAMPLES = ("mtty", "mdma", "msvm", "mtce", "mdpy", "mbochs", "mnull")
BUS = "/sys/class/mdev_bus"
DEVICES = "/sys/bus/mdev/devices"
INT_MAX = 2**31 - 1
KSFT_SKIP = 4

# What no host has: somebody who makes as many devices as he reads would not end.
TOO_MANY = 100000


def read(*path):
    """All of a file, as text"""
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def types_of(parent):
    """The directories of a parent's types"""
    base = f"{BUS}/{parent}/mdev_supported_types"
    return sorted(os.path.join(base, name) for name in os.listdir(base))


def write(path, text):
    """One write, of exactly that"""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


class Device:
    """A device of a type, for as long as it is needed"""

    def __init__(self, type_dir, name=None):
        self.type_dir = type_dir
        self.name = name or str(uuid.uuid4())
        self.path = f"{DEVICES}/{self.name}"

    def __enter__(self):
        write(f"{self.type_dir}/create", self.name)
        return self

    def __exit__(self, *unused):
        write(f"{self.path}/remove", "1")
        assert not os.path.exists(self.path), "is there after it was removed"

    def link(self, name):
        """Where a link of the device leads to"""
        return os.readlink(f"{self.path}/{name}")

    def group(self):
        """The device file that it is opened by"""
        return f"/dev/vfio/{os.path.basename(self.link('iommu_group'))}"


def each_type(parent):
    """What all of them want, and some do not look whether it is there"""
    names = set()
    for type_dir in types_of(parent):
        for name in ("name", "description", "device_api"):
            text = read(type_dir, name)
            assert text.strip(), f"{type_dir}: {name} is empty"
            assert text.count("\n") == 1 and text.endswith("\n"), f"{name}: {text!r}"
        names.add(read(type_dir, "name"))
        left = int(read(type_dir, "available_instances"))
        assert 0 < left < TOO_MANY, f"{type_dir}: there can be {left}"
    assert len(names) == len(types_of(parent)), "two types have one name"


def mdevctl(parent):
    """types, start, list, stop: an error in one file ends all of it"""
    for type_dir in types_of(parent):
        left = read(type_dir, "available_instances").strip()
        assert re.fullmatch(r"\d+", left) and int(left) <= INT_MAX, f"no i32: {left}"
        assert read(type_dir, "device_api").strip()
        for name in ("name", "description"):
            if os.path.exists(f"{type_dir}/{name}"):
                read(type_dir, name)
        with Device(type_dir) as dev:
            real = os.path.realpath(dev.path)
            assert os.path.basename(os.path.dirname(real)) == parent, real
            kind = os.path.realpath(f"{dev.path}/mdev_type")
            assert os.path.basename(kind) == os.path.basename(type_dir), kind


def libvirt(parent):
    """A node device, given to a domain, and whether it is in use"""
    for type_dir in types_of(parent):
        api = read(type_dir, "device_api").rstrip("\n")
        assert api in ("vfio-pci", "vfio-ccw", "vfio-ap"), api
        assert 0 <= int(read(type_dir, "available_instances")) < 2**32
        with Device(type_dir) as dev:
            assert read(dev.path, "mdev_type/device_api").rstrip("\n") == api
            fd = os.open(dev.group(), os.O_RDONLY)
            try:
                os.close(os.open(dev.group(), os.O_RDONLY))
                raise AssertionError("a group in use can be opened again")
            except OSError as error:
                assert error.errno == errno.EBUSY, error
            finally:
                os.close(fd)


def kubevirt(parent):
    """Makes as many devices as it reads that there can be, one by one"""
    found = [path for path in glob.glob(f"{BUS}/*/mdev_supported_types/*")
             if path.split("/")[-3] == parent]
    assert found
    for type_dir in found:
        assert read(type_dir, "name").replace(" ", "_").strip()
        left = int(read(type_dir, "available_instances").split("\n", maxsplit=1)[0])
        assert left < TOO_MANY, f"would make {left} devices"
        with Device(type_dir, str(uuid.uuid1())) as dev:
            link = os.readlink(dev.path).split("/")
            assert len(link) >= 5 and link[-2] == parent, link
            assert os.path.basename(dev.link("mdev_type")) == os.path.basename(type_dir)
            int(os.path.basename(dev.link("iommu_group")))


def go_nvlib(parent):
    """What it wants of a device; the words of a name it knows from one vendor only"""
    for type_dir in types_of(parent):
        assert read(type_dir, "name").strip()
        int(read(type_dir, "available_instances").strip())
        with Device(type_dir) as dev:
            real = os.path.realpath(dev.path, strict=True)
            assert os.path.basename(os.path.dirname(real)) == parent, real
            for link in ("driver", "iommu_group", "mdev_type"):
                os.path.realpath(f"{real}/{link}", strict=True)
            int(os.path.basename(dev.link("iommu_group")))


def proxmox(parent):
    """Reads a description without looking whether there is one; numbers as UUIDs"""
    for number, type_dir in enumerate(types_of(parent)):
        left = read(type_dir, "available_instances").split("\n", maxsplit=1)[0]
        assert re.fullmatch(r"\d+", left), left
        read(type_dir, "description")
        name = f"{number:08d}-0000-0000-0000-{108:012d}"
        with Device(type_dir, name):
            here = f"{BUS}/{parent}/{name}"
            assert os.path.isdir(here)
            kind = re.search(r"/([^/]+)$", os.readlink(f"{here}/mdev_type"))[1]
            assert kind == os.path.basename(type_dir), kind


def nova(parent):
    """Its inventory of a type: those that exist, and those that there can still be"""
    for type_dir in types_of(parent):
        total = int(read(type_dir, "available_instances"))
        assert 0 < total <= INT_MAX, f"an inventory of {total}"
        with Device(type_dir), Device(type_dir):
            assert len(os.listdir(f"{type_dir}/devices")) == 2
            left = int(read(type_dir, "available_instances"))
            assert left + 2 == total, f"{total} became 2 and {left}"
        assert int(read(type_dir, "available_instances")) == total


def incus(parent):
    """Opens for writing as if it could make the files"""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for type_dir in types_of(parent):
        os.listdir(f"{type_dir}/devices")
        name = str(uuid.uuid4())
        for path, text in ((f"{type_dir}/create", name),
                           (f"{DEVICES}/{name}/remove", "1\n")):
            fd = os.open(path, flags, 0o200)
            os.write(fd, text.encode())
            os.close(fd)
        assert not os.path.exists(f"{BUS}/{parent}/{name}")


def kata(parent):
    """Finds the device by its group"""
    for type_dir in types_of(parent):
        with Device(type_dir) as dev:
            group = os.path.basename(dev.link("iommu_group"))
            base = f"/sys/kernel/iommu_groups/{group}/devices"
            assert os.listdir(base) == [dev.name], os.listdir(base)
            real = os.path.realpath(f"{base}/{dev.name}")
            assert real.endswith(f"/{parent}/{dev.name}"), real


def shell_script(parent):
    """As people write them: tee, append, by type and by parent"""
    for type_dir in types_of(parent):
        name = str(uuid.uuid4())
        for command in (f"echo {name} | tee {type_dir}/create",
                        f"echo 1 | tee {type_dir}/devices/{name}/remove",
                        f"echo {name} >> {type_dir}/create",
                        f"cat {BUS}/{parent}/{name}/mdev_type/name",
                        f"echo 1 > {BUS}/{parent}/{name}/remove"):
            subprocess.run(command, shell=True, check=True,
                           stdout=subprocess.DEVNULL)
        assert not os.path.exists(f"{DEVICES}/{name}")


def sosreport(parent):
    """Reads whatever can be read, as grep -r does"""
    with Device(types_of(parent)[0]):
        for top in (os.path.realpath(f"{BUS}/{parent}"), "/sys/bus/mdev",
                    "/sys/module/mdev", "/sys/module/vfio_mdev",
                    f"/sys/module/{parent}"):
            for root, _, files in os.walk(top):
                if os.path.basename(root) == "power":
                    continue
                for name in files:
                    path = os.path.join(root, name)
                    if os.stat(path).st_mode & 0o400:
                        with open(path, "rb") as file:
                            file.read()


CLIENTS = (each_type, mdevctl, libvirt, kubevirt, go_nvlib, proxmox, nova, incus, kata,
           shell_script, sosreport)


def clean_up():
    """Nothing is left for who comes next"""
    for name in os.listdir(DEVICES):
        write(f"{DEVICES}/{name}/remove", "1")


def try_client(client, parent):
    """What the tool would stumble over, or None"""
    try:
        client(parent)
    except (OSError, AssertionError, ValueError, subprocess.SubprocessError) as error:
        clean_up()
        return f"{type(error).__name__}: {error}"
    return None


def main():
    """TAP, a line for each client and sample"""
    print("TAP version 13")
    if os.geteuid():
        print("1..0 # SKIP not root")
        return KSFT_SKIP
    print(f"1..{len(SAMPLES) * len(CLIENTS)}")
    number, failed = 0, 0
    for parent in SAMPLES:
        loaded = not subprocess.run(["modprobe", "-q", parent], check=False).returncode
        for client in CLIENTS:
            number += 1
            name = f"{number} {parent} as {client.__name__} reads it"
            if not loaded:
                print(f"ok {name} # SKIP there is no module {parent}")
                continue
            why = try_client(client, parent)
            if why:
                print(f"# {why}\nnot ok {name}", flush=True)
                failed += 1
            else:
                print(f"ok {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
