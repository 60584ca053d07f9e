# SPDX-License-Identifier: Apache-2.0
"""What both trainings share: optimizer, average of weights, workers, checkpoints, clock."""
import copy
import math
import os
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as processes


def orthogonalize(matrix, rounds=5):
    """Newton-Schulz towards the nearest matrix with orthonormal rows (Muon, Jordan 2024,
    https://kellerjordan.github.io/posts/muon/)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalized, for the weights that are matrices (convolutions flattened).

    Reaches a given loss in far fewer steps than AdamW, and steps are what is scarce on a
    processor. The factor makes its steps as large as AdamW's at the same rate. With several
    workers each one does a share of the matrices and sends the result to the others.
    """

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.01, rank=0, world=1):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": weight_decay})
        self.rank, self.world = rank, world

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for index, p in enumerate(group["params"]):
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                if index % self.world == self.rank:
                    nesterov = p.grad.lerp(state["momentum"], group["momentum"])
                    update = orthogonalize(nesterov.reshape(p.shape[0], -1))
                    scale = 0.2 * math.sqrt(max(update.shape))
                    p.mul_(1 - group["lr"] * group["decay"])
                    p.sub_(update.reshape(p.shape), alpha=group["lr"] * scale)
            if self.world > 1:
                for owner in range(self.world):
                    mine = [p.data for p in group["params"][owner :: self.world]]
                    flat = torch.cat([p.reshape(-1) for p in mine])
                    dist.broadcast(flat, owner)
                    if owner != self.rank:
                        unflatten(flat, mine)


def unflatten(flat, tensors):
    at = 0
    for tensor in tensors:
        tensor.copy_(flat[at : at + tensor.numel()].view(tensor.shape))
        at += tensor.numel()


def optimizers(modules, lr, rank, world, muon=True, plain=("conv_in", "conv_out", "embedding")):
    """Muon for inner matrices, AdamW for all else (edges of the network, biases, norms)."""
    matrices, rest = [], []
    for module in modules:
        for name, p in module.named_parameters():
            inner = p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 8
            wanted = muon and inner and not any(part in name for part in plain)
            (matrices if wanted else rest).append(p)
    found = [torch.optim.AdamW(rest, lr, betas=(0.9, 0.99), weight_decay=0.01)]
    if matrices:
        found.append(Muon(matrices, lr, rank=rank, world=world))
    for optimizer in found:
        for group in optimizer.param_groups:
            group["peak"] = lr
    return found


def set_rate(found, factor):
    for optimizer in found:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor


def share_gradients(parameters, world):
    """The mean over the workers; every worker then takes the same step."""
    if world == 1:
        return
    gradients = [p.grad for p in parameters]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    dist.all_reduce(flat)
    unflatten(flat.div_(world), gradients)


class Average:
    """Exponential average of weights: what is measured and shipped."""

    def __init__(self, module, decay):
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, module, step):
        # Young averages follow quickly, so that the random start is forgotten.
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), share)


class Clock:
    """The budget in minutes of training over all runs, so that a resumed run ends in time."""

    def __init__(self, minutes, spent=0.0):
        self.minutes, self.before, self.start = minutes, spent, time.monotonic()

    def spent(self):
        return self.before + (time.monotonic() - self.start) / 60

    def progress(self, world, rank):
        """0..1, the same on all workers: the first one's clock counts."""
        value = torch.tensor([min(1.0, self.spent() / self.minutes)], dtype=torch.float64)
        if world > 1:
            dist.broadcast(value, 0)
        return value.item()


def save(state, path):
    """Whole or not at all: a kill while writing leaves the last checkpoint as it was."""
    torch.save(state, path.with_suffix(".partial"))
    os.replace(path.with_suffix(".partial"), path)


def _worker(rank, world, port, function, arguments):
    torch.set_num_threads(1)
    if world > 1:
        dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)
    function(rank, world, *arguments)
    if world > 1:
        dist.destroy_process_group()


def run(function, device, workers, *arguments, port=29513):
    """function(rank, world, *arguments) in `workers` processes of one thread each.

    On a processor that others use too, threads that meet after every layer wait for each
    other all the time; workers that meet once a step do not. On a GPU there is one worker.
    """
    if device != "cpu" or workers == 1:
        function(0, 1, *arguments)
    else:
        processes.spawn(_worker, (workers, port, function, arguments), nprocs=workers)
