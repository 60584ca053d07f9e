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
    """Schedulers that ask twice in a step have each timestep and level but the first twice."""
    return values[:2 * ((len(scheduler.timesteps) + 1) // 2) - 1:2] if scheduler.order == 2 else values


def levels(scheduler):
    """The scheduler's sigmas, each once."""
    return torch.cat([_once(scheduler, scheduler.sigmas[:-1]), scheduler.sigmas[-1:]])


def _spread(scheduler, sigmas, relative):
    """The relative error of each of levels that are spread between two ends; None where they are not."""
    has, (_, schedule) = scheduler.config.get, getattr(scheduler, "easel", (None, "default"))
    first, last = sigmas[0], sigmas[-1]
    if schedule == "ays":
        return np.full(len(sigmas), EPSILON)
    if schedule == "sgm_uniform":
        return relative + EPSILON * (1 + np.abs(np.log(sigmas)))
    if schedule == "trailing":
        return None
    if has("use_karras_sigmas") or schedule == "karras":
        # A mixture of the two ends' seventh roots, with their errors.
        ramp = np.linspace(0, 1, len(sigmas))
        first, last = first**(1 / 7), last**(1 / 7)
        mixture = (1 - ramp) * first * relative[0] + ramp * last * relative[-1]
        return EPSILON + mixture / (first + ramp * (last - first))
    if has("use_exponential_sigmas") or schedule == "exponential":
        ramp = np.linspace(0, 1, len(sigmas))
        return (1 - ramp) * relative[0] + ramp * relative[-1] + EPSILON * (1 + np.abs(np.log(sigmas)))
    if has("use_beta_sigmas") or schedule == "beta":
        share = (sigmas - last) / max(first - last, EPSILON)
        return (share * first * relative[0] + (1 - share) * last * relative[-1]) / sigmas + EPSILON
    return None


def units(scheduler):
    """By the tensor's name; for a scheduler with sigmas whose timesteps are set."""
    trained, errors = _levels(scheduler)
    sigmas = levels(scheduler)[:-1].double().numpy()
    timesteps = scheduler.timesteps.double().numpy()

    def relative_at(values):
        at = np.interp(values, trained, np.arange(len(trained)))
        return at, np.interp(at, np.arange(len(trained)), errors)

    result = {}
    relative = relative_at(sigmas)[1]
    spread = _spread(scheduler, sigmas, relative)
    own = relative if spread is None else spread
    # Read back from its level: by how fast the levels grow there.
    unit = np.zeros(len(timesteps))
    if spread is not None:
        at, there = relative_at(sigmas)
        low = np.clip(at.astype(int), 0, len(trained) - 2)
        growth = np.log(trained[low + 1] / trained[low])
        once = (there + own + EPSILON * np.abs(np.log(sigmas))) / growth + EPSILON * at
        unit = np.repeat(once, 2)[1:len(timesteps) + 1] if scheduler.order == 2 else once
    if any(name in type(scheduler).__name__ for name in ("KDPM2", "SDE")) and len(timesteps) > 1:
        # Asked in the middle of a step, whose level is known no better than the step's ends.
        low = np.clip(timesteps[1::2].astype(int), 0, len(trained) - 2)
        growth = np.log(trained[low + 1] / trained[low])
        worst = np.maximum(own[:-1], own[1:]) + np.maximum(errors[low], errors[low + 1])
        middle = np.sqrt(sigmas[:-1] * sigmas[1:])
        unit[1::2] = (worst + 2 * EPSILON * (1 + np.abs(np.log(middle)))) / growth + 2 * EPSILON * timesteps[1::2]
    if unit.any():
        result["timesteps"] = unit
    last = scheduler.sigmas[-1].item()
    result["sigmas"] = np.append(sigmas * own, last * errors[0])
    return result
