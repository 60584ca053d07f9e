#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stable-diffusion.cpp, a request a line, with the checkpoint in half precision that `to_checkpoint.py` wrote into
FOLDER. It draws the pictures of a request one after another; a step here is that of all of them. Its stages are told
apart by when it calls back."""

import pathlib
import sys

import stable_diffusion_cpp
from PIL import Image

import answering

# What it says in its log at the end of what comes before a stage, and at the stage's own end.
BEGUN, ENCODED, UNDERSTOOD = "generate_image ", "encode_first_stage completed", "get_learned_condition completed"
DECODING, DECODED = "decoding ", "decode_first_stage completed"


class Watch:
    """When it said what in its log, and how long each of its steps took."""

    def __init__(self):
        self.said, self.steps, self.last, self.first_step_at = {}, {}, 0.0, None
        # Held, for the library has only its address.
        self.callback = stable_diffusion_cpp.sd_log_callback(self.log)
        stable_diffusion_cpp.sd_set_log_callback(self.callback, None)

    def log(self, _level, text, _data):
        line = text.decode("utf-8", "replace")
        if "completed in" in line:  # of the whole picture
            return
        for beginning in (BEGUN, ENCODED, UNDERSTOOD, DECODING, DECODED):
            if beginning in line:
                self.said[beginning] = answering.now()

    def progress(self, step, _steps, _mean):
        before, self.last = self.last, answering.now()
        if step > 0:
            self.steps[step] = self.steps.get(step, 0.0) + self.last - before
            self.first_step_at = self.first_step_at or self.last

    def between(self, first, last):
        return self.said[last] - self.said[first]


class Drawing:
    def __init__(self, checkpoint):
        self.model = stable_diffusion_cpp.StableDiffusion(
            model_path=str(checkpoint), n_threads=answering.threads(), rng_type="cpu", sampler_rng_type="cpu",
            verbose=False)

    def draw(self, asked):
        settings, watch = asked["settings"], Watch()
        begun_with = {}
        if "init_image" in settings:
            place = next(each["path"] for each in asked["others"] if each["name"] == settings["init_image"])
            begun_with = {"init_image": Image.open(place).convert("RGB"), "strength": settings["strength"]}
        started, cpu = answering.now(), answering.processor_seconds()
        pictures = self.model.generate_image(
            prompt=settings["prompt"], negative_prompt=settings["negative_prompt"], width=settings["width"],
            height=settings["height"], batch_count=settings["count"], sample_steps=settings["steps"],
            cfg_scale=settings["guidance"], sample_method="euler", scheduler="discrete", seed=settings["seed"],
            progress_callback=watch.progress, **begun_with)
        answer = {"draw_seconds": answering.now() - started, "draw_cpu_seconds": answering.processor_seconds() - cpu,
                  "peak_mb": answering.peak_mb(), "pictures": len(pictures)}
        size = settings["width"], settings["height"]
        if any(picture.size != size for picture in pictures):
            raise ValueError(f"drew {[picture.size for picture in pictures]}")
        if begun_with:
            answer["encode_seconds"] = watch.between(BEGUN, ENCODED)
        return answer | {"text_seconds": watch.between(ENCODED if begun_with else BEGUN, UNDERSTOOD),
                         "step_seconds": [watch.steps[step] for step in sorted(watch.steps)],
                         "decode_seconds": watch.between(DECODING, DECODED), "first_step_at": watch.first_step_at}


def main():
    checkpoint = pathlib.Path(sys.argv[2]) / "model.safetensors"
    kept = {}

    def draw(asked):
        begun = answering.now()
        if not kept:
            kept["drawing"] = Drawing(checkpoint)
        loaded = answering.now() - begun
        return kept["drawing"].draw(asked) | {"load_seconds": loaded}

    answering.serve(draw)


if __name__ == "__main__":
    main()
