"""Reads and writes the safetensors format without the package of that name: eight bytes with the header's length, a JSON header, raw little-endian numbers."""

import json
import struct

ITEM_BYTES = {"F64": 8, "F32": 4, "I64": 8, "I32": 4, "U8": 1}


def write(path, tensors):
    """Writes tensors, a list of (name, dtype, sizes, bytes)."""
    header = {}
    offset = 0
    for name, dtype, sizes, data in tensors:
        expected = ITEM_BYTES[dtype]
        for size in sizes:
            expected *= size
        if len(data) != expected:
            raise ValueError(f"{name}: {len(data)} bytes for {dtype} {list(sizes)}, expected {expected}")
        header[name] = {"dtype": dtype, "shape": list(sizes), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for _, _, _, data in tensors:
            file.write(data)


def read(path):
    """The tensors of a file: name to (dtype, sizes, bytes)."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length].decode("utf-8"))
    start = 8 + length
    result = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            result[name] = (entry["dtype"], entry["shape"], content[start + first : start + last])
    return result


def floats(values):
    """float32 bytes of numbers."""
    return struct.pack(f"<{len(values)}f", *values)


def integers(values):
    """int32 bytes of numbers."""
    return struct.pack(f"<{len(values)}i", *values)


def numbers(dtype, data):
    """The numbers of a tensor as a list."""
    code = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "U8": "B"}[dtype]
    return list(struct.unpack(f"<{len(data) // ITEM_BYTES[dtype]}{code}", data))
