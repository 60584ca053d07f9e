# SPDX-License-Identifier: Apache-2.0
"""Who can be compared: how each is started, and what it needs."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Contender:
    title: str
    program: str  # a file of this folder; easel_stages is none
    form: str
    peak: str  # the precision that it computes in
    package: str = "diffusers"
    converter: str = ""  # makes of the model's folder what it reads
    converted: str = ""
    options: tuple = ()
    compiles: bool = False  # what it is first asked for
    only_known: bool = False  # draws with published networks only


EASEL = "easel_stages"
OPENVINO = {"program": "openvino_contender.py", "package": "openvino", "converter": "to_openvino.py",
            "converted": "openvino", "compiles": True}
DIFFUSERS = "diffusers_contender.py"
COMPILED = {"options": ("compiled",), "compiles": True}
CONTENDERS = {
    "easel-fp32": Contender("Easel, fp32", EASEL, "fp32", "fp32"),
    "easel-bf16": Contender("Easel, bf16", EASEL, "bf16", "bf16"),
    "diffusers-fp32": Contender("diffusers, fp32", DIFFUSERS, "fp32", "fp32"),
    "diffusers-bf16": Contender("diffusers, bf16, channels last", DIFFUSERS, "bf16", "bf16"),
    "compiled-fp32": Contender("diffusers, fp32, torch.compile", DIFFUSERS, "fp32", "fp32", **COMPILED),
    "compiled-bf16": Contender("diffusers, bf16, torch.compile", DIFFUSERS, "bf16", "bf16", **COMPILED),
    "openvino-f32": Contender("OpenVINO, f32", form="f32", peak="fp32", **OPENVINO),
    "openvino-bf16": Contender("OpenVINO, bf16", form="bf16", peak="bf16", **OPENVINO),
    "sdcpp": Contender("stable-diffusion.cpp, fp16 weights", "sdcpp_contender.py", "fp16", "fp32",
                       package="stable_diffusion_cpp", converter="to_checkpoint.py", converted="checkpoint",
                       only_known=True),
}
KNOWN_CHANNELS = [320, 640, 1280, 1280]  # of the UNet of Stable Diffusion 1.x and 2.x


def python_of(contender, sdcpp_python):
    """The interpreter that finds its package."""
    return sdcpp_python if contender.package == "stable_diffusion_cpp" else sys.executable


def missing(contender, easel_stages, sdcpp_python):
    """Why it cannot be started; nothing where it can."""
    if contender.program == EASEL:
        if not easel_stages:
            return "--easel-stages is not given"
        return "" if easel_stages.is_file() else f"there is no program {easel_stages}"
    search = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({contender.package!r}) is None)"
    try:
        found = subprocess.run([python_of(contender, sdcpp_python), "-c", search]).returncode == 0
    except OSError as error:
        return str(error)
    return "" if found else f"the package {contender.package} is not installed"


def unfit(contender, model):
    """Why it cannot draw with the model; nothing where it can."""
    channels = json.loads((model / "unet/config.json").read_text())["block_out_channels"]
    if contender.only_known and channels != KNOWN_CHANNELS:
        return "it knows the networks of Stable Diffusion 1.x and 2.x only"
    return ""


def command(contender, easel_stages, sdcpp_python, folder):
    if contender.program == EASEL:
        return [easel_stages.resolve(), "cpu", contender.form]
    converted = [folder / contender.converted] if contender.converted else []
    return [python_of(contender, sdcpp_python), HERE / contender.program, contender.form, *converted,
            *contender.options]


def convert(contender, model, folder):
    """What it reads of the model, made in `folder` unless it is there; whether it is."""
    if not contender.converter or (folder / contender.converted).is_dir():
        return True
    unfinished = folder / f"{contender.converted}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    if subprocess.run([sys.executable, HERE / contender.converter, model, unfinished]).returncode != 0:
        return False
    unfinished.rename(folder / contender.converted)
    return True
