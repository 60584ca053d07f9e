# SPDX-License-Identifier: Apache-2.0
"""The scheduler that a user of diffusers gets by asking for a sampler of Easel's."""

import diffusers

CLASSES = {
    "pndm": diffusers.PNDMScheduler,
    "ddim": diffusers.DDIMScheduler,
    "euler": diffusers.EulerDiscreteScheduler,
    "euler_a": diffusers.EulerAncestralDiscreteScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
    "heun": diffusers.HeunDiscreteScheduler,
}


def chosen(own, sampler, schedule):
    """`own`: the model's scheduler, as StableDiffusionPipeline left it."""
    if type(own) is CLASSES[sampler] and schedule == "default":
        return own
    changes = {"use_karras_sigmas": True} if schedule == "karras" else {}
    if sampler == "pndm":
        changes["skip_prk_steps"] = True  # PLMS; a model whose own sampler is another does not say so
    return CLASSES[sampler].from_config(own.config, **changes)
