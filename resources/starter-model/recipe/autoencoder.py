# SPDX-License-Identifier: Apache-2.0
"""Stage 2: the autoencoder, on all sprites. Every picture is only as crisp as it."""
import math
import time

import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from . import data, training

LATENT_CHANNELS = 8  # 4 would blur thin lines; 8 cost the UNet next to nothing
WIDTHS = (16, 32, 96, 192)  # narrow where pictures are large: there the time goes
CROP, CROPS, WHOLE = 64, 16, 4  # per step over all workers
WHOLE_FROM = 0.8  # of the budget: group norms must see whole pictures before the end
RATE = 2e-3
FOCUS = 0.5  # share of crops from the sprites that the diffusion model will draw


def network():
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * len(WIDTHS),
        up_block_types=["UpDecoderBlock2D"] * len(WIDTHS),
        block_out_channels=list(WIDTHS),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=data.SIZE,
        scaling_factor=1.0,  # the diffusion stage folds the scale into the weights
        force_upcast=False,
    )


def batch(rgba, focus, count, size, random):
    """`count` crops: 40 % of them on white, the rest on any ground, half of them mirrored."""
    colours = data.palette()
    picks = torch.randint(len(rgba), (count,), generator=random)
    wanted = focus[torch.randint(len(focus), (count,), generator=random)]
    picks = torch.where(torch.rand(count, generator=random) < FOCUS, wanted, picks)
    crops = []
    for pick in picks:
        y, x = torch.randint(0, data.SIZE - size + 1, (2,), generator=random).tolist()
        crop = rgba[pick, y : y + size, x : x + size]
        crops.append(crop.flip(1) if torch.rand(1, generator=random) < 0.5 else crop)
    ground = torch.randint(len(colours), (count,), generator=random)
    ground[torch.rand(count, generator=random) < 0.4] = 0
    return data.compose(torch.stack(crops), colours[ground])


def edges(x):
    return x[:, :, 1:] - x[:, :, :-1], x[:, :, :, 1:] - x[:, :, :, :-1]


def detail(x):
    """How much fine detail there is around each place: the deviation from the local mean, over 8x8 pixels."""
    fine = x - functional.avg_pool2d(x, 5, 1, 2, count_include_pad=False)
    return (functional.avg_pool2d(fine.square(), 8, 4) + 1e-4).sqrt()


@torch.no_grad()
def psnr(model, rgba, device, ground=0):
    """Mean PSNR in dB over whole sprites on one of the palette's grounds."""
    values = []
    for part in rgba.split(16):
        colour = data.palette()[ground].expand(len(part), 3)
        x = data.compose(part, colour).to(device)
        y = model.decode(model.encode(x).latent_dist.mean).sample.clamp(-1, 1)
        values.append(10 * torch.log10(4 / (x - y).square().mean((1, 2, 3))))
    return torch.cat(values).mean().item()


def train(rank, world, work, device, minutes, seed, names, muon=True):
    sprites = data.load(work)
    rgba = sprites["rgba"]
    focus = torch.tensor([thing["index"] for thing in data.chosen(sprites, names)])
    torch.manual_seed(seed)
    model = network().to(device)
    average = training.Average(model, 0.997)
    found = training.optimizers([model], RATE, rank, world, muon)
    parameters = list(model.parameters())
    step, clock = 0, training.Clock(minutes)
    file = work / "autoencoder.pt"
    if file.exists():
        saved = torch.load(file, map_location=device)
        model.load_state_dict(saved["model"])
        average.module.load_state_dict(saved["average"])
        for optimizer, state in zip(found, saved["optimizers"]):
            optimizer.load_state_dict(state)
        step, clock = saved["step"], training.Clock(minutes, saved["minutes"])
    random = torch.Generator().manual_seed(seed * 1000 + step * world + rank)
    probe = rgba[torch.randperm(len(rgba), generator=torch.Generator().manual_seed(1))[:48]]

    def checkpoint():
        if rank == 0:
            training.save(
                {
                    "model": model.state_dict(),
                    "average": average.module.state_dict(),
                    "optimizers": [optimizer.state_dict() for optimizer in found],
                    "step": step,
                    "minutes": clock.spent(),
                },
                file,
            )

    saved_at = measured_at = time.monotonic()
    smooth = None
    while (progress := clock.progress(world, rank)) < 1:
        size = CROP if progress < WHOLE_FROM else data.SIZE
        x = batch(rgba, focus, (CROPS if size == CROP else WHOLE) // world, size, random).to(device)
        posterior = model.encode(x).latent_dist
        y = model.decode(posterior.sample()).sample
        absolute = (x - y).abs().mean()
        edge = sum((a - b).abs().mean() for a, b in zip(edges(x), edges(y)))
        square = (x - y).square().mean()
        # Just enough of a prior to keep latents of one size and the decoder tolerant.
        divergence = posterior.kl().mean() / posterior.mean[0].numel()
        # Where a line is uncertain the other terms are content with a blur; this one is not.
        blur = (detail(x) - detail(y)).abs().mean()
        loss = absolute + 0.5 * edge + square + 0.5 * blur + 3e-5 * divergence
        model.zero_grad()
        loss.backward()
        training.share_gradients(parameters, world)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        training.set_rate(
            found, min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        )
        for optimizer in found:
            optimizer.step()
        average.update(model, step)
        step += 1
        if rank:
            continue
        smooth = absolute.item() if smooth is None else 0.95 * smooth + 0.05 * absolute.item()
        if step % 20 == 0:
            print(
                f"step {step} minute {clock.spent():.1f} of {minutes:g}: l1 {smooth:.4f} "
                f"edges {edge.item():.4f} detail {blur.item():.4f} kl {divergence.item():.2f}",
                flush=True,
            )
        if time.monotonic() - saved_at > 90:
            checkpoint()
            saved_at = time.monotonic()
        if time.monotonic() - measured_at > 300:
            print(f"step {step}: PSNR {psnr(average.module, probe, device):.2f} dB on 48 sprites", flush=True)
            measured_at = time.monotonic()
    checkpoint()
    if rank == 0:
        print(f"PSNR {psnr(average.module, rgba, device):.2f} dB on all {len(rgba)} sprites", flush=True)
