#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fixtures/loras: a small LoRA for sd1-tiny in each way of writing one down, and what diffusers' UNet and
text encoder make of it. Where diffusers and PEFT can read a file themselves, they do; else the changed weights are
computed here from the papers' formulas, in double precision."""

import argparse
import json
import pathlib

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn2"
LAYERS = [  # linear, and of odd proportions
    *[f"{ATTENTION}.{layer}" for layer in ("to_q", "to_k", "to_v", "to_out.0")],
    "up_blocks.2.attentions.1.transformer_blocks.0.ff.net.0.proj",
    "up_blocks.2.attentions.1.transformer_blocks.0.ff.net.2",
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_v",
]
MAPS = ["down_blocks.1.resnets.0.conv1", "up_blocks.1.attentions.2.proj_in", "down_blocks.0.downsamplers.0.conv",
        "up_blocks.0.resnets.1.conv_shortcut"]
OTHERS = ["time_embedding.linear_2", "mid_block.resnets.1.time_emb_proj"]
TEXT = ["text_model.encoder.layers.0.self_attn.q_proj", "text_model.encoder.layers.1.self_attn.out_proj",
        "text_model.encoder.layers.1.mlp.fc1"]
# What the original code calls the layers above in a UNet of sd1-tiny's shape: three levels of two layers.
ORIGINAL = {
    "down_blocks.0.attentions.0": "input_blocks.1.1", "up_blocks.2.attentions.1": "output_blocks.7.1",
    "mid_block.attentions.0": "middle_block.1", "down_blocks.1.resnets.0.conv1": "input_blocks.4.0.in_layers.2",
    "up_blocks.1.attentions.2": "output_blocks.5.1", "down_blocks.0.downsamplers.0.conv": "input_blocks.3.0.op",
    "up_blocks.0.resnets.1.conv_shortcut": "output_blocks.1.0.skip_connection",
    "time_embedding.linear_2": "time_embed.2", "mid_block.resnets.1.time_emb_proj": "middle_block.2.emb_layers.1",
}


class Maker:
    def __init__(self, pipe, seed):
        self.pipe = pipe
        self.numbers = torch.Generator().manual_seed(seed)
        self.weights = {name.removesuffix(".weight"): p.detach() for name, p in pipe.unet.named_parameters()}
        self.texts = {name.removesuffix(".weight"): p.detach() for name, p in pipe.text_encoder.named_parameters()}

    def draw(self, *shape, size=1.0):
        return torch.randn(shape, generator=self.numbers) * size

    def shape(self, layer):
        found = self.weights.get(layer)
        return tuple((self.texts[text_name(self, layer)] if found is None else found).shape)

    def factors(self, layer, rank):
        """As strong as the weight itself."""
        out, into, *kernel = self.shape(layer)
        inputs = into * int(np.prod(kernel))
        return self.draw(rank, into, *kernel, size=inputs**-0.5), self.draw(out, rank, *[1] * len(kernel))


def text_name(maker, layer):
    return layer if layer in maker.texts else layer.removeprefix("text_model.")


def flat(layer):
    return layer.replace(".", "_")


def product(up, down):
    return np.einsum("or,r...->o...", up.double().numpy().reshape(up.shape[0], -1), down.double().numpy())


def kohya(maker, layers, name, rank=3, alpha=2.0):
    file = {}
    for layer in layers:
        down, up = maker.factors(layer, rank)
        file |= {f"{name(layer)}.lora_down.weight": down, f"{name(layer)}.lora_up.weight": up,
                 f"{name(layer)}.alpha": torch.tensor(alpha)}
    return file


def original(layer):
    for start, other in ORIGINAL.items():
        if layer.startswith(start):
            return other + layer.removeprefix(start)
    raise KeyError(layer)


def tucker(maker):
    """LoCon: plain kernels, and a kernel between the factors."""
    file, changes = {}, {}
    for i, layer in enumerate(MAPS):
        key = "lora_unet_" + flat(layer)
        out, into, *kernel = maker.shape(layer)
        if i == 0:
            down, mid, up = maker.draw(3, into, 1, 1, size=into**-0.5), maker.draw(3, 3, *kernel, size=0.3), maker.draw(out, 3, 1, 1)
            file[f"{key}.lora_mid.weight"] = mid
            changes[layer] = np.einsum("oa,abhw,bi->oihw", up[:, :, 0, 0].double(), mid.double(), down[:, :, 0, 0].double())
        else:
            down, up = maker.factors(layer, 3)
            changes[layer] = product(up, down)
        changes[layer] = changes[layer] * 4 / 3
        file |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(4.0)}
    return file, changes


