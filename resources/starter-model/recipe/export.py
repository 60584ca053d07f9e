# SPDX-License-Identifier: Apache-2.0
"""Stage 4: the model folder in diffusers' layout, half precision."""
import json
import shutil

import torch
from transformers import CLIPTokenizer

from . import autoencoder, data, networks, tokenizer
from .things import COLOURS, COLOUR_SYNONYMS

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}

EXAMPLES = [
    "fox",
    "penguin on a blue background",
    "owl on a purple background",
    "panda",
    "lion on a turquoise background",
    "frog on a pink background",
    "strawberry on a yellow background",
    "car on a turquoise background",
    "sunflower on a black background",
    "pizza on a red background",
    "rocket on a pink background",
    "unicorn on a black background",
    "koala on a red background",
    "elephant",
]

STEPS, GUIDANCE = 15, 3.0


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def about(names, synonyms):
    """easel.json: what Easel's programs tell a person about this model."""
    return {
        "id": "starter",
        "title": "Easel starter model",
        "description": "Draws one thing at a time, in the style of an emoji, on a plain ground: "
        f"{len(names)} names, on white or on one of {len(COLOURS) - 1} colours.",
        "width": data.SIZE,
        "height": data.SIZE,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "example_prompts": [text for text in EXAMPLES if text.split(" on ")[0] in names][:8],
        "known_names": names,
        "known_words": [*COLOURS, *COLOUR_SYNONYMS, "a", "on", "background", *synonyms],
        "licence": "OFL-1.1",
    }


def export(work, folder):
    sprites = data.load(work)
    vae = autoencoder.network()
    unet = networks.unet()
    vocabulary = json.loads((work / "tokenizer" / "vocab.json").read_text(encoding="utf-8"))
    encoder = networks.text_encoder(vocabulary)
    names = [thing["name"] for thing in data.things()]
    # A stage that has not run yet exports its random start: enough to try an engine with.
    file = work / "diffusion.pt"
    if file.exists():
        saved = torch.load(file, map_location="cpu")
        unet.load_state_dict(saved["average"]["unet"])
        encoder.load_state_dict(saved["average"]["text"])
        names = saved["names"]
        vae.load_state_dict(torch.load(work / "latents.pt", map_location="cpu")["vae"])
    elif (file := work / "autoencoder.pt").exists():
        vae.load_state_dict(torch.load(file, map_location="cpu")["average"])
    synonyms = [s for thing in data.things() if thing["name"] in names for s in thing["synonyms"]]

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part, model in {"vae": vae, "unet": unet, "text_encoder": encoder}.items():
        model.half().save_pretrained(folder / part, safe_serialization=True)
    shutil.copytree(work / "tokenizer", folder / "tokenizer")
    networks.scheduler().save_pretrained(folder / "scheduler")
    write_json(folder / "model_index.json", MODEL_INDEX)
    write_json(folder / "easel.json", about(names, synonyms))
    check(folder)


def check(folder):
    """Loads as any Stable Diffusion does; small enough; ids as the rules say."""
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    picture = pipe(
        "fox", num_inference_steps=2, width=data.SIZE, height=data.SIZE, generator=torch.Generator().manual_seed(1)
    ).images[0]
    assert picture.size == (data.SIZE, data.SIZE)
    assert pipe.scheduler.config.steps_offset == 1 and not pipe.scheduler.config.clip_sample
    assert pipe.scheduler.timesteps.tolist() == [999, 499], pipe.scheduler.timesteps
    theirs = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    ours = tokenizer.Tokenizer(folder / "tokenizer")
    for text in [*EXAMPLES, "A T-Rex, 2024! it's", "café — naïve", "猫 cat 🐱", "", "xyzzy " * 60]:
        assert theirs(text, padding="max_length", truncation=True).input_ids == ours.encode(text), text
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {total / 1e6:.1f} MB")
    assert total <= 40e6
