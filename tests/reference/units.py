# SPDX-License-Identifier: Apache-2.0
"""How far one rounding can move each entry of a schedule: the unit in which the tests measure it.

Levels of noise come from the product of alphas, a, which is known to 2^-23 of itself. sqrt((1 - a) / a) has the
condition 1 / (2 (1 - a)): at the first timesteps almost all of a cancels. Zero terminal SNR subtracts the last
root from each, which cancels near the end. A timestep that Karras' schedule reads back from a level divides by how
fast the levels grow there.
"""

import numpy as np
import torch

EPSILON = 2.0**-23


def _roots(config):
    """sqrt of the product of alphas before any rescaling, in double."""
    ends = config["beta_start"], config["beta_end"]
    if config["beta_schedule"] == "scaled_linear":
        betas = np.linspace(ends[0]**0.5, ends[1]**0.5, config["num_train_timesteps"])**2
    else:
        betas = np.linspace(*ends, config["num_train_timesteps"])
    return np.sqrt(np.cumprod(1 - betas))


def _levels(scheduler):
    """Each training timestep's level, and its relative error for one rounding."""
    alphas = scheduler.alphas_cumprod.double().numpy()
    condition = 1 / (2 * (1 - alphas))
    if scheduler.config.get("rescale_betas_zero_snr"):
        roots = _roots(scheduler.config)
        cancelled = roots[:-1] - roots[-1]
        condition[:-1] *= 2 * roots[:-1] / cancelled
        condition[-1] = 0  # set outright
    return np.sqrt((1 - alphas) / alphas), EPSILON * (1 + condition)


def _once(scheduler, values):
    """Heun's scheduler has each timestep and level but the first twice."""
    return values[::2] if scheduler.order == 2 else values


def levels(scheduler):
    """The scheduler's sigmas, each once."""
    return torch.cat([_once(scheduler, scheduler.sigmas[:-1]), scheduler.sigmas[-1:]])


def units(scheduler):
    """By the tensor's name; for a scheduler with sigmas whose timesteps are set."""
    trained, errors = _levels(scheduler)
    sigmas = levels(scheduler)[:-1].double().numpy()
    timesteps = _once(scheduler, scheduler.timesteps).double().numpy()
    at = np.interp(sigmas, trained, np.arange(len(trained)))
    relative = np.interp(at, np.arange(len(trained)), errors)
    result = {}
    if scheduler.config.get("use_karras_sigmas"):
        # A mixture of the two ends' seventh roots, with their errors.
        first, last = sigmas[0]**(1 / 7), sigmas[-1]**(1 / 7)
        ramp = np.linspace(0, 1, len(sigmas))
        mixture = (1 - ramp) * first * relative[0] + ramp * last * relative[-1]
        own = EPSILON + mixture / (first + ramp * (last - first))
        low = np.clip(at.astype(int), 0, len(trained) - 2)
        growth = np.log(trained[low + 1] / trained[low])
        unit = (relative + own + EPSILON * np.abs(np.log(sigmas))) / growth + EPSILON * timesteps
        result["timesteps"] = np.repeat(unit, 2)[1:] if scheduler.order == 2 else unit
        relative = own
    last = scheduler.sigmas[-1].item()
    result["sigmas"] = np.append(sigmas * relative, last * errors[0])
    return result
