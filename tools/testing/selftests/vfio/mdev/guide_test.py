#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The administrator's guide, command by command

What is indented below "::" in Documentation/admin-guide/mdev.rst is typed into one shell,
block by block. Comments of the guide that begin with "try:" say what else there is to it:

  .. try: before COMMAND      what the reader has done, or has, before the next block
  .. try: then COMMAND        what has to be true after the last one, in a minute at most
  .. try: prints TEXT         what the last one has to have printed
  .. try: in the background   the next one goes on until "try: end it"
  .. try: slowly              the next one takes minutes: run with MDEV_GUIDE=all only
  .. try: not REASON          the next one cannot be run here

It writes to /etc and starts daemons, so it runs in a machine of mdev-vm only, where all that
is gone afterwards, and in a copy of /etc, as other tests come after it.
"""
import os
import re
import select
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(f"{HERE}/../../../../..")
GUIDE = f"{ROOT}/Documentation/admin-guide/mdev.rst"
KSFT_SKIP = 4

# For one block; the machine is emulated.
PATIENCE = 600
# Until something that happens by itself has happened
SOON = 60

# What runs on a Debian machine that has booted, in the foreground, and what tells that it
# is there
DAEMONS = (
    (("/lib/systemd/systemd-udevd",), "/run/udev/control"),
    (("dbus-daemon", "--system", "--nofork", "--nopidfile"), "/run/dbus/system_bus_socket"),
    (("virtlogd",), "/run/libvirt/virtlogd-sock"),
    (("libvirtd",), "/run/libvirt/libvirt-sock"),
)
# The devices that the guide is about; the machine has hundreds.
SUBSYSTEMS = ("module", "mdev", "vfio", "tty")


class Step:
    """A block of commands, or what a comment wants"""

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line

    def title(self):
        """The first words of it, for the list of results"""
        return self.text.strip().split("\n", maxsplit=1)[0].replace("#", "")[:60]


def dedent(lines):
    """A literal block without its indentation"""
    width = min(len(x) - len(x.lstrip()) for x in lines if x.strip())
    return "\n".join(x[width:] for x in lines).strip() + "\n"


def blocks(lines):
    """Yields (number, text) of each literal block and each comment for us."""
    i = 0
    while i < len(lines):
        comment = re.match(r"\.\. try: (.*)", lines[i])
        start = i
        i += 1
        if comment or lines[start].endswith("::") and not lines[start].startswith(".."):
            body = []
            while i < len(lines) and (not lines[i].strip() or lines[i][0] in " \t"):
                body.append(lines[i])
                i += 1
            if comment:
                text = " ".join([comment[1]] + [x.strip() for x in body if x.strip()])
                yield start + 1, "try", text
            elif any(x.strip() for x in body):
                yield start + 1, "run", dedent(body)


def parse(text):
    """The steps of the guide, in order"""
    words = ("before", "then", "prints", "in the background", "end it", "slowly", "not")
    steps = []
    for line, kind, body in blocks(text.split("\n")):
        if kind == "run":
            steps.append(Step("run", body, line))
            continue
        word = next((w for w in words if (body + " ").startswith(w + " ")), None)
        if not word:
            raise ValueError(f"{GUIDE}:{line}: what is 'try: {body}'?")
        steps.append(Step(word, body[len(word):].strip(), line))
    return steps


class Shell:
    """One shell for all of the guide, as its reader has"""

    def __init__(self, directory):
        self.out = f"{directory}/out"
        self.file = f"{directory}/block"
        self.proc = subprocess.Popen(["bash"], stdin=subprocess.PIPE, bufsize=0,
                                     stdout=subprocess.PIPE, cwd=ROOT)
        # A block is as good as the worst of its commands.
        self.type("set -E; trap 'failed=$?' ERR")

    def type(self, text):
        """Types a line."""
        self.proc.stdin.write(text.encode() + b"\n")

    def run(self, text):
        """What came of it: a status, and what was printed"""
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        self.type(f"failed=0; . {self.file} >{self.out} 2>&1 </dev/null; echo $failed")
        ready, _, _ = select.select([self.proc.stdout], [], [], PATIENCE)
        with open(self.out, encoding="utf-8", errors="replace") as file:
            printed = file.read()
        if not ready:
            raise TimeoutError(f"does not end:\n{text}\n{printed}")
        return self.proc.stdout.readline().decode().strip(), printed

    def start(self, text):
        """The same, which goes on"""
        return self.run(f"{{\n{text}}} >{self.out}.background 2>&1 &\n")

    def end(self):
        """Ends what goes on."""
        self.run("for job in $(jobs -p); do pkill -P $job; done; wait\n")

    def exit(self):
        """Ends the shell, and all that it left."""
        subprocess.run(["pkill", "-P", str(self.proc.pid)], check=False)
        self.proc.kill()
        self.proc.wait()


class Guide:
    """Runs steps and prints what came of them"""

    def __init__(self, shell):
        self.shell = shell
        self.number, self.failed = 0, 0
        self.printed, self.mode, self.word = "", "", ""

    def result(self, good, step, why=""):
        """One line of TAP"""
        self.number += 1
        if not good:
            self.failed += 1
            for line in (why.rstrip() or "no output").split("\n"):
                print(f"# {line}")
        print(f"{'ok' if good else 'not ok'} {self.number} line {step.line}: "
              f"{step.kind if step.kind != 'run' else ''} {step.title()}".replace(
                  ":  ", ": "), flush=True)

    def skip(self, step):
        """It cannot be run, for the reason that the guide gives"""
        self.number += 1
        print(f"ok {self.number} line {step.line}: {step.title()} # SKIP {self.word}",
              flush=True)

    def run_block(self, step):
        """A block, in the way that the comment before it said"""
        mode, self.mode = self.mode, ""
        if mode == "slowly" and os.environ.get("MDEV_GUIDE") != "all":
            mode, self.word = "not", "takes minutes, MDEV_GUIDE=all has it run"
        if mode == "not":
            self.skip(step)
            return
        run = self.shell.start if mode == "in the background" else self.shell.run
        status, self.printed = run(step.text)
        self.result(status == "0", step, f"status {status}\n{self.printed}")

    def then(self, step):
        """Something that may take a moment"""
        end = time.monotonic() + SOON
        status, out = self.shell.run(step.text + "\n")
        while status != "0" and time.monotonic() < end:
            time.sleep(1)
            status, out = self.shell.run(step.text + "\n")
        self.result(status == "0", step, out)

    def before(self, step):
        """Is no result, unless it goes wrong: the whole of it has failed then"""
        status, out = self.shell.run(step.text + "\n")
        if status != "0":
            self.failed += 1
            print(f"# line {step.line}: {step.text}: status {status}\n# {out}")

    def step(self, step):
        """Any step"""
        if step.kind == "run":
            self.run_block(step)
        elif step.kind == "then":
            self.then(step)
        elif step.kind == "prints":
            self.result(step.text in self.printed, step, self.printed)
        elif step.kind == "before":
            self.before(step)
        elif step.kind == "end it":
            self.shell.end()
        else:
            self.mode, self.word = step.kind, step.text


def start_daemons(directory):
    """Those of a machine that has booted, and their logs"""
    os.makedirs("/run/dbus", exist_ok=True)
    daemons = []
    for words, path in DAEMONS:
        with open(f"{directory}/{os.path.basename(words[0])}", "wb") as log:
            daemons.append(subprocess.Popen(words, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL))
        end = time.monotonic() + SOON
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.1)
    matches = [f"--subsystem-match={name}" for name in SUBSYSTEMS]
    subprocess.run(["udevadm", "trigger"] + matches, check=False)
    subprocess.run(["udevadm", "settle"], check=False)
    return daemons


def clean_up(daemons):
    """Others run after us, and have neither daemons nor devices."""
    for path in ("/sys/bus/mdev/devices",):
        for name in os.listdir(path) if os.path.isdir(path) else ():
            with open(f"{path}/{name}/remove", "w", encoding="ascii") as file:
                file.write("1")
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()


def why_not():
    """What is missing, or None"""
    if os.geteuid():
        return "not root"
    if not os.path.isdir("/run/mdev-vm"):
        return "this is no machine of mdev-vm, and the guide changes /etc"
    if not os.path.exists(GUIDE):
        return f"there is no {GUIDE}"
    build = f"/lib/modules/{os.uname().release}/build"
    if not os.path.exists(f"{build}/scripts/sign-file"):
        return f"there is no {build} with the headers of this kernel"
    for program in ("mdevctl", "udevadm", "virsh", "libvirtd", "dbus-daemon",
                    "qemu-system-x86_64", "fuser", "openssl"):
        if subprocess.run(["sh", "-c", f"command -v {program}"], check=False,
                          stdout=subprocess.DEVNULL).returncode:
            return f"{program} is not installed"
    return None


def main():
    """TAP, a line for each command and each thing that is to be seen"""
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    reason = why_not()
    if reason:
        print(f"TAP version 13\n1..0 # SKIP {reason}")
        return KSFT_SKIP
    if "apart" not in sys.argv:
        os.execvp("unshare", ["unshare", "-m", sys.executable, __file__, "apart"])

    with open(GUIDE, encoding="utf-8") as file:
        steps = parse(file.read())
    results = sum(step.kind in ("run", "then", "prints") for step in steps)
    print(f"TAP version 13\n1..{results}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(f"cp -a /etc {directory} && mount --bind {directory}/etc /etc",
                       shell=True, check=True)
        daemons = start_daemons(directory)
        guide = Guide(Shell(directory))
        try:
            for step in steps:
                guide.step(step)
        except TimeoutError as error:
            guide.failed += 1
            print("# " + str(error).replace("\n", "\n# "))
        finally:
            guide.shell.exit()
            clean_up(daemons)
            subprocess.run(["umount", "-l", "/etc"], check=False)
    return 1 if guide.failed else 0


if __name__ == "__main__":
    sys.exit(main())
