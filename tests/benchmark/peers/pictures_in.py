# SPDX-License-Identifier: Apache-2.0
"""The picture that a request begins with."""

import numpy as np
import torch
from PIL import Image


def image(asked):
    name = asked["settings"]["init_image"]
    place = next(each["path"] for each in asked["others"] if each["kind"] == "input" and each["name"] == name)
    return Image.open(place).convert("RGB")


def tensor(asked):
    """[1, 3, H, W], -1 to 1."""
    return torch.from_numpy(np.asarray(image(asked)).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
