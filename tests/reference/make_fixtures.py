#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the engine's tests compare with: two tiny models and, for each stage, what diffusers makes of them."""

import argparse
import inspect
import json
import pathlib

import diffusers
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

import tiny_models
from schedulers import CLASSES, SCHEDULES, chosen
from units import levels, units
from wrong import ERRORS, TIMESTEP, wrong

STRENGTHS = (0.05, 0.33, 0.6, 1.0)
STEPS = (1, 4, 20, 50)
# Of these and of each sampler's own schedule everything is kept; of what others add, which is the same arithmetic in
# other pairs, one schedule and one run.
THOROUGH = {"pndm": ("default",), "ddim": ("default",), "euler": ("default", "karras"), "euler_a": ("default",),
            "heun": ("default", "karras"), "dpmpp_2m": ("default", "karras")}
# What these answer with diffusers' schedulers do not take for the picture itself.
NEVER_PICTURES = ("pndm", "euler_a", "dpm2", "dpm2_a", "dpmpp_sde")
ETAS = {"ddim": (0.5, 1.0), "tcd": (0.0, 0.7)}
# Beside the tiny models' own: what other configs make of switching and of each spacing.
EXTRA_SCHEDULERS = {
    "trailing": {**tiny_models.SD1["scheduler"], "timestep_spacing": "trailing"},
    "linspace": {**tiny_models.SD1["scheduler"], "timestep_spacing": "linspace"},
    "outdated": {"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
                 "beta_schedule": "scaled_linear", "skip_prk_steps": True},
    "zero_snr": {**tiny_models.SD2["scheduler"], "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"},
    "euler": {"_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012,
              "beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "skip_prk_steps": True,
              "steps_offset": 1, "timestep_spacing": "leading", "use_karras_sigmas": False},
    "dpmpp_2m": {"_class_name": "DPMSolverMultistepScheduler", "beta_start": 0.00085, "beta_end": 0.012,
                 "beta_schedule": "scaled_linear", "skip_prk_steps": True, "use_karras_sigmas": True,
                 "final_sigmas_type": "sigma_min"},
    "linear": {"_class_name": "PNDMScheduler", "skip_prk_steps": True, "beta_schedule": "linear"},
}

PROMPT = "a photo of an astronaut riding a horse on mars"


def own_scheduler(config):
    """The scheduler as StableDiffusionPipeline leaves it: offset and clipping forced."""
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    forced = dict(scheduler.config)
    if forced.get("steps_offset", 1) != 1:
        forced["steps_offset"] = 1
    if forced.get("clip_sample", False) is True:
        forced["clip_sample"] = False
    scheduler._internal_dict = diffusers.configuration_utils.FrozenDict(forced)
    return scheduler


def kinds():
    """Each sampler with each of its schedules."""
    return [(sampler, schedule) for sampler in CLASSES for schedule in SCHEDULES[sampler]]


def thorough():
    return [kind for kind in kinds() if kind[1] in THOROUGH.get(kind[0], ("default",))]


def schedules():
    tensors = {}
    configs = {"sd1-tiny": tiny_models.SD1["scheduler"], "sd2-tiny": tiny_models.SD2["scheduler"], **EXTRA_SCHEDULERS}
    for config_name, config in configs.items():
        for sampler, schedule in kinds():
            for steps in STEPS:
                is_old = schedule in THOROUGH.get(sampler, ())
                is_one = steps == 20 and (config_name == "sd1-tiny" or schedule == "default" and
                                          config_name in ("zero_snr", "dpmpp_2m"))
                if not (is_old or is_one):
                    continue
                scheduler = chosen(own_scheduler(config), sampler, schedule)
                key = f"{config_name}/{sampler}/{schedule}/{steps}"
                tensors |= schedule_of(scheduler, steps, key)
                if ((sampler, schedule) in thorough() and config_name in ("sd1-tiny", "zero_snr") and steps == 20
                        and hasattr(scheduler, "sigmas")):
                    tensors |= schedule_of(wrong(scheduler, sampler, TIMESTEP), steps, key + "/wrong")
    return tensors, configs


