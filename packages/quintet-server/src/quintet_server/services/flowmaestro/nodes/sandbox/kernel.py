"""System calls that Python has no function for, by `ctypes`; Linux only, standard library only.

Loaded by path in the confined process, where nothing of this server can be imported.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
# <linux/sched.h>
_NEW_NS, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
# <linux/mount.h>
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 16384, 1 << 18
# Landlock's numbers are the same on every architecture.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_O_PATH = 0o10000000

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_DIR
_ALL_V1 = (1 << 13) - 1  # execute, write, read, remove and every kind of make
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_EXECUTE, _MAKE_CHAR, _MAKE_BLOCK, _MAKE_SOCK, _MAKE_FIFO = 1, 1 << 6, 1 << 11, 1 << 9, 1 << 10
_FILE_ONLY = _READ_FILE | (1 << 1) | _TRUNCATE
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2


class Unsupported(OSError):
    """The kernel, or what it is wrapped in, does not offer this."""


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise Unsupported(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, value: int, what: str) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def die_with_parent(signal: int) -> None:
    """Get a signal when the process that started this one ends."""
    _prctl(_PR_SET_PDEATHSIG, signal, "parent death signal")


def become_dumpable() -> None:
    """Own /proc/self again after a change of user: its files are needed to map users."""
    _prctl(_PR_SET_DUMPABLE, 1, "dumpable")


def enter_namespaces(*, has_network: bool) -> None:
    """Own users, processes, mounts, names and (unless wanted) no network.

    The next child is process 1 of its own world: it sees no other process, and all its
    descendants end with it.
    """
    user, group = os.geteuid(), os.getegid()
    flags = _NEW_USER | _NEW_PID | _NEW_NS | _NEW_IPC | _NEW_UTS
    _check(_libc.unshare(flags | (0 if has_network else _NEW_NET)), "namespaces")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def mount_memory(folder: str, max_bytes: int) -> None:
    """A folder in memory that cannot grow past a size, for this process and its children only."""
    _check(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "private mounts")
    options = f"size={max_bytes},nr_inodes=2000,mode=700".encode()
    flags = _MS_NOSUID | _MS_NODEV
    _check(_libc.mount(b"tmpfs", folder.encode(), b"tmpfs", flags, options), "memory folder")


def drop_capabilities() -> None:
    """Keep none of the powers that the own user namespace has given."""
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.capset(header, b"\0" * 24), "capabilities")


def forbid_new_privileges() -> None:
    """No set-user-id program gives more rights than this process has; the filters need it."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "no new privileges")


def landlock_version() -> int:
    """The version of Landlock the kernel has, 0 if none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE, None, 0, 1)))


def confine_files(readable: list[str], folder: str) -> bool:
    """Reading below `readable`, reading and writing in `folder`, executing nowhere; for good.

    True if signals cannot leave either (Landlock 6).
    """
    version = landlock_version()
    if version < 1:
        raise Unsupported(38, "Landlock is not available")
    handled = _ALL_V1
    handled |= (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    handled |= _IOCTL_DEV if version >= 5 else 0
    scoped = (_SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS) if version >= 6 else 0
    rules = struct.pack("QQQ", handled, 0, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _check(_libc.syscall(_LANDLOCK_CREATE, rules, size, 0), "Landlock rules")
    for path in readable:
        _allow(ruleset, path, _READ)
    no_devices = _EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK | _MAKE_FIFO | _IOCTL_DEV
    _allow(ruleset, folder, handled & ~no_devices)
    _check(_libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "Landlock")
    os.close(ruleset)
    return scoped != 0


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        target = os.open(path, _O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    if not Path(path).is_dir():
        access &= _FILE_ONLY
    rule = struct.pack("=Qi", access, target)
    _check(_libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0), f"Landlock rule for {path}")
    os.close(target)


# System calls that are refused, by architecture: (audit number, {name: number}).
_ARCHITECTURES = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "clone": 56, "clone3": 435, "fork": 57, "vfork": 58,
            "unshare": 272, "setns": 308, "ptrace": 101,
            "process_vm_readv": 310, "process_vm_writev": 311,
            "io_uring_setup": 425, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
            "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250, "add_key": 248,
            "request_key": 249, "setsid": 112, "setpgid": 109, "open_by_handle_at": 304,
            "execve": 59, "execveat": 322, "prlimit64": 302, "pidfd_open": 434,
            "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "semget": 64, "msgget": 68,
            "mq_open": 240,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "clone": 220, "clone3": 435, "unshare": 97, "setns": 268,
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
            "io_uring_setup": 425, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
            "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "keyctl": 219, "add_key": 217,
            "request_key": 218, "setsid": 157, "setpgid": 154, "open_by_handle_at": 265,
            "execve": 221, "execveat": 281, "prlimit64": 261, "pidfd_open": 434,
            "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "semget": 190, "msgget": 186,
            "mq_open": 180,
        },
    ),
}  # fmt: skip
_NAMESPACE_FLAGS = _NEW_NS | _NEW_UTS | _NEW_IPC | _NEW_USER | _NEW_PID | _NEW_NET | 0x02000000
_THREAD = 0x00010000
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def refuse_calls(*, has_network: bool) -> None:
    """Refuse sockets (or all but IPv4 and IPv6), processes, programs, namespaces, and tracing.

    Threads are allowed: all of a task is one address space, whose size has a limit. Memory outside
    of it, or that outlives it, is refused.

    Sockets are refused here and not by the namespace alone: a local socket is a file's name, and
    the database listens on one.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        raise Unsupported(38, f"no system call table for {platform.machine()}")
    audit, calls = known
    program = _filter(audit, calls, has_network=has_network)
    code = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0), "seccomp")


def _filter(audit: int, calls: dict[str, int], *, has_network: bool) -> bytes:
    """A classic BPF program: every test falls through to the next, a refusal returns at once."""
    number, arch, first_argument = 0, 4, 16
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, arch),
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _EPERM),
        (_LOAD, 0, 0, number),
        (_AT_LEAST, 0, 1, 0x40000000),  # the other numbering of x86
        (_RETURN, 0, 0, _EPERM),
        (_EQUAL, 0, 1, calls["clone3"]),  # its flags lie in memory; libc falls back to clone
        (_RETURN, 0, 0, _ENOSYS),
        (_EQUAL, 0, 5, calls["clone"]),
        (_LOAD, 0, 0, first_argument),
        (_ANY_BIT, 1, 0, _NAMESPACE_FLAGS),
        (_ANY_BIT, 1, 0, _THREAD),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    if has_network:
        lines += [
            (_EQUAL, 0, 5, calls["socket"]),
            (_LOAD, 0, 0, first_argument),
            (_EQUAL, 2, 0, 2),  # AF_INET
            (_EQUAL, 1, 0, 10),  # AF_INET6
            (_RETURN, 0, 0, _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    refused = [n for name, n in calls.items() if name not in ("clone", "clone3")]
    for call in refused:
        if not (has_network and call == calls["socket"]):
            lines += [(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _EPERM)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
