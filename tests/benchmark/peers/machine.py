#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the machine can do at most, and how much a model asks of it, a request a line: {"peak": true} is answered with
the operations a second that a large product and a large convolution reach in each precision; {"folder": …,
"sizes": …, "batches": …} with the operations that a step takes, both branches of guidance, counted without
numbers."""

import time

import torch
from diffusers import UNet2DConditionModel
from torch.utils.flop_counter import FlopCounterMode

import answering

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SECONDS = 2  # for each product and each convolution
SIDE, CHANNELS, EDGE, BATCH = 2048, 320, 64, 2


def rate(work, operations):
    """Operations a second, of the fastest run."""
    work()
    fastest, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return operations / fastest


def peak(dtype):
    with torch.inference_mode():
        linear = torch.nn.Linear(SIDE, SIDE).to(dtype)
        rows = torch.randn(SIDE, SIDE).to(dtype)
        convolution = torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1).to(dtype, memory_format=torch.channels_last)
        picture = torch.randn(BATCH, CHANNELS, EDGE, EDGE).to(dtype).contiguous(memory_format=torch.channels_last)
        return {"linear": rate(lambda: linear(rows), 2 * SIDE**3),
                "convolution": rate(lambda: convolution(picture), 2 * 9 * CHANNELS**2 * EDGE**2 * BATCH)}


def operations(asked):
    config = UNet2DConditionModel.load_config(asked["folder"], subfolder="unet")
    with torch.device("meta"), torch.no_grad():
        unet = UNet2DConditionModel.from_config(config)
        counts = {}
        for size in asked["sizes"]:
            for batch in asked["batches"]:
                latents = torch.empty(2 * batch, config["in_channels"], size // 8, size // 8)
                context = torch.empty(2 * batch, 77, config["cross_attention_dim"])
                with FlopCounterMode(display=False) as counter:
                    unet(latents, torch.zeros(()), encoder_hidden_states=context)
                counts[f"{size} {batch}"] = counter.get_total_flops()
    return counts


def answer(asked):
    return {name: peak(dtype) for name, dtype in DTYPES.items()} if asked.get("peak") else operations(asked)


if __name__ == "__main__":
    torch.set_num_threads(answering.threads())
    answering.serve(answer)