def rebuilt(kernel, b, a):
    return np.einsum("ijkl,jr,ip->prkl", kernel.double(), b.double(), a.double())


def loha(maker):
    file, changes = {}, {}
    for layer in [*LAYERS[:2], *MAPS[:2]]:
        key = "lora_unet_" + flat(layer)
        out, into, *kernel = maker.shape(layer)
        halves = []
        for half in ("1", "2"):
            if layer == MAPS[0]:
                t, a, b = maker.draw(3, 3, *kernel, size=0.5), maker.draw(3, out), maker.draw(3, into, size=0.5)
                file[f"{key}.hada_t{half}"] = t
                halves.append(rebuilt(t, b, a))
            else:
                a, b = maker.draw(out, 3), maker.draw(3, into * int(np.prod(kernel)), size=0.3)
                halves.append((a.double() @ b.double()).numpy().reshape(out, into, *kernel))
            file |= {f"{key}.hada_w{half}_a": a, f"{key}.hada_w{half}_b": b}
        file[f"{key}.alpha"] = torch.tensor(1.5)
        changes[layer] = halves[0] * halves[1] * 1.5 / 3
    return file, changes


def lokr(maker):
    """Whole first factors and factored ones, whole and factored second ones, and a kernel."""
    file, changes = {}, {}
    for i, layer in enumerate([*LAYERS[:3], MAPS[0], MAPS[2]]):
        key = "lora_unet_" + flat(layer)
        out, into, *kernel = maker.shape(layer)
        shape = (out // 4, into // 2)
        scale = 1.0
        if i == 1:
            a, b = maker.draw(4, 2), maker.draw(2, 2)
            file |= {f"{key}.lokr_w1_a": a, f"{key}.lokr_w1_b": b}
            first, scale = (a.double() @ b.double()).numpy(), 3.0 / 2
        else:
            w1 = maker.draw(4, 2)
            file[f"{key}.lokr_w1"] = w1
            first = w1.double().numpy()
        if i in (0, 1):
            w2 = maker.draw(*shape, size=0.3)
            file[f"{key}.lokr_w2"] = w2
            second = w2.double().numpy()
        elif i == 3:
            t, a, b = maker.draw(2, 2, *kernel, size=0.3), maker.draw(2, shape[0]), maker.draw(2, shape[1], size=0.3)
            file |= {f"{key}.lokr_t2": t, f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b}
            second, scale = rebuilt(t, b, a), 3.0 / 2
        else:
            a, b = maker.draw(shape[0], 2), maker.draw(2, shape[1] * int(np.prod(kernel)), size=0.2)
            file |= {f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b}
            second, scale = (a.double() @ b.double()).numpy().reshape(*shape, *kernel), 3.0 / 2
        file[f"{key}.alpha"] = torch.tensor(3.0)
        first = first.reshape(*first.shape, *[1] * len(kernel))
        changes[layer] = np.kron(first, second) * scale
    return file, changes


def dora(maker):
    """LyCORIS' magnitudes: of each output for the first layers, of each input for the others."""
    file, changes = {}, {}
    layers = [*LAYERS[:3], MAPS[0], MAPS[2]]
    for i, layer in enumerate(layers):
        key = "lora_unet_" + flat(layer)
        down, up = maker.factors(layer, 2)
        weight = maker.weights[layer].double().numpy()
        changed = weight + product(up, down) * 2 / 2
        axes = tuple(range(1, weight.ndim)) if i % 2 == 0 else (0, *range(2, weight.ndim))
        norms = np.sqrt((changed**2).sum(axes, keepdims=True))
        own = np.sqrt((weight**2).sum(axes, keepdims=True))
        magnitudes = torch.from_numpy(own * (1 + 0.3 * maker.draw(*own.shape).double().numpy())).float()
        file |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(2.0),
                 f"{key}.dora_scale": magnitudes}
        changes[layer] = changed * (magnitudes.double().numpy() / norms) - weight
    return file, changes