def schedule_of(scheduler, steps, key):
    scheduler.set_timesteps(steps)
    tensors = {key + "/timesteps": scheduler.timesteps.float(),
               key + "/init": torch.as_tensor(scheduler.init_noise_sigma).float().reshape(1)}
    if hasattr(scheduler, "sigmas"):
        tensors[key + "/sigmas"] = levels(scheduler).float()
        for name, unit in units(scheduler).items():
            if name != "timesteps" or scheduler.timesteps.is_floating_point():
                tensors[f"{key}/{name}/unit"] = torch.from_numpy(unit).float()
    return tensors


def runs():
    """Where each sampler arrives when the model answers in * t / (t + 1): its own arithmetic and no network's."""
    tensors = {"start": torch.arange(64).sub(31.5).div(32).reshape(1, 4, 4, 4)}
    # Not down to timestep 0, where the answer is nothing and only rounding would be left.
    picture = {**tiny_models.SD1["scheduler"], "prediction_type": "sample", "timestep_spacing": "leading"}
    for config in (tiny_models.SD1["scheduler"], tiny_models.SD2["scheduler"], picture):
        for sampler, schedule in kinds():
            is_thorough = (sampler, schedule) in thorough()
            if config is picture and (sampler in NEVER_PICTURES or schedule != "default"):
                continue
            scheduler = chosen(own_scheduler(config), sampler, schedule)
            key = f"{scheduler.config.prediction_type}/{sampler}/{schedule}"
            tensors[key] = run(scheduler, tensors["start"])
            for error in ERRORS[sampler] if is_thorough and config is not picture else ():
                tensors[f"{key}/wrong/{error}"] = run(wrong(scheduler, sampler, error), tensors["start"])
    for sampler, etas in ETAS.items():
        for eta in etas:
            scheduler = chosen(own_scheduler(tiny_models.SD1["scheduler"]), sampler, "default")
            tensors[f"epsilon/{sampler}/eta/{eta}"] = run(scheduler, tensors["start"], eta=eta)
    return tensors


def run(scheduler, start, **given):
    scheduler.set_timesteps(20)
    return walk(scheduler, scheduler.timesteps, start * scheduler.init_noise_sigma, **given)


def walk(scheduler, timesteps, latents, **given):
    generator = torch.Generator().manual_seed(0)
    if "generator" in inspect.signature(scheduler.step).parameters:
        given["generator"] = generator
    for t in timesteps:
        x = scheduler.scale_model_input(latents, t)
        latents = scheduler.step(x * (t / (t + 1)), t, latents, **given).prev_sample
    return latents


def starts(like):
    """Runs as in runs(), but from a picture: where they begin and where they arrive."""
    picture = torch.arange(64).remainder(7).sub(3).div(3).reshape(1, 4, 4, 4)
    drawn = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(3))
    tensors = {"picture": picture, "noise": drawn if like is None else like["noise"]}
    for model in (tiny_models.SD1, tiny_models.SD2):
        for sampler, schedule in thorough():
            for strength in STRENGTHS if sampler in THOROUGH else STRENGTHS[1:3]:
                scheduler = chosen(own_scheduler(model["scheduler"]), sampler, schedule)
                key = f"{scheduler.config.prediction_type}/{sampler}/{schedule}/{strength}"
                scheduler.set_timesteps(20)
                # As StableDiffusionImg2ImgPipeline.get_timesteps has it.
                begin = (20 - min(int(20 * strength), 20)) * scheduler.order
                scheduler.set_begin_index(begin) if hasattr(scheduler, "set_begin_index") else None
                timesteps = scheduler.timesteps[begin:]
                start = scheduler.add_noise(picture, tensors["noise"], timesteps[:1])
                tensors[f"{key}/start"] = start
                tensors[f"{key}/end"] = walk(scheduler, timesteps, start)
    for sampler in CLASSES:
        scheduler = chosen(own_scheduler(tiny_models.SD1["scheduler"]), sampler, "default")
        scheduler.set_timesteps(20)
        begin = 10 * scheduler.order
        scheduler.set_begin_index(begin) if hasattr(scheduler, "set_begin_index") else None
        first = scheduler.timesteps[begin:begin + 1]
        tensors[f"epsilon/{sampler}/step"] = walk(scheduler, first, scheduler.add_noise(picture, tensors["noise"], first))
    return tensors


