// SPDX-License-Identifier: Apache-2.0
#include "tests/benchmark/ops/cases.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <sstream>
#include <utility>

#include "server/diffusion/networks/layers.h"
#include "server/diffusion/networks/ops.h"
#include "server/diffusion/weights/packed.h"

namespace easel::benchmark_ops {
namespace {

using Work = std::function<void()>;
namespace ops = diffusion::ops;
namespace packed = diffusion::packed;

constexpr double kEps = 1e-5;

template <typename... Parts>
std::string joined(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

/// Cases of one precision and form.
class Cases {
public:
    Cases(std::vector<Case>& all, c10::ScalarType precision, Form form)
        : m_all(all), m_precision(precision), m_isEasel(form == Form::Easel), m_form(form) {}

    /// Maps of `edge` x `edge`, padded so that they keep their size.
    void convolution(std::int64_t batch, std::int64_t inputs, std::int64_t outputs, std::int64_t edge,
                     std::int64_t kernel) {
        const double operations = 2.0 * asDouble(batch * inputs * outputs * edge * edge * kernel * kernel);
        add(joined("convolution ", kernel, "x", kernel),
            joined(batch, "x ", inputs, " to ", outputs, " channels, ", edge, "x", edge), true, operations,
            [=, *this] {
                const at::Tensor x = map(batch, inputs, edge);
                at::Tensor weight =
                    random({outputs, inputs, kernel, kernel}).contiguous(at::MemoryFormat::ChannelsLast);
                if (m_isEasel) {
                    weight = packed::packedIfWorthIt(weight, 1);
                }
                const at::Tensor bias = random({outputs});
                return Work([=, padding = kernel / 2] { diffusion::convolved(x, weight, bias, 1, padding); });
            });
    }

    void linear(std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
        add("linear", joined(rows, " rows, ", inputs, " to ", outputs), true,
            2.0 * asDouble(rows * inputs * outputs), [=, *this] {
                const at::Tensor x = random({rows, inputs});
                const at::Tensor plain = random({outputs, inputs});
                const at::Tensor weight = m_isEasel ? packed::packedIfWorthIt(plain, 1) : plain;
                const at::Tensor bias = random({outputs});
                return weight.is_mkldnn() ? Work([=] { packed::linear(x, weight, bias); })
                                          : Work([=] { at::linear(x, weight, bias); });
            });
    }

    void attention(std::int64_t batch, std::int64_t heads, std::int64_t queries, std::int64_t keys,
                   std::int64_t width) {
        add(queries == keys ? "self-attention" : "cross-attention",
            joined(batch, "x ", heads, " heads of ", width, ", ", queries, " to ", keys), true,
            4.0 * asDouble(batch * heads * queries * keys * width), [=, *this] {
                const at::Tensor q = random({batch, queries, heads * width});
                const at::Tensor k = random({batch, keys, heads * width});
                const at::Tensor v = random({batch, keys, heads * width});
                if (m_isEasel) {
                    return Work([=] { ops::attention(q, k, v, heads); });
                }
                const auto split = [heads](const at::Tensor& x) {
                    return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
                };
                return Work([=] {
                    at::scaled_dot_product_attention(split(q), split(k), split(v))
                        .transpose(1, 2)
                        .reshape(q.sizes());
                });
            });
    }

    void groupNorm(std::int64_t batch, std::int64_t channels, std::int64_t edge, std::int64_t groups,
                   bool withSilu) {
        add(withSilu ? "group norm, SiLU" : "group norm",
            joined(batch, "x ", channels, " channels, ", edge, "x", edge), false,
            bytes(2 * batch * channels * edge * edge), [=, *this] {
                const at::Tensor x = map(batch, channels, edge);
                const at::Tensor weight = random({channels});
                const at::Tensor bias = random({channels});
                if (m_isEasel) {
                    return withSilu ? Work([=] { ops::groupNormSilu(x, groups, weight, bias, kEps); })
                                    : Work([=] { ops::groupNorm(x, groups, weight, bias, kEps); });
                }
                return Work([=] {
                    at::Tensor y = at::group_norm(x, groups, weight, bias, kEps);
                    if (withSilu) {
                        at::silu_(y);
                    }
                });
            });
    }

    /// Easel has none of its own.
    void layerNorm(std::int64_t rows, std::int64_t width) {
        add("layer norm", joined(rows, " rows of ", width), false, bytes(2 * rows * width), [=, *this] {
            const at::Tensor x = random({rows, width});
            const at::Tensor weight = random({width});
            const at::Tensor bias = random({width});
            return Work([=] { at::layer_norm(x, {width}, weight, bias, kEps); });
        });
    }

    /// To `width` numbers a row.
    void geglu(std::int64_t rows, std::int64_t width) {
        add("GEGLU", joined(rows, " rows of ", width), false, bytes(3 * rows * width), [=, *this] {
            const at::Tensor x = random({rows, 2 * width});
            if (m_isEasel) {
                return Work([=] { ops::geglu(x); });
            }
            return Work([=] {
                const auto halves = x.chunk(2, -1);
                at::gelu(halves[1]).mul_(halves[0]);
            });
        });
    }

private:
    static double asDouble(std::int64_t number) { return static_cast<double>(number); }
    double bytes(std::int64_t numbers) const {
        return asDouble(numbers * static_cast<std::int64_t>(c10::elementSize(m_precision)));
    }
    at::Tensor random(at::IntArrayRef sizes) const {
        return at::randn(sizes, at::TensorOptions(at::kFloat)).to(m_precision);
    }
    /// As the networks keep maps: the channels of a place side by side.
    at::Tensor map(std::int64_t batch, std::int64_t channels, std::int64_t edge) const {
        return random({batch, channels, edge, edge}).contiguous(at::MemoryFormat::ChannelsLast);
    }
    void add(std::string operation, std::string shape, bool multiplies, double work,
             std::function<Work()> prepare) {
        m_all.push_back({std::move(operation), std::move(shape), m_precision, m_form, multiplies, work,
                         std::move(prepare)});
    }

    std::vector<Case>& m_all;
    c10::ScalarType m_precision;
    bool m_isEasel;
    Form m_form;
};

struct Convolution {
    std::int64_t inputs;
    std::int64_t outputs;
    std::int64_t edge;
};
/// Maps of so many channels, or sequences of so wide vectors.
struct Extent {
    std::int64_t width;
    std::int64_t places;  ///< of a sequence; of a map along an edge
};

void addStableDiffusion(Cases& cases) {
    constexpr Convolution kOfThree[] = {{320, 320, 64},   {960, 320, 64},   {640, 640, 32}, {1920, 640, 32},
                                        {1280, 1280, 16}, {2560, 1280, 16}, {1280, 1280, 8}};
    constexpr Extent kOfVae[] = {{512, 64}, {512, 256}, {256, 512}, {128, 512}};
    constexpr Convolution kOfOne[] = {
        {320, 320, 64}, {960, 320, 64}, {640, 640, 32}, {1280, 1280, 16}, {2560, 1280, 16}};
    constexpr Extent kSequences[] = {{320, 4096}, {640, 1024}, {1280, 256}, {1280, 64}};
    constexpr Extent kMaps[] = {{320, 64}, {640, 32}, {1280, 16}, {1280, 8}};
    for (const auto [inputs, outputs, edge] : kOfThree) {
        cases.convolution(2, inputs, outputs, edge, 3);
    }
    for (const auto [channels, edge] : kOfVae) {
        cases.convolution(1, channels, channels, edge, 3);
    }
    for (const auto [inputs, outputs, edge] : kOfOne) {
        cases.convolution(2, inputs, outputs, edge, 1);
    }
    for (const auto [width, places] : kSequences) {
        const std::int64_t rows = 2 * places;
        cases.linear(rows, width, width);
        cases.linear(rows, width, 8 * width);  // to values and gates
        cases.linear(rows, 4 * width, width);
        cases.layerNorm(rows, width);
        cases.geglu(rows, 4 * width);
        cases.attention(2, 8, places, places, width / 8);
        cases.attention(2, 8, places, 77, width / 8);
    }
    cases.linear(2 * 77, 768, 320);  // the text, to keys
    cases.attention(2, 5, 4096, 4096, 64);
    cases.attention(2, 5, 4096, 77, 64);
    cases.attention(1, 1, 4096, 4096, 512);  // VAE
    for (const auto [channels, edge] : kMaps) {
        cases.groupNorm(2, channels, edge, 32, true);
        cases.groupNorm(2, channels, edge, 32, false);
    }
    cases.groupNorm(1, 512, 64, 32, true);  // VAE
    cases.groupNorm(1, 128, 512, 32, true);
}

void addStarterModel(Cases& cases) {
    constexpr Extent kMaps[] = {{64, 16}, {128, 8}, {192, 4}};
    constexpr Extent kSequences[] = {{128, 64}, {192, 16}};
    for (const auto [channels, edge] : kMaps) {
        cases.convolution(2, channels, channels, edge, 3);
        cases.groupNorm(2, channels, edge, 16, true);
    }
    cases.convolution(2, 128, 128, 8, 1);
    cases.convolution(1, 96, 96, 64, 3);  // VAE
    cases.convolution(1, 32, 32, 128, 3);
    for (const auto [width, places] : kSequences) {
        cases.linear(2 * places, width, 8 * width);
        cases.layerNorm(2 * places, width);
        cases.geglu(2 * places, 4 * width);
        cases.attention(2, 4, places, places, width / 4);
        cases.attention(2, 4, places, 77, width / 4);
    }
}

}  // namespace

std::string nameOf(c10::ScalarType precision) {
    return precision == at::kFloat ? "fp32" : "bf16";
}

std::string Case::name() const {
    return joined(operation, "/", shape, "/", nameOf(precision), "/", form == Form::Easel ? "Easel" : "ATen");
}

std::vector<Case> allCases() {
    std::vector<Case> all;
    for (const c10::ScalarType precision : {at::kFloat, at::kBFloat16}) {
        for (const Form form : {Form::Easel, Form::ATen}) {
            Cases cases(all, precision, form);
            addStableDiffusion(cases);
            addStarterModel(cases);
        }
    }
    return all;
}

}  // namespace easel::benchmark_ops
