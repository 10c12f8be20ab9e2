#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a wheel of the tar that tools/bundle.sh makes: wheel.py TAR FOLDER. pip, pipx and uv install it; nothing is compiled.

The package holds the tar's tree; the command `mia-perf` replaces itself by the program in it. The tag names the glibc that the
programs and libraries need, as read from their symbols."""
import argparse
import base64
import hashlib
import pathlib
import platform
import re
import subprocess
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
START = '''"""mia-perf: how fast language models run on this machine. The program is in `tree/bin`."""
import os
import pathlib
import sys

PROGRAM = pathlib.Path(__file__).parent / "tree/bin/mia-perf"


def main():
    os.execv(PROGRAM, [str(PROGRAM), *sys.argv[1:]])
'''


def version():
    return re.search(r"project\(mia-perf VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


def needed_glibc(tree):
    """(2, 36): the newest version that a symbol of an ELF file asks for."""
    newest = (2, 17)  # the oldest of which the tag speaks
    for path in tree.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            listed = subprocess.run(["objdump", "-T", path], check=True, capture_output=True, text=True).stdout
            for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", listed):
                newest = max(newest, (int(major), int(minor)))
    return newest


def metadata():
    readme = (ROOT / "README.md").read_text()
    return (f"Metadata-Version: 2.1\nName: mia-perf\nVersion: {version()}\nLicense: MIT\nRequires-Python: >=3.8\n"
            "Summary: How fast language models run on this machine, with an error rate on every claim\n"
            f"Description-Content-Type: text/markdown\n\n{readme}")


def write_wheel(tree, folder):
    tag = "py3-none-manylinux_{}_{}_{}".format(*needed_glibc(tree), platform.machine())
    info = f"mia_perf-{version()}.dist-info"
    path = folder / f"mia_perf-{version()}-{tag}.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        def add(name, data, mode=0o644):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}\n")

        add("mia_perf/__init__.py", START.encode())
        add("mia_perf/__main__.py", b"from mia_perf import main\n\nmain()\n")
        for file in sorted(tree.rglob("*")):
            if file.is_file():
                add(f"mia_perf/tree/{file.relative_to(tree)}", file.read_bytes(), file.stat().st_mode & 0o755)
        add(f"{info}/LICENSE", (ROOT / "LICENSE").read_bytes())
        add(f"{info}/METADATA", metadata().encode())
        add(f"{info}/entry_points.txt", b"[console_scripts]\nmia-perf = mia_perf:main\n")
        add(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: mia-perf\nRoot-Is-Purelib: false\nTag: {tag}\n".encode())
        record.append(f"{info}/RECORD,,\n")
        wheel.writestr(f"{info}/RECORD", "".join(record))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tar", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked, tarfile.open(options.tar) as tar:
        tar.extractall(unpacked)
        (tree,) = pathlib.Path(unpacked).iterdir()
        path = write_wheel(tree, options.folder)
    print(f"{path}: {path.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main()
