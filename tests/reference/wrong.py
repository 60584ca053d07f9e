# SPDX-License-Identifier: Apache-2.0
"""diffusers' schedulers with one deliberate error each: what every gate of the tests must refuse."""

from schedulers import class_of

TIMESTEP, SIGN, FACTOR = "timestep", "sign", "factor"

# By sampler and error: what stands in diffusers, once in its file, and what is made of it.
_PREVIOUS = "        prev_timestep = timestep - self.config.num_train_timesteps // self.num_inference_steps\n"
_PREVIOUS_OFF = _PREVIOUS[:-1] + " - 1\n"
_LEVELS = ("np.interp(timesteps, ", "np.interp(timesteps - 1, ")
_KARRAS = ("t = (1 - w) * low_idx + w * high_idx", "t = (1 - w) * low_idx + w * high_idx + 1")
_DERIVATIVE = "derivative = (sample - pred_original_sample)"
_DERIVATIVE_OFF = "derivative = (pred_original_sample - sample)"
_INPUT = ("sample = sample / ((sigma**2 + 1) ** 0.5)", "sample = sample / 1")
_INPUT_BETWEEN = ("sample = sample / ((sigma_input**2 + 1) ** 0.5)", "sample = sample / 1")
ERRORS = {
    "pndm": {TIMESTEP: [(_PREVIOUS, _PREVIOUS_OFF)],
             SIGN: [("+ 37 * self.ets[-3]", "- 37 * self.ets[-3]")],
             FACTOR: [("alpha_prod_t * beta_prod_t * alpha_prod_t_prev", "alpha_prod_t * alpha_prod_t_prev")]},
    "ddim": {TIMESTEP: [(_PREVIOUS, _PREVIOUS_OFF)],
             SIGN: [("+ pred_sample_direction", "- pred_sample_direction")],
             FACTOR: [("alpha_prod_t_prev ** (0.5) * pred_original_sample", "pred_original_sample")]},
    "ddpm": {TIMESTEP: [("prev_t = self.timesteps[index + 1]", "prev_t = self.timesteps[index + 1] + 1")],
             SIGN: [("pred_original_sample + current_sample_coeff * sample",
                     "pred_original_sample - current_sample_coeff * sample")],
             FACTOR: [("(1 - alpha_prod_t_prev) / (1 - alpha_prod_t) * current_beta_t",
                       "(1 - alpha_prod_t_prev) * current_beta_t")]},
    "euler": {TIMESTEP: [_LEVELS, _KARRAS],
              SIGN: [(_DERIVATIVE, _DERIVATIVE_OFF)],
              FACTOR: [_INPUT]},
    "euler_a": {TIMESTEP: [_LEVELS],
                SIGN: [("(sigma_to**2 - sigma_up**2)", "(sigma_to**2 + sigma_up**2)")],
                FACTOR: [_INPUT]},
    "heun": {TIMESTEP: [_LEVELS, _KARRAS],
             SIGN: [("self.prev_derivative + derivative", "self.prev_derivative - derivative")],
             FACTOR: [_INPUT]},
    "lms": {TIMESTEP: [_LEVELS, _KARRAS],
            SIGN: [("(tau - self.sigmas[t - k])", "(tau + self.sigmas[t - k])")],
            FACTOR: [_INPUT]},
    "dpm2": {TIMESTEP: [_LEVELS, _KARRAS],
             SIGN: [("dt = sigma_interpol - sigma_hat", "dt = sigma_hat - sigma_interpol")],
             FACTOR: [("sigmas.log().lerp(sigmas.roll(1).log(), 0.5)", "sigmas.log().lerp(sigmas.roll(1).log(), 0.6)")]},
    "dpm2_a": {TIMESTEP: [_LEVELS],  # whose middles are read back: the other one would make up for it
               SIGN: [("sigmas_down = (sigmas_next**2 - sigmas_up**2)", "sigmas_down = (sigmas_next**2 + sigmas_up**2)")],
               FACTOR: [("sigmas.log().lerp(sigmas_down.log(), 0.5)", "sigmas.log().lerp(sigmas_down.log(), 0.6)")]},
    "dpmpp_2m": {TIMESTEP: [_LEVELS, _KARRAS],
                 SIGN: [("- 0.5 * (alpha_t * (torch.exp(-h) - 1.0)) * D1",
                         "+ 0.5 * (alpha_t * (torch.exp(-h) - 1.0)) * D1")],
                 FACTOR: [("D0, D1 = m0, (1.0 / r0) * (m0 - m1)", "D0, D1 = m0, (m0 - m1)")]},
    "dpmpp_2m_sde": {TIMESTEP: [_LEVELS, _KARRAS],
                     SIGN: [("+ 0.5 * (alpha_t * (1 - torch.exp(-2.0 * h))) * D1",
                             "- 0.5 * (alpha_t * (1 - torch.exp(-2.0 * h))) * D1")],
                     FACTOR: [("D0, D1 = m0, (1.0 / r0) * (m0 - m1)", "D0, D1 = m0, (m0 - m1)")]},
    "dpmpp_3m_sde": {TIMESTEP: [_LEVELS, _KARRAS],
                     SIGN: [("D1 = D1_0 + (r0 / (r0 + r1)) * (D1_0 - D1_1)",
                             "D1 = D1_0 - (r0 / (r0 + r1)) * (D1_0 - D1_1)")],
                     FACTOR: [("D2 = (1.0 / (r0 + r1)) * (D1_0 - D1_1)", "D2 = D1_0 - D1_1")]},
    "dpmpp_sde": {TIMESTEP: [_LEVELS, _KARRAS],
                  SIGN: [("sigma_down = (sigma_to**2 - sigma_up**2)", "sigma_down = (sigma_to**2 + sigma_up**2)")],
                  FACTOR: [_INPUT_BETWEEN]},
    "unipc": {TIMESTEP: [_LEVELS, _KARRAS],
              SIGN: [("x_t = x_t_ - alpha_t * B_h * (corr_res", "x_t = x_t_ + alpha_t * B_h * (corr_res")],
              FACTOR: [("            x_t = x_t_ - alpha_t * B_h * pred_res", "            x_t = x_t_ - alpha_t * pred_res")]},
    "deis": {TIMESTEP: [_LEVELS, _KARRAS],
             SIGN: [("x_t = alpha_t * (sample / alpha_s0 + coef1 * m0 + coef2 * m1)",
                     "x_t = alpha_t * (sample / alpha_s0 + coef1 * m0 - coef2 * m1)")],
             FACTOR: [("coef1 * m0 + coef2 * m1)", "coef1 * m0)")]},
    "lcm": {TIMESTEP: [("int(original_steps * strength) + 1))) * k - 1", "int(original_steps * strength) + 1))) * k - 2")],
            SIGN: [("denoised + beta_prod_t_prev.sqrt() * noise", "denoised - beta_prod_t_prev.sqrt() * noise")],
            FACTOR: [("alpha_prod_t_prev.sqrt() * denoised", "denoised")]},
    "tcd": {TIMESTEP: [("int(original_steps * strength) + 1))) * k - 1", "int(original_steps * strength) + 1))) * k - 2")],
            SIGN: [("torch.floor((1 - eta) * prev_timestep)", "torch.floor((1 - eta / 2) * prev_timestep)")],
            FACTOR: [("(alpha_prod_t_prev / alpha_prod_s).sqrt() * pred_noised_sample", "pred_noised_sample")]},
}


def wrong(scheduler, sampler, error):
    """`scheduler` as it is, but for the error."""
    schedule = getattr(scheduler, "easel", (sampler, "default"))[1]
    return class_of(sampler, schedule, tuple(ERRORS[sampler][error])).from_config(scheduler.config)