def whole(maker):
    """LyCORIS' "full": the change as it is, of the bias too."""
    layer = LAYERS[3]
    diff, bias = maker.draw(*maker.shape(layer), size=0.2), maker.draw(maker.shape(layer)[0])
    key = "lora_unet_" + flat(layer)
    return ({f"{key}.diff": diff, f"{key}.diff_b": bias}, {layer: diff.double().numpy()}, {layer: bias})


def peft_file(maker, use_dora, **config):
    """What PEFT makes of sd1-tiny's UNet, and how diffusers would save it."""
    unet = maker.pipe.unet
    # The shorter names end longer ones, so each is given whole.
    unet.add_adapter(LoraConfig(r=4, target_modules=[*LAYERS, *([] if use_dora else MAPS)], use_dora=use_dora, **config), "made")
    for name, parameter in unet.named_parameters():
        if "lora_magnitude" in name:
            parameter.data *= 1 + 0.3 * maker.draw(*parameter.shape)
        elif "lora_" in name:
            parameter.data = maker.draw(*parameter.shape, size=1.0 if "lora_B" in name else parameter[0].numel() ** -0.5)
    state = {f"unet.{key}": value.contiguous().clone()
             for key, value in get_peft_model_state_dict(unet, adapter_name="made").items()}
    return state


class Outcome:
    """The UNet and the text encoder at the inputs of stages.safetensors."""

    def __init__(self, pipe, stages):
        self.pipe, self.stages = pipe, stages

    def __call__(self, with_text=False):
        given = {key: self.stages[f"sd1-tiny/{key}"] for key in ("unet/8x8/sample", "unet/8x8/timestep", "text", "ids")}
        result = {"unet": self.pipe.unet(given["unet/8x8/sample"], given["unet/8x8/timestep"][0],
                                         encoder_hidden_states=given["text"]).sample}
        if with_text:
            result["text"] = self.pipe.text_encoder(given["ids"][:1])[0]
        return {key: value.detach().clone() for key, value in result.items()}

    def changed(self, changes, biases=None, size=1.0):
        """With `changes` added to the UNet's weights, and taken away again."""
        modules = dict(self.pipe.unet.named_modules())
        kept = {}
        for layer, change in changes.items():
            weight = modules[layer].weight
            kept[layer] = weight.data.clone()
            weight.data = (weight.data.double() + size * torch.from_numpy(np.asarray(change)).reshape(weight.shape)).float()
        for layer, bias in (biases or {}).items():
            kept[layer + "/bias"] = modules[layer].bias.data.clone()
            modules[layer].bias.data += size * bias
        result = self()
        for layer, weight in kept.items():
            name, _, bias = layer.partition("/")
            setattr(modules[name], "bias" if bias else "weight", torch.nn.Parameter(weight))
        return result


def read_by_diffusers(pipe, outcome, path, **scale):
    pipe.load_lora_weights(path, adapter_name="read")
    pipe.set_adapters("read", **scale)
    result = outcome(with_text=True)
    pipe.unload_lora_weights()
    return result


