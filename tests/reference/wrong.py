# SPDX-License-Identifier: Apache-2.0
"""diffusers' schedulers with one deliberate error each: what every gate of the tests must refuse."""

import inspect
import types

from schedulers import CLASSES

TIMESTEP, SIGN, FACTOR = "timestep", "sign", "factor"

# By sampler and error: what stands in diffusers, once in its file, and what is made of it.
_PREVIOUS = "        prev_timestep = timestep - self.config.num_train_timesteps // self.num_inference_steps\n"
_PREVIOUS_OFF = _PREVIOUS[:-1] + " - 1\n"
_LEVELS = ("np.interp(timesteps, ", "np.interp(timesteps - 1, ")
_KARRAS = ("t = (1 - w) * low_idx + w * high_idx", "t = (1 - w) * low_idx + w * high_idx + 1")
_DERIVATIVE = "derivative = (sample - pred_original_sample)"
_DERIVATIVE_OFF = "derivative = (pred_original_sample - sample)"
_INPUT = ("sample = sample / ((sigma**2 + 1) ** 0.5)", "sample = sample / 1")
ERRORS = {
    "pndm": {TIMESTEP: [(_PREVIOUS, _PREVIOUS_OFF)],
             SIGN: [("+ 37 * self.ets[-3]", "- 37 * self.ets[-3]")],
             FACTOR: [("alpha_prod_t * beta_prod_t * alpha_prod_t_prev", "alpha_prod_t * alpha_prod_t_prev")]},
    "ddim": {TIMESTEP: [(_PREVIOUS, _PREVIOUS_OFF)],
             SIGN: [("+ pred_sample_direction", "- pred_sample_direction")],
             FACTOR: [("alpha_prod_t_prev ** (0.5) * pred_original_sample", "pred_original_sample")]},
    "euler": {TIMESTEP: [_LEVELS, _KARRAS],
              SIGN: [(_DERIVATIVE, _DERIVATIVE_OFF)],
              FACTOR: [_INPUT]},
    "euler_a": {TIMESTEP: [_LEVELS],
                SIGN: [("(sigma_to**2 - sigma_up**2)", "(sigma_to**2 + sigma_up**2)")],
                FACTOR: [_INPUT]},
    "heun": {TIMESTEP: [_LEVELS, _KARRAS],
             SIGN: [("self.prev_derivative + derivative", "self.prev_derivative - derivative")],
             FACTOR: [_INPUT]},
    "dpmpp_2m": {TIMESTEP: [_LEVELS, _KARRAS],
                 SIGN: [("- 0.5 * (alpha_t * (torch.exp(-h) - 1.0)) * D1",
                         "+ 0.5 * (alpha_t * (torch.exp(-h) - 1.0)) * D1")],
                 FACTOR: [("D0, D1 = m0, (1.0 / r0) * (m0 - m1)", "D0, D1 = m0, (m0 - m1)")]},
}


def wrong(scheduler, sampler, error):
    """`scheduler` as it is, but for the error."""
    original = inspect.getmodule(CLASSES[sampler])
    source = inspect.getsource(original)
    for right, instead in ERRORS[sampler][error]:
        assert source.count(right) == 1, f"{original.__name__} has not exactly one: {right}"
        source = source.replace(right, instead)
    module = types.ModuleType(original.__name__)
    module.__package__ = original.__package__
    exec(compile(source, f"<{sampler} with a wrong {error}>", "exec"), module.__dict__)
    return getattr(module, CLASSES[sampler].__name__).from_config(scheduler.config)
