// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/resnet.h"

#include <ATen/ATen.h>

namespace easel::diffusion {

ResnetBlock::ResnetBlock(const Weights& in, const Shape& shape)
    : norm1(in / "norm1", shape.groups, shape.inputs, shape.eps),
      conv1(in / "conv1", shape.inputs, shape.outputs, 3),
      norm2(in / "norm2", shape.groups, shape.outputs, shape.eps),
      conv2(in / "conv2", shape.outputs, shape.outputs, 3) {
    if (shape.timeWidth > 0) {
        time_emb_proj.emplace(in / "time_emb_proj", shape.timeWidth, shape.outputs);
    }
    if (shape.inputs != shape.outputs) {
        conv_shortcut.emplace(in / "conv_shortcut", shape.inputs, shape.outputs, 1);
    }
}

at::Tensor ResnetBlock::forward(const at::Tensor& x, const at::Tensor& time) const {
    at::Tensor h = conv1.forward(norm1.forwardSilu(x));
    h = norm2.forwardSilu(h, time_emb_proj ? time_emb_proj->forward(time) : at::Tensor());
    return conv2.forwardAdd(h, conv_shortcut ? conv_shortcut->forward(x) : x);
}

}  // namespace easel::diffusion