def full_size(model, rank, target, numbers=None, size=0.01):
    """A LoRA of random numbers for all transformers of a model's UNet, as kohya's scripts train them."""
    file = {}
    for part in sorted((model / "unet").glob("*.safetensors")):
        for name, weight in load_file(part).items():
            layer = name.removesuffix(".weight")
            if ".attentions." in name and name.endswith(".weight") and weight.dim() > 1:
                key = "lora_unet_" + flat(layer)
                out, into, *kernel = weight.shape
                down = torch.randn(rank, into, *kernel, generator=numbers) * into**-0.5
                up = torch.randn(out, rank, *[1] * len(kernel), generator=numbers) * size
                file |= {f"{key}.lora_down.weight": down.half(), f"{key}.lora_up.weight": up.half(),
                         f"{key}.alpha": torch.tensor(rank / 2)}
    save_file(file, target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fixtures", type=pathlib.Path, default=HERE.parent / "fixtures")
    parser.add_argument("--full-size", nargs=3, metavar=("MODEL", "RANK", "FILE"),
                        help="write a large one for easel_lora_switch instead")
    arguments = parser.parse_args()
    if arguments.full_size:
        model, rank, target = arguments.full_size
        return full_size(pathlib.Path(model), int(rank), target)
    folder = arguments.fixtures
    target = folder / "loras"
    target.mkdir(exist_ok=True)
    torch.manual_seed(0)

    def fresh():
        pipe = StableDiffusionPipeline.from_pretrained(folder / "models/sd1-tiny", safety_checker=None,
                                                       requires_safety_checker=False)
        return pipe

    stages = load_file(folder / "diffusion/stages.safetensors")
    expected = {}

    def keep(name, file, outcomes, metadata=None):
        save_file({key: value.contiguous() for key, value in file.items()}, target / f"{name}.safetensors",
                  metadata={"format": "pt", **(metadata or {})})
        for key, value in outcomes.items():
            expected[f"{name}/{key}"] = value

    with torch.no_grad():
        # Read by diffusers and PEFT themselves.
        pipe = fresh()
        outcome = Outcome(pipe, stages)
        maker = Maker(pipe, 101)
        texts = {f"lora_te_{flat(layer)}": layer for layer in TEXT}
        file = kohya(maker, LAYERS + MAPS[:2], lambda layer: "lora_unet_" + flat(layer))
        file |= kohya(maker, TEXT, lambda layer: "lora_te_" + flat(layer), alpha=5.0)
        metadata = {"ss_network_dim": "3", "ss_network_alpha": "2", "ss_base_model_version": "sd_v1-4",
                    "ss_output_name": "made-for-tests",
                    "ss_tag_frequency": json.dumps({"10_red": {"red circle": 12, "square": 3}, "5_cat": {"cat": 7, "square": 9}})}
        keep("kohya", file, {}, metadata)
        keep("kohya", file, read_by_diffusers(pipe, outcome, target / "kohya.safetensors"), metadata)
        for size in (0.5, -0.7):
            half = read_by_diffusers(fresh_pipe := fresh(), Outcome(fresh_pipe, stages), target / "kohya.safetensors",
                                     adapter_weights=size)
            expected |= {f"kohya/{size}/{key}": value for key, value in half.items()}

        pipe = fresh()
        maker = Maker(pipe, 102)
        settings = {"lora_alpha": 6, "use_rslora": True, "alpha_pattern": {"ff.net.2": 3, f"{ATTENTION}.to_q": 2}}
        state = peft_file(maker, False, **settings)
        keep("peft", state, Outcome(pipe, stages)(), {
            "lora_adapter_metadata": json.dumps({f"unet.{key}": value for key, value in {"r": 4, **settings}.items()})})
        pipe = fresh()
        state = peft_file(Maker(pipe, 103), True, lora_alpha=4)
        keep("peft-dora", state, Outcome(pipe, stages)())

        # By the formulas.
        pipe = fresh()
        outcome = Outcome(pipe, stages)
        maker = Maker(pipe, 104)
        layers = LAYERS + MAPS + OTHERS
        file = kohya(maker, layers, lambda layer: "lora_unet_" + flat(original(layer)))
        changes = {layer: product(file[f"lora_unet_{flat(original(layer))}.lora_up.weight"],
                                  file[f"lora_unet_{flat(original(layer))}.lora_down.weight"]) * 2 / 3 for layer in layers}
        keep("original-names", file, outcome.changed(changes))
        file, changes = {}, {}
        for layer in LAYERS[:4]:
            down, up = maker.factors(layer, 3)
            module = layer.replace("attn2.to_out.0", "attn2.processor.to_out").replace("attn2.to_", "attn2.processor.to_")
            file |= {f"{module}_lora.down.weight": down, f"{module}_lora.up.weight": up}
            changes[layer] = product(up, down)
        keep("processors", file, outcome.changed(changes))
        for name, make in (("locon", tucker), ("loha", loha), ("lokr", lokr), ("dora", dora)):
            file, changes = make(maker)
            keep(name, file, outcome.changed(changes))
            expected |= {f"{name}/0.5/{key}": value for key, value in outcome.changed(changes, size=0.5).items()}
            # A deliberate error: the scale is forgotten.
            wrong = {"locon": 3 / 4, "loha": 3 / 1.5, "lokr": 2 / 3, "dora": 1.1}[name]
            expected |= {f"{name}/wrong/{key}": value for key, value in outcome.changed(changes, size=wrong).items()}
        file, changes, biases = whole(maker)
        keep("whole", file, outcome.changed(changes, biases))

    save_file({key: value.contiguous() for key, value in expected.items()}, target / "expected.safetensors")


if __name__ == "__main__":
    main()
