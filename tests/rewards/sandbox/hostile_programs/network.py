"""Sockets of every kind."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from . import Attempts

PROGRAMS = {
    "loopback": Attempts(
        """
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", @PORT@), 1))
attempt("localhost", lambda: socket.create_connection(("localhost", @PORT@), 1))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", @PORT@)))
""",
        teeth=True,
    ),
    "listen": Attempts(
        """
attempt("tcp", lambda: socket.create_server(("127.0.0.1", 0)))
attempt("any", lambda: socket.create_server(("0.0.0.0", 0)))
attempt("six", lambda: socket.create_server(("::1", 0), family=socket.AF_INET6))
"""
    ),
    "the internet": Attempts(
        """
attempt("address", lambda: socket.create_connection(("192.0.2.1", 80), 1))
attempt("name", lambda: socket.getaddrinfo("example.org", 80))
attempt("dns", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
import urllib.request
attempt("http", lambda: urllib.request.urlopen("http://127.0.0.1:@PORT@", timeout=1))
attempt("metadata", lambda: urllib.request.urlopen("http://169.254.169.254/", timeout=1))
"""
    ),
    "unix sockets": Attempts(
        """
def connect(address, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_UNIX, kind)
    s.settimeout(1)
    s.connect(address)
attempt("abstract", lambda: connect("\\0@ABSTRACT@"))
attempt("named", lambda: connect("@SOCKET@"))
attempt("log", lambda: connect("/dev/log", socket.SOCK_DGRAM))
attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind("\\0rlvr-hostile"))
attempt("bind a name", lambda: socket.socket(socket.AF_UNIX).bind("mine"))
""",
        teeth=True,
    ),
    "pairs of sockets": Attempts(
        """
attempt("datagrams", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
attempt("packets", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
attempt("netlink", lambda: socket.socketpair(socket.AF_NETLINK))
a, b = socket.socketpair()
attempt("send elsewhere", lambda: a.sendto(b"x", "@SOCKET@"))
attempt("connect again", lambda: a.connect("@SOCKET@"))
attempt("pass a descriptor", lambda: socket.send_fds(a, [b"x"], [0]))
attempt("bind", lambda: a.bind("\\0x"))
attempt("options", lambda: a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30))
"""
    ),
    "unusual families": Attempts(
        """
for family, kind, protocol in ((16, 3, 0), (17, 3, 768), (38, 5, 0), (40, 1, 0), (44, 3, 0), (2, 3, 1), (10, 3, 58), (31, 3, 1),
                               (29, 3, 1), (5, 2, 0), (9, 5, 0), (21, 5, 0), (30, 1, 0), (41, 2, 0), (43, 1, 0)):
    attempt(f"family {family}", lambda: socket.socket(family, kind, protocol))
    attempt(f"family {family}, by number", lambda: call(41, family, kind, protocol))
""",
        x86_only=True,
    ),
}
