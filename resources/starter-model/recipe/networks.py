# SPDX-License-Identifier: Apache-2.0
"""The text encoder, the UNet and the noise schedule: sizes that 40 MB allow."""
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from .autoencoder import LATENT_CHANNELS
from .data import SIZE

CONTEXT = 160  # width of the text encoder and so of what the UNet attends to
WIDTHS = (64, 128, 192)


def unet():
    # No attention at 16x16: there it costs most and adds least; words act at 8x8 and 4x4.
    return UNet2DConditionModel(
        sample_size=SIZE // 8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=list(WIDTHS),
        layers_per_block=1,
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        cross_attention_dim=CONTEXT,
        attention_head_dim=4,  # the number of heads, as in SD 1.x
        norm_num_groups=16,
    )


def text_encoder(vocabulary):
    """`vocabulary`: token -> id. The end token's id is the largest, as CLIP expects."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=CONTEXT,
            intermediate_size=4 * CONTEXT,
            projection_dim=CONTEXT,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=vocabulary["<|startoftext|>"],
            eos_token_id=vocabulary["<|endoftext|>"],
            pad_token_id=vocabulary["<|endoftext|>"],
        )
    )


def scheduler():
    """v-prediction down to pure noise and trailing steps: plain grounds get their true colour."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )


def alphas():
    """Cumulative products of alpha for steps 0..999, the last one zero."""
    return scheduler().alphas_cumprod.to(torch.float32)
