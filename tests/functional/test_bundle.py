# SPDX-License-Identifier: MIT
"""The relocatable tar: unpacked elsewhere, without environment, it uses nothing but its own files and glibc. The wheel made of it."""
import pathlib
import subprocess
import sys
import tarfile
import unittest
import venv

from support import BIN, ROOT, Case

GLIBC = ("linux-vdso", "ld-linux", "libc.so", "libm.so", "libdl.so", "librt.so", "libpthread.so")


class Bundle(Case):
    def setUp(self):
        super().setUp()
        self.tar = tar = self.dir / "mia-perf-test.tar.gz"
        subprocess.run([ROOT / "tools/bundle.sh", BIN.parent, tar], cwd=ROOT, check=True, capture_output=True)
        self.assertLessEqual(tar.stat().st_size, 25 << 20)
        with tarfile.open(tar) as packed:
            packed.extractall(self.dir / "unpacked")
        self.home = self.dir / "moved"
        (self.dir / "unpacked/mia-perf-test").rename(self.home)
        self.program = self.home / "bin/mia-perf"

    def bare(self, *args, **env):
        done = subprocess.run([self.program, *args], cwd=self.dir, text=True, capture_output=True,
                              env={"HOME": str(self.dir), **env})
        return done.returncode, done.stdout + done.stderr

    def test_libraries_are_its_own(self):
        for name in ("mia-perf", "mia-worker-fake"):
            listed = subprocess.run(["ldd", self.home / "bin" / name], check=True, capture_output=True, text=True).stdout
            for line in listed.splitlines():
                library = line.split()[0].split("/")[-1]
                if not library.startswith(GLIBC):
                    self.assertIn(str(self.home / "lib/mia-perf"), str(pathlib.Path(line.split()[2]).resolve()), line)

    def test_measures_without_an_environment(self):
        code, text = self.bare("run", "baseline", "--repeats", "1", MIA_LLAMA_FAKE="1")
        self.assertEqual(code, 0, text)
        self.assertTrue((self.dir / "reports/perf_cpu_baseline.json").exists())

    def test_scenarios_and_configuration_are_its_own(self):
        (self.home / "share/mia-perf/scenarios/only-here.yaml").write_text("title: Only here\nreport: perf_only\n")
        code, text = self.bare("run", "only-here", "--dry-run", MIA_LLAMA_FAKE="1")
        self.assertEqual(code, 0, text)
        code, text = self.bare("config", "show", "--origin")
        self.assertIn("moved/share/mia-perf/configs/base.yaml", text)

    def test_brings_what_a_worker_is_compiled_from(self):
        share = self.home / "share/mia-perf"
        for path in ("worker-src/worker/llama/CMakeLists.txt", "worker-src/base/text.cc", "include/fmt/core.h",
                     "include/nlohmann/json.hpp", "schemas/report-v2.schema.json"):
            self.assertTrue((share / path).exists(), path)
        licences = {path.name for path in (self.home / "share/doc/mia-perf").iterdir()}
        self.assertTrue({"LICENSE", "libhwloc15.copyright", "nlohmann-json3-dev.copyright"} <= licences, licences)

    def test_pip_installs_it_and_takes_it_away(self):
        subprocess.run([sys.executable, ROOT / "tools/wheel.py", self.tar, self.dir / "dist"], check=True, capture_output=True)
        (wheel,) = (self.dir / "dist").iterdir()
        self.assertRegex(wheel.name, r"^mia_perf-[0-9.]+-py3-none-manylinux_2_\d+_\w+\.whl$")
        venv.create(self.dir / "venv", with_pip=True)
        python = self.dir / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", wheel], check=True, capture_output=True)
        self.program = self.dir / "venv/bin/mia-perf"
        code, text = self.bare("run", "baseline", "--repeats", "1", MIA_LLAMA_FAKE="1")
        self.assertEqual(code, 0, text)
        self.program = python
        self.assertEqual(self.bare("-m", "mia_perf", "config", "show", "no.such.key")[0], 2, "the exit code is the program's")
        subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "mia-perf"], check=True, capture_output=True)
        self.assertEqual(list((self.dir / "venv/lib").glob("*/site-packages/mia_perf*")), [])


if __name__ == "__main__":
    unittest.main()
