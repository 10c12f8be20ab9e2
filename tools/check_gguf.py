#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads GGUF files by the Python package gguf, independently of mia-perf: the file's own statements, each tensor's name
(one that its architecture has), and every weight (with --most-bytes some rows of all parts of a tensor), dequantized by
gguf.quants, finite and within bounds. With --types it prints name, shape and type of each tensor as JSON, a line for each
file. Exit 1 names each problem, 2: the package is not there."""
import argparse
import json
import pathlib
import re
import sys

try:
    import numpy
    from gguf import GGUFReader, GGUFValueType, LlamaFileType, constants, quants
except ImportError as error:
    print(f"needs the Python package gguf: {error}", file=sys.stderr)
    sys.exit(2)

# Weights of a matrix: random ones lie within a few times their root mean square, whatever the block's scale.
MOST_OVER_RMS = 12.0
BYTES_AT_ONCE = 32 << 20
PARTS = 8  # of a tensor that is not read as a whole
LONG_LIST = 10_000  # entries of metadata: the package takes half a minute for the tokens of a large vocabulary


class Reader(GGUFReader):
    """Steps over long lists instead of making an array of each entry."""

    def _get_field_parts(self, orig_offs, raw_type):
        if raw_type == GGUFValueType.ARRAY:
            kind, count = int(self._get(orig_offs, numpy.uint32)[0]), int(self._get(orig_offs + 4, numpy.uint64)[0])
            if count > LONG_LIST and kind != GGUFValueType.ARRAY:
                return 12 + self._size_of(kind, count, orig_offs + 12), [], [], [GGUFValueType.ARRAY, GGUFValueType(kind)]
        return super()._get_field_parts(orig_offs, raw_type)

    def _size_of(self, kind, count, begin):
        if kind != GGUFValueType.STRING:
            return count * numpy.dtype(self.gguf_scalar_to_np[GGUFValueType(kind)]).itemsize
        data, at = memoryview(self.data), begin
        for _ in range(count):
            at += 8 + int.from_bytes(data[at:at + 8], "little")
        return at - begin


def value_of(reader, key):
    field = reader.get_field(key)
    return None if field is None else field.contents()


def known_names(architecture):
    """Patterns of the tensor names that the architecture has, such as blk.N.attn_q."""
    by_name = {name: arch for arch, name in constants.MODEL_ARCH_NAMES.items()}
    if architecture not in by_name:
        return None
    names = [constants.TENSOR_NAMES[tensor] for tensor in constants.MODEL_TENSORS[by_name[architecture]]]
    return [re.compile(re.escape(name).replace(r"\{bid\}", r"\d+") + r"(\.weight|\.bias)?") for name in names]


def weights_in_pieces(tensor, most_bytes):
    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    row_bytes = max(1, rows.shape[-1] * rows.itemsize)
    step = max(1, min(BYTES_AT_ONCE, most_bytes // PARTS) // row_bytes)
    whole = rows.shape[0] * row_bytes <= most_bytes
    begins = range(0, rows.shape[0], step) if whole else [part * (rows.shape[0] - step) // (PARTS - 1) for part in range(PARTS)]
    for begin in begins:
        yield quants.dequantize(rows[begin:begin + step], tensor.tensor_type)


def problems_of_weights(tensor, most_bytes):
    squares, count, most = 0.0, 0, 0.0
    for piece in weights_in_pieces(tensor, most_bytes):
        if not numpy.isfinite(piece).all():
            yield f"{tensor.name}: {numpy.count_nonzero(~numpy.isfinite(piece))} weights are not finite"
            return
        squares += float(numpy.square(piece, dtype=numpy.float64).sum())
        most = max(most, float(numpy.abs(piece).max()))
        count += piece.size
    if count != tensor.n_elements and tensor.n_bytes <= most_bytes:
        yield f"{tensor.name}: {count} weights instead of {tensor.n_elements}"
    rms = (squares / max(count, 1)) ** 0.5
    if rms == 0 or most > MOST_OVER_RMS * rms:
        yield f"{tensor.name}: largest weight {most:g} with a root mean square of {rms:g}"


def problems(reader, most_bytes):
    architecture = value_of(reader, "general.architecture")
    known = known_names(architecture)
    if known is None:
        yield f"architecture {architecture!r} is unknown to gguf"
        known = [re.compile(".*")]
    for tensor in reader.tensors:
        if not any(pattern.fullmatch(tensor.name) for pattern in known):
            yield f"{tensor.name}: {architecture} has no such tensor"
        yield from problems_of_weights(tensor, most_bytes)
    file_type = value_of(reader, "general.file_type")
    if file_type is not None and file_type not in set(LlamaFileType):
        yield f"general.file_type {file_type} is unknown"


def describe(reader):
    file_type = value_of(reader, "general.file_type")
    return {
        "architecture": value_of(reader, "general.architecture"),
        "file_type": None if file_type is None else LlamaFileType(file_type).name,
        "synthetic": value_of(reader, "general.synthetic"),
        "tensors": [
            {"name": t.name, "shape": [int(n) for n in t.shape], "type": t.tensor_type.name} for t in reader.tensors
        ],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--types", action="store_true", help="print what the file says of itself instead of checking")
    parser.add_argument("--most-bytes", type=int, default=1 << 62, help="of each tensor, from its start to its end")
    arguments = parser.parse_args()
    found = 0
    for path in arguments.files:
        reader = Reader(path)
        if arguments.types:
            print(json.dumps(describe(reader)))
            continue
        for problem in problems(reader, arguments.most_bytes):
            print(f"{path}: {problem}")
            found += 1
        print(f"{path}: {len(reader.tensors)} tensors read", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
