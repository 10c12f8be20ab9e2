# SPDX-License-Identifier: MIT
"""A GPU that is not there: the scripted worker says what lies where, the stand-in of NVML what the driver sees."""
import json
import os
import unittest

from support import Case

GIB = 1 << 30


class Gpu(Case):
    def setUp(self):
        super().setUp()
        self.env["MIA_PERF_NVML"] = os.environ["MIA_NVML_STANDIN"]

    def nvml(self, *states, **members):
        """Each reading of the driver takes the next state; the last one stays."""
        path = self.dir / "nvml.json"
        path.write_text(json.dumps({"driver": "580.1", "cuda": 13000, "states": [{"gpus": [s]} for s in states], **members}))
        self.env["MIA_NVML_SCRIPT"] = str(path)

    @staticmethod
    def state(used=GIB, **members):
        return {"name": "Test GPU", "memory_total": 80 * GIB, "memory_used": used, "sm_clock": 1980, "memory_clock": 2619,
                "temperature": 51, "power_mw": 300000, "reasons": 4, "pcie_generation": 5, "ecc": 1, "compute": [],
                **members}

    @staticmethod
    def attention(op, layers=24):
        return {"graph": {"nodes": 900, "splits": 2, "ops": [{"op": op, "backend": "CUDA0", "count": layers}]}}

    def offload(self, layers, token_ms, **members):
        return {"when": {"n_gpu_layers": layers}, "token_ms": token_ms, "effective": {"n_gpu_layers": layers},
                **members}

    def run_smoke(self, *args, **kwargs):
        self.mia("run", "gpu-smoke", "--repeats", "5", *args, **kwargs)
        report = self.report("perf_gpu_smoke")
        return report, {cell["key"]: cell for cell in report["cells"]}

    def findings(self, report):
        return {finding["id"]: finding for finding in report["findings"]}

    def test_rows_show_what_the_driver_the_log_and_the_graph_say(self):
        self.nvml(*[self.state(GIB + i * 1000) for i in range(4)], self.state(13 * GIB, energy_mj=5_000_000))
        buffers = [{"device": "CUDA0", "kind": "model", "bytes": 11 * GIB}, {"device": "CUDA0", "kind": "kv", "bytes": GIB},
                   {"device": "CUDA_Host", "kind": "compute", "bytes": 7}]
        self.script(facts={"flash_attn": "enabled", "graph_splits": "62 / 2"}, buffers=buffers,
                    probes=self.attention("FLASH_ATTN_EXT"), rules=[self.offload("0", 100), self.offload("24", 5)])
        report, cells = self.run_smoke("--axis", "n_gpu_layers=0,24", "--set", "flash_attn=on")
        cell = cells["n_gpu_layers=24"]
        self.assertEqual(cell["flash_attention"], {"asked": "on", "claimed": "on", "proven": "on"})
        self.assertEqual(cell["decode_splits"], 2)
        self.assertEqual(cell["graph"]["ops"], [{"op": "FLASH_ATTN_EXT", "backend": "CUDA0", "count": 24}])
        row = next(row for row in report["rows"] if row["label"] == "n_gpu_layers=24")
        self.assertEqual(row["gpu_buffer_bytes"], 11 * GIB)
        self.assertEqual(row["gpu_kv_bytes"], GIB)
        self.assertIsNone(row["gpu_compute_bytes"], "host memory is not the GPU's")
        self.assertEqual(row["flash_attn_proven"], "on")
        self.assertEqual(row["gpu_throttle_reasons"], 4)
        self.assertEqual(row["gpu_sm_clock_mhz"], 1980)
        gpu = report["environment"]["gpus"][0]
        self.assertEqual((gpu["driver"], gpu["driver_cuda"], gpu["ecc"]), ("580.1", "13.0", True))
        trial = report["trials"][0]
        self.assertEqual(trial["conditions"]["gpu_pcie_generation"], 5)
        self.assertEqual(trial["conditions"]["gpu_other_processes"], 0)
        with_graph = [trial for trial in report["trials"] if trial["graph"]]
        self.assertEqual(len(with_graph), 2, "one proof for each cell")

    def test_energy_and_memory_are_differences(self):
        idle, busy = (self.state(used * GIB, energy_mj=1_000_000, energy_step_mj=1000) for used in (1, 13))
        self.nvml(idle, idle, idle, busy)
        self.script(token_ms=5)
        report, cells = self.run_smoke("--axis", "n_gpu_layers=24")
        for trial in report["trials"]:
            for run in trial["runs"]:
                self.assertEqual(run["energy_j"] is None, run["warm_up"], "of measured runs")
                if run["energy_j"] is not None:
                    self.assertGreaterEqual(run["energy_j"], 1)
        self.assertIsNotNone(report["energy_j_per_token"])
        self.assertEqual(report["trials"][-1]["conditions"]["gpu_memory_used_bytes"], 13 * GIB)

    def test_without_a_driver_everything_is_null_with_its_reason(self):
        self.env["MIA_PERF_NVML"] = "/no/such/library.so"
        self.script(token_ms=5)
        report, cells = self.run_smoke("--axis", "n_gpu_layers=0,24")
        self.assertEqual(report["environment"]["gpus"], [])
        row = report["rows"][0]
        for name in ("gpu_memory_bytes", "energy_j_per_token", "gpu_sm_clock_mhz", "flash_attn_proven", "decode_splits"):
            self.assertIsNone(row[name], name)
            self.assertTrue(row["null_reasons"][name], name)
        self.assertIn("run.graph=true", row["null_reasons"]["flash_attn_proven"])
        for trial in report["trials"]:
            self.assertIsNone(trial["conditions"]["gpu_memory_before_bytes"])

    def test_attention_that_was_asked_for_and_is_off(self):
        self.script(facts={"flash_attn": "enabled"}, probes=self.attention("SOFT_MAX"))
        report, cells = self.run_smoke("--axis", "n_gpu_layers=24", "--set", "flash_attn=on", "--set", "run.graph=true")
        finding = self.findings(report)["flash_attention_requested_but_off"]
        self.assertEqual(finding["evidence"]["claimed"], "on")
        self.assertEqual(finding["evidence"]["proven"], "off")

    def test_a_probe_that_kills_the_worker_costs_the_proof_only(self):
        self.script(faults=[{"phase": "probe", "kind": "signal", "nth": 2}], probes=self.attention("SOFT_MAX"))
        report, cells = self.run_smoke("--axis", "n_gpu_layers=24", "--set", "run.graph=true")
        cell = report["cells"][0]
        self.assertEqual(cell["outcomes"], {"ok": 5})
        self.assertIsNone(cell["graph"])
        self.assertIn("SIGSEGV", cell["graph_reason"])

    def test_slow_gpu_full_memory_and_heat(self):
        self.nvml(self.state(), self.state(), self.state(), self.state(79 * GIB, reasons=0x40))
        self.script(rules=[self.offload("0", 5), self.offload("6", 20, facts={"graph_splits": "99"})])
        report, cells = self.run_smoke("--axis", "n_gpu_layers=0,6")
        found = self.findings(report)
        self.assertEqual(found["gpu_slower_than_cpu"]["evidence"]["cell"], "n_gpu_layers=6")
        self.assertIn("vram_nearly_full", found)
        self.assertEqual(found["splits_per_token_high"]["evidence"]["decode_splits"], "99")

    def test_an_abort_inside_cuda_is_explained(self):
        text = ("CUDA error: the provided PTX was compiled with an unsupported toolchain.\n"
                "  current device: 0, in function ggml_cuda_compute_forward at ggml-cuda.cu:2941\n")
        self.script(rules=[{"when": {"n_gpu_layers": "24"}, "faults": [{"phase": "warm_up", "kind": "abort", "text": text}]}])
        report, cells = self.run_smoke("--axis", "n_gpu_layers=0,24", code=4)
        outcome = next(t["outcome"] for t in report["trials"] if t["cell"] == "n_gpu_layers=24")
        self.assertEqual((outcome["kind"], outcome["cause"]), ("crashed", "cuda_ptx_unsupported"))
        self.assertIn("update the driver", cells["n_gpu_layers=24"]["failure"])
        self.assertEqual(cells["n_gpu_layers=0"]["outcomes"], {"ok": 5}, "the sweep goes on")

    def test_flash_attention_off_and_on_have_their_own_report(self):
        self.script(token_ms=5)
        self.mia("run", "long-context", "--repeats", "1", "--axis", "flash_attn=off,on", "--set", "run.warmup_max=0")
        report = self.report("perf_long_context_fmha")
        self.assertEqual([row["flash_attn"] for row in report["rows"]], ["off", "on"])

    def test_cuda_launch_blocking_is_an_axis(self):
        self.script(token_ms=5)
        report, cells = self.run_smoke("--axis", "n_gpu_layers=24", "--axis", "cuda_launch_blocking=false,true")
        self.assertEqual(len(cells), 2)


if __name__ == "__main__":
    unittest.main()
