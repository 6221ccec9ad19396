# Gives descriptors of every kind to whoever listens at an abstract Unix address: donor.py <name in hex> <kind> ...
# Each kind goes in one message of its own. All descriptors block, as those of a plain program do.

import os
import socket
import sys

SO_PASSPIDFD = 76


def pair(passes_pidfd=False):
    a, b = socket.socketpair()
    if passes_pidfd:
        a.setsockopt(socket.SOL_SOCKET, SO_PASSPIDFD, 1)
    return [a.detach(), b.detach()]


kinds = {
    "pipe": lambda: list(os.pipe()),
    "pair": pair,
    "pidfd pair": lambda: pair(True),
    "file": lambda: [os.memfd_create("file")],
    "directory": lambda: [os.open("/", os.O_RDONLY)],
    "path": lambda: [os.open("/", os.O_PATH)],
    "null": lambda: [os.open("/dev/null", os.O_RDWR)],
    "full": lambda: [os.open("/dev/full", os.O_RDWR)],
    "event": lambda: [os.eventfd(0)],
    "terminal": lambda: list(os.openpty()),
    "netlink": lambda: [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).detach()],
    "listener": lambda: [socket.create_server(("127.0.0.1", 0)).detach()],
}

to = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
to.connect(bytes.fromhex(sys.argv[1]))
for kind in sys.argv[2:]:
    fds = kinds[kind]()
    socket.send_fds(to, [kind.encode()], fds)
    for fd in fds:
        os.close(fd)
