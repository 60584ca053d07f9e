#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how far diffusers differs from the committed fixtures, and so from itself, on one processor after another,
and prints the table of gates for README.md: exits 1 when a gate leaves no margin, or lets a deliberate error pass."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections import defaultdict

from safetensors.torch import load_file

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
MARGIN = 3  # at least so many times the spread, for processors that nobody has tried

# MKL's portable path is what processors of other makers than Intel get.
SETTINGS = {
    "native": {},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "default": {"ATEN_CPU_CAPABILITY": "default"},
    "other maker": {"MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "without avx": {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41",
                    "MKL_CBWR": "COMPATIBLE", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
                    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F"},
}


def load(folder):
    names = ("schedules", "runs", "noise", "stages", "starts", "pictures")
    made = {name: load_file(folder / f"diffusion/{name}.safetensors") for name in names}
    return made | {"families": load_file(folder / "families.safetensors"),
                   "prompts": load_file(folder / "prompts/prompts.safetensors")}


def deviation(golden, file, key, other):
    """The gate that holds this tensor, and how far `other` is from it in that gate's unit; None for an input."""
    tensors = golden[file]
    expected, other = tensors[key].double(), other.double()
    off = (other - expected).abs() if other.shape == expected.shape else expected.abs() + float("inf")
    last = key.rsplit("/", 1)[-1]
    if file == "schedules":
        unit = tensors.get(key + "/unit")
        if last == "init":
            all_sigmas = tensors.get(key.removesuffix("init") + "sigmas/unit")
            unit = None if all_sigmas is None else all_sigmas.max()
        if last == "unit":
            return None
        name = "timesteps read back" if last == "timesteps" and unit is not None else last.replace("init", "sigmas")
        return name, (off.max() if unit is None else (off / unit.double().clamp(min=1e-30)).max()).item()
    if file == "runs":
        return None if key == "start" else ("runs", (off.max() / expected.abs().max()).item())
    if file == "noise":
        return "noise", off.max().item()
    if file == "stages":
        stage = key.split("/")[1]
        return (stage, off.max().item()) if last == "output" or stage == "text" else None
    if file == "starts":
        name = {"moments": "vae", "latents": "latents", "start": "runs", "end": "runs", "step": "step"}.get(last)
        unit = {"vae": 1, "latents": expected.std(), "runs": expected.abs().max(), "step": expected.abs().max()}.get(name)
        return None if name is None else (name, (off.max() / unit).item())
    if file == "families":
        if "/text/" in key or key.endswith("unet/output"):
            return key.split("/")[1], off.max().item()
        name = {"decoded": "vae", "beside": "vae", "latents": "latents", "begun": "latents"}.get(last)
        unit = expected.std() if name == "latents" else 1
        return None if name is None or "inpaint" in key and last == "beside" else (name, (off.max() / unit).item())
    if last == "context":
        return "prompt", off.max().item()
    if last == "pictures":
        return "pictures", (off > 1).double().mean().item()
    return "latents", (off.max() / expected.std()).item()


def spread(golden, folder):
    """By gate: the largest deviation."""
    made, result = load(folder), defaultdict(float)
    for file, tensors in golden.items():
        for key in tensors:
            if "/wrong" not in key and (found := deviation(golden, file, key, made[file][key])):
                result[found[0]] = max(result[found[0]], found[1])
    return result


def errors(golden):
    """By gate: the smallest deviation of a deliberate error."""
    result = {}
    for file, tensors in golden.items():
        for key, value in tensors.items():
            right = key.replace("/wrong", "") if file == "schedules" else key.split("/wrong")[0]
            right += {"pictures": "/latents", "prompts": "/context"}.get(file, "")
            if "/wrong" in key and not key.endswith(("/unit", "/init")):
                name, off = deviation(golden, file, right, value)
                if off > 0:  # an error in the levels leaves the timesteps alone, and the other way round
                    result[name] = min(result.get(name, off), off)
    return result


def main():
    golden = load(FIXTURES)
    gates = json.loads((FIXTURES / "diffusion/gates.json").read_text())
    columns = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, variables in SETTINGS.items():
            folder = pathlib.Path(scratch) / name
            for script, *arguments in (("make_fixtures.py", folder, "--like", FIXTURES),
                                       ("families.py", folder, "--like", FIXTURES), ("prompts.py", folder / "prompts")):
                subprocess.run([sys.executable, HERE / script, *arguments], check=True,
                               env={**os.environ, "OMP_NUM_THREADS": "1", **variables}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
            columns[name] = spread(golden, folder)
    wrong = errors(golden)
    print("| gate |", " | ".join(SETTINGS), "| gate at | smallest deliberate error |")
    print("|---|" + "---|" * (len(SETTINGS) + 2))
    good = True
    for name, gate in gates.items():
        largest = max(column[name] for column in columns.values())
        good &= largest * MARGIN <= gate and wrong.get(name, gate * 2) > gate
        cells = [f"{column[name]:.2g}" for column in columns.values()]
        print(f"| {name} |", " | ".join(cells), f"| {gate:g} | {format(wrong[name], '.2g') if name in wrong else ''} |")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
