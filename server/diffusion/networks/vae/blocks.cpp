// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae/blocks.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {
namespace {

/// The projection called `name`, or `oldName` in files older than its renaming.
Linear projection(const Weights& in, const std::string& name, const std::string& oldName,
                  std::int64_t channels) {
    return Linear(in / (in.has(oldName + ".weight") ? oldName : name), channels, channels);
}

}  // namespace

ResnetBlock vaeResnet(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                      const models::VaeConfig& config) {
    return ResnetBlock(in, {inputs, outputs, config.normGroups, kVaeNormEps});
}

VaeAttention::VaeAttention(const Weights& in, std::int64_t channels, std::int64_t groups)
    : group_norm(in / "group_norm", groups, channels, kVaeNormEps),
      to_q(projection(in, "to_q", "query", channels)),
      to_k(projection(in, "to_k", "key", channels)),
      to_v(projection(in, "to_v", "value", channels)),
      to_out_0(projection(in, "to_out.0", "proj_attn", channels)) {}

at::Tensor VaeAttention::forward(const at::Tensor& x) const {
    const at::Tensor h = ops::toSequence(group_norm.forward(x));
    const at::Tensor attended = ops::attention(to_q.forward(h), to_k.forward(h), to_v.forward(h), 1);
    return ops::toMap(to_out_0.forward(attended), x).add_(x);
}

VaeMidBlock::VaeMidBlock(const Weights& in, std::int64_t channels, const models::VaeConfig& config)
    : resnets_0(vaeResnet(in / "resnets.0", channels, channels, config)),
      resnets_1(vaeResnet(in / "resnets.1", channels, channels, config)) {
    if (config.midAttention) {
        attentions_0.emplace(in / "attentions.0", channels, config.normGroups);
    }
}

at::Tensor VaeMidBlock::forward(at::Tensor x) const {
    x = resnets_0.forward(x);
    if (attentions_0) {
        x = attentions_0->forward(x);
    }
    return resnets_1.forward(x);
}

}  // namespace easel::diffusion
