"""What llhttp leaves to be judged in a request's head: its sizes, its Host, its target."""

from __future__ import annotations

import re

from bistro.serving.limits import Limits

_find_hosts = re.compile(rb"\n[Hh][Oo][Ss][Tt]:[ \t]*([^\r\n]*)").findall
_find_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE).search
_has_coding = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE).search


class Refused(Exception):
    """What came is no valid request; the connection says so and closes."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def count_hosts(block: bytes) -> int:
    """How many Host headers are in a head."""
    return len(_find_hosts(block))


def find_length(head: bytes) -> int | None:
    """What Content-Length says in a head that llhttp has accepted, so that there is at most one."""
    found = _find_length(head)
    return int(found[1]) if found else None


def has_body(head: bytes) -> bool:
    """Whether a head announces a body."""
    return bool(find_length(head) or _has_coding(head))


def check_partial_head(held: bytearray, scan_from: int, limits: Limits) -> None:
    """Refuse what can't become a request any more; what stands before `scan_from` was looked at before."""
    if held and not held[:1].isalpha():
        raise Refused(400, "this is no HTTP request")
    if held.find(b"\n\n", max(0, scan_from - 1)) >= 0:
        raise Refused(400, "lines end in CR LF")
    check_request_line(held, limits)
    if len(held) > limits.headers_size_max:
        raise Refused(431, "the headers are too large")


def check_request_line(head: bytes | bytearray, limits: Limits) -> None:
    """Refuse a request line that is too long, or goes on beyond what was received."""
    if len(head) > limits.request_line_size_max and head.find(b"\r", 0, limits.request_line_size_max + 1) < 0:
        raise Refused(414, "the request line is too long")


def check_head(head: bytes, limits: Limits) -> None:
    """Hold a whole head to the limits, and its first line to its form."""
    check_request_line(head, limits)
    if head.count(b" ", 0, head.find(b"\r")) != 2:
        raise Refused(400, "the request line is malformed")
    check_fields(head, head.count(b"\n") - 2, limits)  # 2: the request line and the blank one


def check_fields(block: bytes | bytearray, count: int, limits: Limits) -> None:
    """Hold `count` header or trailer lines to the limits."""
    if len(block) > limits.headers_size_max or count > limits.headers_count_max:
        raise Refused(431, "the headers are too large or too many")
    if len(block) > limits.header_size_max and max(map(len, block.split(b"\n"))) > limits.header_size_max:
        raise Refused(431, "a header is too large")


def examine(method: bytes, target: bytes, block: bytes) -> bytes:
    """The path and query of a request that is not of the usual shape; raises `Refused`.

    `block` is the head from the HTTP version on.
    """
    if not block.startswith((b"HTTP/1.1\r\n", b"HTTP/1.0\r\n")):
        raise Refused(400, "this server speaks HTTP/1.1")
    if block.startswith(b"HTTP/1.0") and _has_coding(block):
        # RFC 9112 §6.1: HTTP/1.0 knows no transfer codings, so a proxy may have read this otherwise.
        raise Refused(400, "HTTP/1.0 has no transfer codings")
    hosts = _find_hosts(block)
    if len(hosts) > 1 or (not hosts and block.startswith(b"HTTP/1.1")):
        raise Refused(400, "a request needs exactly one Host header")  # RFC 9112 §3.2
    if b"#" in target:
        raise Refused(400, "a request target has no fragment")  # RFC 9112 §3.2: no form of it has
    if target[:1] == b"/":
        return target
    if target == b"*" and method == b"OPTIONS":
        return b"/*"
    return _examine_absolute(target, hosts)


def _examine_absolute(target: bytes, hosts: list[bytes]) -> bytes:
    # RFC 9112 §3.2.2: the authority of an absolute target wins over Host; two different ones are an attack.
    scheme, mark, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if not mark or scheme.lower() not in (b"http", b"https") or b"?" in authority:
        raise Refused(400, "the request target is malformed")
    if hosts and authority.lower() != hosts[0].rstrip().lower():
        raise Refused(400, "the request target and the Host header differ")
    return slash + path or b"/"
