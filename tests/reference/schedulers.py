# SPDX-License-Identifier: Apache-2.0
"""The scheduler that a user of diffusers gets by asking for a sampler and a schedule of Easel's.

Where diffusers has no such schedule, k-diffusion's levels of noise take the place of its own. Four schedulers are
mended: what diffusers does there is not what the method says, or cannot be repeated.
"""

import functools
import inspect
import types

import diffusers
import numpy as np
import torch
from diffusers.utils.torch_utils import randn_tensor

CLASSES = {
    "pndm": diffusers.PNDMScheduler,
    "ddim": diffusers.DDIMScheduler,
    "ddpm": diffusers.DDPMScheduler,
    "euler": diffusers.EulerDiscreteScheduler,
    "euler_a": diffusers.EulerAncestralDiscreteScheduler,
    "heun": diffusers.HeunDiscreteScheduler,
    "lms": diffusers.LMSDiscreteScheduler,
    "dpm2": diffusers.KDPM2DiscreteScheduler,
    "dpm2_a": diffusers.KDPM2AncestralDiscreteScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
    "dpmpp_2m_sde": diffusers.DPMSolverMultistepScheduler,
    "dpmpp_3m_sde": diffusers.DPMSolverMultistepScheduler,
    "dpmpp_sde": diffusers.DPMSolverSDEScheduler,
    "unipc": diffusers.UniPCMultistepScheduler,
    "deis": diffusers.DEISMultistepScheduler,
    "lcm": diffusers.LCMScheduler,
    "tcd": diffusers.TCDScheduler,
}
LEVELS = ("default", "karras", "exponential", "beta", "trailing", "sgm_uniform", "ays")
SCHEDULES = {sampler: LEVELS for sampler in CLASSES} | {
    "pndm": ("default", "trailing"), "ddim": ("default", "trailing"), "ddpm": ("default", "trailing"),
    "lcm": ("default",), "tcd": ("default",)}
# They answer with whole timesteps, but to k-diffusion's levels, which have fractions.
MULTISTEP = ("dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "unipc", "deis")

CHANGES = {
    "pndm": {"skip_prk_steps": True},  # PLMS; a model whose own sampler is another does not say so
    "dpmpp_2m": {"algorithm_type": "dpmsolver++", "solver_order": 2},
    "dpmpp_2m_sde": {"algorithm_type": "sde-dpmsolver++", "solver_order": 2},
    "dpmpp_3m_sde": {"algorithm_type": "sde-dpmsolver++", "solver_order": 3, "solver_type": "heun"},
}
FLAGS = {"karras": "use_karras_sigmas", "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas",
         "sgm_uniform": "use_exponential_sigmas", "ays": "use_exponential_sigmas"}

# The last term's limit for short steps is 0, not minus the second difference: k-diffusion has it with a plus.
MENDED = {"dpmpp_3m_sde": [("+ (alpha_t * ((1.0 - torch.exp(-2.0 * h) - 2.0 * h) / (2.0 * h) ** 2 - 0.5)) * D2",
                            "+ (alpha_t * ((1.0 - torch.exp(-2.0 * h) - 2.0 * h) / (2.0 * h) ** 2 + 0.5)) * D2")]}

# Where ten steps begin and the last of them ends. https://arxiv.org/abs/2404.14507
ALIGNED = {"SD": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
           "XL": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029]}


