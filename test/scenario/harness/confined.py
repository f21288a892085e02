"""Runs a program inside what a systemd unit leaves it, where systemd is not there to do so.

  confined.py UNIT COMMAND...

Done: capabilities, no_new_privs, system calls, address families, a read-only file system with the
unit's own folders in it, a private /tmp, the unit's folders, ExecCondition, umask, descriptors.
Not done: namespaces that are forbidden, set-user-id files, devices.
"""

import ctypes
import os
import re
import resource
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
EPERM = 1
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_SET_SECCOMP = 38, 24, 22
CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable "
    "net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio "
    "sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time "
    "sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog "
    "wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def settings(unit):
    """Each key of [Service] with all its values, in order."""
    found = {}
    for line in open(unit):
        match = re.match(r"([A-Z]\w+)=(.*)", line)
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


def members(group):
    """The system calls of a group, as systemd knows it."""
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True
    ).stdout
    names = [line.strip() for line in listing.splitlines()[1:]]
    calls = {name for name in names if name and not name.startswith(("#", "@"))}
    for inner in (name for name in names if name.startswith("@")):
        calls |= members(inner)
    return calls


def allowed_calls(lines):
    calls = members("@default")
    for line in lines:
        remove = line.startswith("~")
        for word in line.lstrip("~").split():
            named = members(word) if word.startswith("@") else {word}
            calls = calls - named if remove else calls | named
    return calls


def numbers(calls):
    """Their numbers on this machine, and that of socket."""
    machine = os.uname().machine
    header = "/usr/include/%s-linux-gnu/asm/unistd_64.h" % machine
    if machine == "aarch64":
        header = "/usr/include/asm-generic/unistd.h"
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", open(header).read()))
    return sorted(int(found[name]) for name in calls if name in found), int(found["socket"])


def filter_of(unit):
    calls, socket_call = numbers(allowed_calls(unit["SystemCallFilter"]))
    families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
    allow, deny = (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | EPERM)
    program = [(0x20, 0, 0, 0)]
    for number in calls:
        if number != socket_call:
            program += [(0x15, 0, 1, number), allow]
    program += [(0x15, 1, 0, socket_call), deny, (0x20, 0, 0, 16)]
    for name in unit["RestrictAddressFamilies"][0].split():
        program += [(0x15, 0, 1, families[name]), allow]
    return program + [deny]


class Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("first", ctypes.POINTER(Instruction))]


def mount(source, target, kind, flags):
    encode = lambda text: text and text.encode()
    must(libc.mount(encode(source), encode(target), encode(kind), flags, None), target)


def close_file_system(unit):
    """ProtectSystem=strict: nothing can be written but the unit's own folders."""
    must(libc.unshare(CLONE_NEWNS), "unshare")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    folders = [path.lstrip("-") for path in unit["ReadWritePaths"][0].split()]
    for key, parent in (("State", "/var/lib"), ("Runtime", "/run"), ("Logs", "/var/log")):
        folder = os.path.join(parent, unit[key + "Directory"][0])
        os.makedirs(folder, int(unit.get(key + "DirectoryMode", ["755"])[0], 8), exist_ok=True)
        folders.append(folder)
    for folder in folders:
        mount(folder, folder, None, MS_BIND | MS_REC)
    mount("none", "/tmp", "tmpfs", 0)
    mount("none", "/home", "tmpfs", MS_RDONLY)
    mount("none", "/root", "tmpfs", MS_RDONLY)
    # "/" itself only: what is mounted below stays as it is, /proc/sys and the folders above too.
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def main():
    unit = settings(sys.argv[1])
    for condition in unit.get("ExecCondition", []):
        subprocess.run(condition.split(), check=True)
    program = filter_of(unit)
    close_file_system(unit)
    os.umask(int(unit["UMask"][0], 8))
    descriptors = int(unit["LimitNOFILE"][0])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(descriptors, hard),) * 2)
    kept = " ".join(unit["CapabilityBoundingSet"]).lower().split()
    for number, name in enumerate(CAPABILITIES):
        if "cap_" + name not in kept:
            must(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), name)
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    code = (Instruction * len(program))(*program)
    must(libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(Program(len(program), code)), 0, 0), "seccomp")
    os.execvp(sys.argv[2], sys.argv[2:])


main()
