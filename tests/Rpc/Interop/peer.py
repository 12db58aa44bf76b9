"""An independent MessagePack implementation as a peer: python3-msgpack.

peer.py echo   stdin: cases of a length (4 bytes, little-endian) and that many bytes; each is unpacked and packed again to stdout in the
               same form. Text is text, bytes are bytes, and every value takes its shortest form.
peer.py show   the same input; one line of JSON for each case, bytes as a list of numbers.
peer.py make   stdin: lines of JSON; each is packed. {"bin": [..]} stands for bytes.
"""
import json
import struct
import sys

import msgpack


def cases():
    while head := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(struct.unpack("<I", head)[0])


def put(data):
    sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)


def plain(value):
    if isinstance(value, dict):
        return bytes(value["bin"])
    return [plain(v) for v in value] if isinstance(value, list) else value


if sys.argv[1] == "echo":
    for case in cases():
        put(msgpack.packb(msgpack.unpackb(case, raw=False, strict_map_key=True), use_bin_type=True))
elif sys.argv[1] == "show":
    for case in cases():
        print(json.dumps(msgpack.unpackb(case, raw=False), default=list))
else:
    for line in sys.stdin:
        put(msgpack.packb(plain(json.loads(line)), use_bin_type=True))
