"""What a picture is and its size, read from its first bytes: enough to see that an overlay fits its photograph."""

import re
import struct
from pathlib import Path

PICTURES = (".webp", ".png", ".jpg", ".jpeg")
SIGNATURE = re.compile(rb"RIFF.{4}WEBP|\x89PNG\r\n\x1a\n|\xff\xd8\xff", re.DOTALL)


def is_picture(path: Path) -> bool:
    """Return whether a file is a WebP, PNG or JPEG by its name and its first bytes, so that it runs in no browser."""
    with path.open("rb") as file:
        return path.suffix.lower() in PICTURES and SIGNATURE.match(file.read(12)) is not None


def image_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels of a WebP or PNG file; None for other files, or damaged ones."""
    with path.open("rb") as file:
        head = file.read(30)
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        return struct.unpack(">II", head[16:24])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) >= 25:
        return _webp_size(head)
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Return a WebP's size from its extended, lossless or lossy header (RFC 9649, sections 2.5 to 2.7)."""
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 " if len(head) >= 30:
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
    return None