def sgm_uniform(scheduler, steps):
    levels = ((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod).sqrt().log().double().numpy()
    timesteps = np.linspace(len(levels) - 1, 0, steps + 1)[:-1]
    return np.exp(np.interp(timesteps, np.arange(len(levels)), levels))


def aligned(family):
    return lambda _, steps: np.exp(
        np.interp(np.linspace(0, 10, steps + 1), np.arange(11), np.log(ALIGNED[family])))[:-1]


class Brownian:
    """One path over sigma, from two draws a step: torchsde's interface, but not its tree of seeds."""

    def __init__(self, like, generator):
        self.like, self.generator = like, generator
        self.start, self.end, self.path = None, None, None

    def __call__(self, start, end):
        if self.start != start:
            self.start, self.end, self.path = start, start, 0
        drawn = randn_tensor(self.like.shape, generator=self.generator, dtype=self.like.dtype)
        self.path, self.end = self.path + drawn * (self.end - end).sqrt(), end
        return self.path / (start - end).sqrt()


def patched(cls, changes):
    """`cls` from a copy of its module in which each of `changes` is made."""
    original = inspect.getmodule(cls)
    source = inspect.getsource(original)
    for right, instead in changes:
        assert source.count(right) == 1, f"{original.__name__} has not exactly one: {right}"
        source = source.replace(right, instead)
    module = types.ModuleType(original.__name__)
    module.__package__ = original.__package__
    exec(compile(source, f"<{cls.__name__} with changes>", "exec"), module.__dict__)
    return getattr(module, cls.__name__)


@functools.cache
def class_of(sampler, schedule, changes=(), family="SD"):
    base = CLASSES[sampler]
    changes = (*MENDED.get(sampler, ()), *changes)
    if changes:
        base = patched(base, changes)
    body = {"easel": (sampler, schedule)}
    if sampler == "lms":
        # From the middle on, diffusers integrates for slopes that it has not seen.
        def step(self, model_output, timestep, sample, return_dict=True):
            return base.step(self, model_output, timestep, sample, min(len(self.derivatives) + 1, 4), return_dict)
        body["step"] = step
    if sampler == "dpmpp_sde":
        def step(self, model_output, timestep, sample, generator=None, return_dict=True):
            if self.noise_sampler is None:
                self.noise_sampler = Brownian(sample, generator)
            return base.step(self, model_output, timestep, sample, return_dict)
        body["step"] = step
    if sampler in ("dpm2", "dpmpp_sde"):
        # diffusers gives what it adds in the middle of a step, around a mask, the level of the step's end.
        def add_noise(self, original_samples, noise, timesteps):
            if self.step_index is None or self.state_in_first_order:
                return base.add_noise(self, original_samples, noise, timesteps)
            return original_samples + noise * (self.sigmas[self.step_index - 1] * self.sigmas[self.step_index]).sqrt()
        body["add_noise"] = add_noise
    own = {"sgm_uniform": sgm_uniform, "ays": aligned(family)}.get(schedule)
    if sampler == "euler_a" and schedule in FLAGS:
        # diffusers has these for Euler alone, whose levels are the same.
        def set_timesteps(self, steps, device=None):
            base.set_timesteps(self, steps)
            other = class_of("euler", schedule, family=family).from_config(self.config, **flags("euler", schedule))
            other.set_timesteps(steps)
            self.sigmas, self.timesteps = other.sigmas, other.timesteps
        body["set_timesteps"] = set_timesteps
    elif own:
        body["_convert_to_exponential"] = lambda self, in_sigmas, num_inference_steps: own(self, num_inference_steps)
        if sampler in MULTISTEP:
            def set_timesteps(self, steps, device=None):
                base.set_timesteps(self, steps)
                logs = np.log(np.array(((1 - self.alphas_cumprod) / self.alphas_cumprod) ** 0.5))
                self.timesteps = torch.tensor([float(self._sigma_to_t(s, logs)) for s in own(self, steps)])
                if sampler == "deis":
                    self.sigmas[-1] = float(np.exp(logs[0]))  # not the last level once more
            body["set_timesteps"] = set_timesteps
    if len(body) == 1 and not changes:
        return base
    return type(base.__name__, (base,), body)


def flags(sampler, schedule):
    changes = dict(CHANGES.get(sampler, {}))
    if schedule != "default":
        changes |= {flag: FLAGS.get(schedule) == flag for flag in FLAGS.values()}
    if schedule in ("trailing", "sgm_uniform", "ays"):
        changes["timestep_spacing"] = "trailing"
    return changes


def chosen(own, sampler, schedule, family="SD"):
    """`own`: the model's scheduler, as StableDiffusionPipeline left it. `family`: "SD" or "XL"."""
    if type(own) is CLASSES[sampler] and schedule == "default" and class_of(sampler, schedule) is CLASSES[sampler]:
        return own
    scheduler = class_of(sampler, schedule, family=family).from_config(own.config, **flags(sampler, schedule))
    scheduler.easel = (sampler, schedule)
    return scheduler
