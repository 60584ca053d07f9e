# SPDX-License-Identifier: Apache-2.0
"""Who draws when measuring: Easel itself, or diffusers to compare with."""
import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import torch
from PIL import Image


class Diffusers:
    def __init__(self, model):
        from diffusers import StableDiffusionPipeline

        self.about = json.loads((model / "easel.json").read_text(encoding="utf-8"))
        self.pipe = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32)
        self.pipe.set_progress_bar_config(disable=True)

    def draw(self, prompts, seeds, folder):
        for start in range(0, len(prompts), 8):
            part = slice(start, start + 8)
            pictures = self.pipe(
                prompts[part],
                width=self.about["width"],
                height=self.about["height"],
                num_inference_steps=self.about["steps"],
                guidance_scale=self.about["guidance"],
                generator=[torch.Generator().manual_seed(seed) for seed in seeds[part]],
            ).images
            for number, picture in enumerate(pictures, start):
                picture.save(folder / f"{number:04}.png")


class Easel:
    """A server of its own and jobs over HTTP: one start, and requests that share their steps."""

    STATES = ("succeeded", "failed", "cancelled")

    def __init__(self, model, program):
        self.model, self.program = model, program

    def draw(self, prompts, seeds, folder):
        with tempfile.TemporaryDirectory() as place:
            port = Path(place) / "port"
            command = [self.program, "serve", "--model", self.model, "--data", place]
            server = subprocess.Popen(
                [*command, "--port", "0", "--port-file", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                self.url = f"http://127.0.0.1:{self.wait_for(port, server)}"
                self.wait_until_ready(server)
                self.draw_all(prompts, seeds, folder)
            finally:
                server.terminate()
                server.wait()

    @staticmethod
    def wait_for(port, server):
        while not (port.exists() and port.read_text().strip()):
            if server.poll() is not None:
                raise RuntimeError("easel-server ended before it listened")
            time.sleep(0.1)
        return int(port.read_text())

    def wait_until_ready(self, server):
        while server.poll() is None:
            try:
                return self.ask("/readyz")
            except urllib.error.URLError:
                time.sleep(0.3)
        raise RuntimeError("easel-server ended before it was ready")

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def draw_all(self, prompts, seeds, folder):
        waiting = list(enumerate(zip(prompts, seeds)))[::-1]
        running = {}
        while waiting or running:
            while waiting and len(running) < 8:
                number, (prompt, seed) = waiting.pop()
                job = json.loads(self.ask("/v1/jobs", {"prompt": prompt, "seed": seed}))
                running[job["id"]] = number
            time.sleep(0.3)
            for name, number in list(running.items()):
                job = json.loads(self.ask(f"/v1/jobs/{name}"))
                if job["state"] not in self.STATES:
                    continue
                if job["state"] != "succeeded":
                    raise RuntimeError(f"{prompts[number]}: {job['error']}")
                (folder / f"{number:04}.png").write_bytes(self.ask(job["images"][0]["url"]))
                del running[name]


def pictures(engine, program, model, prompts, seeds, folder):
    """Draws what is not in `folder` yet from an earlier run, and reads all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds = None
    if len(list(folder.glob("*.png"))) < len(prompts):
        drawer = Easel(model, program) if engine == "easel" else Diffusers(model)
        start = time.monotonic()
        drawer.draw(prompts, seeds, folder)
        seconds = (time.monotonic() - start) / len(prompts)
    return [Image.open(folder / f"{n:04}.png").convert("RGB") for n in range(len(prompts))], seconds
