#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Packs an installed tree of mia-perf so that it runs where nothing is installed: bundle.sh BUILD_FOLDER TAR
# In the tar: the program, its shared libraries (not glibc's), scenarios, configs, schemas, the worker's sources and the two
# header libraries they need, so that a worker compiles there with a compiler and CMake alone.
set -euo pipefail

build=$1
tar=$2
limit=$((25 * 1024 * 1024))
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
name=$(basename "$tar" .tar.gz)
tree=$stage/$name
libraries=$tree/lib/mia-perf

cmake --install "$build" --prefix "$tree" --strip >/dev/null
mkdir -p "$libraries" "$tree/share/doc/mia-perf"

# "libfmt.so.9 => /lib/..." of every program; glibc must be the machine's own, as its loader is.
is_glibc() { [[ $1 =~ ^(linux-vdso|ld-linux|libc|libm|libdl|librt|libpthread|libresolv|libutil|libnsl)[.-] ]]; }
needed() { ldd "$tree"/bin/* | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u; }

# The licence of each Debian package that a file of the bundle comes from.
add_licence() {
  local package
  package=$(dpkg-query -S "$(realpath "$1")" 2>/dev/null | head -1 | cut -d: -f1) ||
    package=$(dpkg-query -S "${1#/usr}" 2>/dev/null | head -1 | cut -d: -f1) || return 0
  [ -f "/usr/share/doc/$package/copyright" ] &&
    cp -L "/usr/share/doc/$package/copyright" "$tree/share/doc/mia-perf/$package.copyright"
}

while read -r soname path; do
  is_glibc "$soname" && continue
  cp -L "$path" "$libraries/$soname"
  strip --strip-unneeded "$libraries/$soname"
  add_licence "$path"
done < <(needed)

for headers in fmt nlohmann; do
  mkdir -p "$tree/share/mia-perf/include"
  cp -r "/usr/include/$headers" "$tree/share/mia-perf/include/"
  add_licence "/usr/include/$headers"
done
cp LICENSE README.md "$tree/share/doc/mia-perf/"

mkdir -p "$(dirname "$tar")"
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -czf "$tar" "$name"
size=$(stat -c %s "$tar")
if [ "$size" -gt "$limit" ]; then
  echo "bundle.sh: $tar has $size bytes, more than $limit" >&2
  exit 1
fi
echo "$tar: $((size / 1024)) KiB, $(find "$libraries" -type f | wc -l) libraries"
