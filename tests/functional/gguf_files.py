# SPDX-License-Identifier: MIT
"""Splits a GGUF file as llama-gguf-split does, and writes small ones of other kinds. Knows nothing of the code under test."""
import pathlib
import struct

ALIGNMENT = 32
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
TEXT, ARRAY, U16, U32, I32, BOOL = 8, 9, 2, 4, 5, 7


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key, kind, value):
    codes = {U16: "<H", U32: "<I", I32: "<i", BOOL: "<B"}
    return text(key) + struct.pack("<I", kind) + (text(value) if kind == TEXT else struct.pack(codes[kind], value))


def padded(size):
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def write(path, entries, tensors):
    """entries: bytes of each; tensors: (name, shape, type, data)."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries)
    offset, body = 0, b""
    for name, shape, kind, data in tensors:
        header += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        header += struct.pack("<IQ", kind, offset)
        offset = padded(offset + len(data))
        body += data + bytes(padded(len(data)) - len(data))
    path.write_bytes(header + bytes(padded(len(header)) - len(header)) + body)
    return path


class Reader:
    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        self.at = 4
        _, tensors, count = self.take("<IQQ")
        self.entries = [self.entry() for _ in range(count)]
        infos = [self.tensor() for _ in range(tensors)]
        start = padded(self.at)
        ends = sorted([offset for _, _, _, offset in infos] + [len(self.data) - start])
        self.tensors = []
        for name, shape, kind, offset in infos:
            end = next(e for e in ends if e > offset)
            self.tensors.append((name, shape, kind, self.data[start + offset:start + end]))

    def take(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def text(self):
        (size,) = self.take("<Q")
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def skip(self, kind):
        if kind == TEXT:
            self.text()
        elif kind == ARRAY:
            inner, count = self.take("<IQ")
            for _ in range(count) if inner == TEXT else ():
                self.text()
            self.at += 0 if inner == TEXT else SIZES[inner] * count
        else:
            self.at += SIZES[kind]

    def entry(self):
        begin = self.at
        self.text()
        self.skip(self.take("<I")[0])
        return self.data[begin:self.at]

    def tensor(self):
        name = self.text()
        (dimensions,) = self.take("<I")
        shape = self.take(f"<{dimensions}Q")
        return (name, shape, *self.take("<IQ"))


def split(path, folder, stem, count=3, first_is_empty=False):
    """Parts STEM-00001-of-0000N.gguf in `folder`; with first_is_empty the first holds the metadata alone."""
    whole = Reader(path)
    holders = count - first_is_empty
    share = -(-len(whole.tensors) // holders)
    parts = [[]] * first_is_empty + [whole.tensors[i * share:(i + 1) * share] for i in range(holders)]
    files = []
    for i, tensors in enumerate(parts):
        place = [entry("split.no", U16, i), entry("split.count", U16, count),
                 entry("split.tensors.count", I32, len(whole.tensors))]
        file = folder / f"{stem}-{i + 1:05}-of-{count:05}.gguf"
        files.append(write(file, (whole.entries if i == 0 else []) + place, tensors))
    return files


def tiny(architecture="llama", **more):
    """Metadata of a small model."""
    entries = [entry("general.architecture", TEXT, architecture), entry("general.name", TEXT, "Tiny"),
               entry(f"{architecture}.block_count", U32, 2), entry(f"{architecture}.embedding_length", U32, 8),
               entry(f"{architecture}.attention.head_count", U32, 2)]
    return entries + [entry(key.replace("__", "."), kind, value) for key, (kind, value) in more.items()]
