# SPDX-License-Identifier: Apache-2.0
"""Who can be compared: how each is started, and what it needs."""

import dataclasses
import importlib.util
import pathlib
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


EASEL = "easel_stages"
OPENVINO = {"program": "openvino_contender.py", "package": "openvino", "converter": "to_openvino.py",
            "converted": "openvino"}
DIFFUSERS = "diffusers_contender.py"
CONTENDERS = {
    "easel-fp32": Contender("Easel, fp32", EASEL, "fp32", "fp32"),
    "easel-bf16": Contender("Easel, bf16", EASEL, "bf16", "bf16"),
    "diffusers-fp32": Contender("diffusers, fp32", DIFFUSERS, "fp32", "fp32"),
    "diffusers-bf16": Contender("diffusers, bf16, channels last", DIFFUSERS, "bf16", "bf16"),
    "openvino-f32": Contender("OpenVINO, f32", form="f32", peak="fp32", **OPENVINO),
    "openvino-bf16": Contender("OpenVINO, bf16", form="bf16", peak="bf16", **OPENVINO),
}


def missing(contender, easel_stages):
    """Why it cannot be started; nothing where it can."""
    if contender.program == EASEL:
        if not easel_stages:
            return "--easel-stages is not given"
        return "" if easel_stages.is_file() else f"there is no program {easel_stages}"
    return "" if importlib.util.find_spec(contender.package) else f"the package {contender.package} is not installed"


def command(contender, easel_stages, work):
    if contender.program == EASEL:
        return [easel_stages.resolve(), "cpu", contender.form]
    converted = [work / contender.converted] if contender.converted else []
    return [sys.executable, HERE / contender.program, contender.form, *converted]


def prepare(chosen, model, work):
    """Converts the model for those that need it, each kind once; which of the converters failed."""
    failed = set()
    for converter, converted in {(each.converter, each.converted) for each in chosen if each.converter}:
        if subprocess.run([sys.executable, HERE / converter, model, work / converted]).returncode != 0:
            failed.add(converter)
    return failed