def from_pictures(pipe, name, models, like):
    """What the encoder makes of a picture, and pictures drawn from one."""
    drawn = torch.rand(1, 3, 72, 104, generator=torch.Generator().manual_seed(6))
    pixels = drawn if like is None else like[f"{name}/pixels"]
    tensors = {"pixels": pixels, "moments": pipe.vae.encode(2 * pixels - 1).latent_dist.parameters}
    config = json.loads((models / name / "scheduler/scheduler_config.json").read_text())
    again = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    again.set_progress_bar_config(disable=True)
    for sampler, schedule in thorough():
        again.scheduler = chosen(own_scheduler(config), sampler, schedule)
        tensors[f"{sampler}/{schedule}/latents"] = again(
            PROMPT, image=pixels, strength=0.6, num_inference_steps=10, guidance_scale=7.5, output_type="latent",
            generator=torch.Generator().manual_seed(42)).images
    return {f"{name}/{key}": value for key, value in tensors.items()}


def noise():
    return {f"{seed}/{h}/{w}": torch.randn(1, 4, h, w, generator=torch.Generator().manual_seed(seed))
            for seed, h, w in ((0, 8, 8), (1, 8, 8), (42, 9, 13), (1234, 8, 12), (2**53 - 1, 8, 8))}


def stages(pipe, name, like):
    """`like`: stages made before, whose inputs are taken, so that only what is computed differs; or None."""
    def normal(key, shape, seed):
        drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        return drawn if like is None else like[f"{name}/{key}"]

    ids = pipe.tokenizer([PROMPT, ""], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    tensors = {"ids": ids}
    text = pipe.text_encoder(ids)[0]
    tensors["text"] = text
    states = pipe.text_encoder(ids, output_hidden_states=True).hidden_states
    for skipped in range(1, len(states)):
        tensors[f"text/skipped {skipped}"] = pipe.text_encoder.final_layer_norm(states[-1 - skipped])
    for h, w, t in ((8, 8, 981.0), (9, 13, 501.5)):
        sample = normal(f"unet/{h}x{w}/sample", (2, 4, h, w), h)
        tensors[f"unet/{h}x{w}/sample"] = sample
        tensors[f"unet/{h}x{w}/timestep"] = torch.tensor([t])
        tensors[f"unet/{h}x{w}/output"] = pipe.unet(sample, torch.tensor(t), encoder_hidden_states=text).sample
    if name == "sd1-tiny":
        tensors["unet/no mid block/output"] = without_mid_block(pipe.unet)(
            tensors["unet/8x8/sample"], torch.tensor(981.0), encoder_hidden_states=text).sample
    latents = normal("vae/latents", (1, 4, 9, 13), 5)
    tensors["vae/latents"] = latents
    tensors["vae/output"] = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    return {f"{name}/{key}": value for key, value in tensors.items()}


def without_mid_block(unet):
    """As a config with "mid_block_type": null has it; what there is for the block is passed over."""
    cut = UNet2DConditionModel.from_config(unet.config, mid_block_type=None)
    cut.load_state_dict({k: v for k, v in unet.state_dict().items() if not k.startswith("mid_block.")})
    return cut.eval()


def cases():
    base = {"prompt": PROMPT, "negative_prompt": "", "width": 64, "height": 64, "steps": 20, "guidance": 7.5,
            "schedule": "default", "seed": 42, "count": 1}
    result = []
    for model in ("sd1-tiny", "sd2-tiny"):
        result += [{**base, "name": f"{model}-{sampler}-{schedule}", "model": model, "sampler": sampler,
                    "schedule": schedule} | ({} if sampler in THOROUGH else {"latents_only": True})
                   for sampler, schedule in thorough()]
    more = {"model": "sd1-tiny", "sampler": "pndm"}
    result += [
        {**base, **more, "name": "no-guidance", "guidance": 1.0, "steps": 6},
        {**base, **more, "name": "negative", "negative_prompt": "blurry red cat", "steps": 6},
        {**base, **more, "name": "one-step", "steps": 1},
        {**base, **more, "name": "clip-skip", "negative_prompt": "blurry red cat", "clip_skip": 2, "steps": 6},
        {**base, **more, "name": "odd-size", "width": 104, "height": 72, "sampler": "euler", "steps": 6},
        {**base, **more, "name": "two", "count": 2, "seed": 7, "sampler": "euler_a", "steps": 6},
        {**base, **more, "name": "long-prompt", "steps": 4,  # all that diffusers reads
         "prompt": " ".join(("red circle on a blue square and " * 11).split()[:75])},
    ]
    result += [{**base, "name": f"zero-snr-{sampler}", "model": "sd2-tiny", "sampler": sampler, "steps": 8,
                "scheduler": EXTRA_SCHEDULERS["zero_snr"]} for sampler in ("ddim", "euler", "dpmpp_2m")]
    return result


def latents_of(pipe, scheduler, case):
    pipe.scheduler = scheduler
    generators = [torch.Generator().manual_seed(case["seed"] + i) for i in range(case["count"])]
    given = dict(prompt=case["prompt"], negative_prompt=case["negative_prompt"], width=case["width"],
                 height=case["height"], num_inference_steps=case["steps"], guidance_scale=case["guidance"],
                 clip_skip=case["clip_skip"] - 1 if "clip_skip" in case else None)
    # One after another: a batch rounds otherwise.
    return torch.cat([pipe(**given, generator=g, output_type="latent").images for g in generators])


def draw(pipe, own, case):
    """The case's tensors: latents, pictures, and for whole runs the latents that each wrong sampler gives."""
    scheduler = chosen(own, case["sampler"], case["schedule"])
    latents = latents_of(pipe, scheduler, case)
    tensors = {"latents": latents}
    if not case.get("latents_only"):
        tensors["pictures"] = decode(pipe, latents)
    if case["steps"] == 20:
        for error in ERRORS[case["sampler"]]:
            tensors[f"wrong/{error}"] = latents_of(pipe, wrong(scheduler, case["sampler"], error), case)
    return {f"{case['name']}/{key}": value for key, value in tensors.items()}


def decode(pipe, latents):
    with torch.no_grad():
        decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    pictures = pipe.image_processor.postprocess(decoded, output_type="np")
    return torch.from_numpy((pictures * 255).round().astype("uint8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "fixtures")
    parser.add_argument("--like", type=pathlib.Path, metavar="FIXTURES",
                        help="take the models and the stages' inputs from there")
    parser.add_argument("--add", action="store_true", help="keep every tensor that is there and add the new ones")
    args = parser.parse_args()
    out = args.folder
    models, like, starts_like = out / "models", None, None
    if args.add:
        args.like = out
    if args.like:
        models, like = args.like / "models", load_file(args.like / "diffusion/stages.safetensors")
        starts_file = args.like / "diffusion/starts.safetensors"
        starts_like = load_file(starts_file) if starts_file.exists() else None
    else:
        torch.manual_seed(0)
        tiny_models.write_model(models / "sd1-tiny", tiny_models.SD1, modern=False)
        tiny_models.write_model(models / "sd2-tiny", tiny_models.SD2, modern=True)

    pipes, stage_tensors, start_tensors = {}, {}, starts(starts_like)
    picture_tensors = {}
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        for name in ("sd1-tiny", "sd2-tiny"):
            pipe = StableDiffusionPipeline.from_pretrained(models / name, torch_dtype=torch.float32)
            pipe.set_progress_bar_config(disable=True)
            # Where diffusers' clip_skip still looks for the final norm; transformers 5 has no such part any more.
            object.__setattr__(pipe.text_encoder, "text_model", pipe.text_encoder)
            pipes[name] = pipe
            stage_tensors |= stages(pipe, name, like)
            start_tensors |= from_pictures(pipe, name, models, starts_like)
        for case in cases():
            pipe = pipes[case["model"]]
            config = case.get("scheduler") or json.loads(
                (models / case["model"] / "scheduler/scheduler_config.json").read_text())
            drawn = draw(pipe, own_scheduler(config), case)
            for key, value in drawn.items():
                print(f"{key}: deviation {value.float().std():.3f}")
            picture_tensors |= drawn

    folder = out / "diffusion"
    folder.mkdir(parents=True, exist_ok=True)
    schedule_tensors, configs = schedules()
    for name, tensors in (("schedules", schedule_tensors), ("runs", runs()), ("noise", noise()),
                          ("stages", stage_tensors), ("starts", start_tensors), ("pictures", picture_tensors)):
        file = folder / f"{name}.safetensors"
        there = load_file(file) if args.add else {}
        save_file({key: value.contiguous() for key, value in (tensors | there).items()}, file)
    tiny_models.write_json(folder / "schedulers.json", configs)
    tiny_models.write_json(folder / "cases.json", cases())


if __name__ == "__main__":
    main()
