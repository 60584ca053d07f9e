// SPDX-License-Identifier: Apache-2.0
// What is shown of a picture that is being drawn, and that it costs the picture nothing.
#include "server/diffusion/preview.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <cmath>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/models/tiny_vae.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/scheduler_settings.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;
using namespace easel::tests;

namespace {

const std::filesystem::path kTinyVae = kFixtures + "tiny_vae";
const std::filesystem::path kStarter = EASEL_SOURCE_DIR "/resources/starter-model/model";

/// A copy of sd1-tiny that brings `file`, as `name`.
std::filesystem::path withTinyVae(const EditedModel& model, const std::string& file,
                                  const std::string& name) {
    const auto place = model.root() / name;
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::copy_file(kTinyVae / file, place);
    return model.root();
}

/// What an engine shows of `settings` with the model in `folder`, and what it draws.
struct Shown {
    std::vector<generator::Preview> previews;
    std::vector<image::Image> images;
};
Shown shown(const std::filesystem::path& folder, const protocol::GenerationSettings& settings) {
    OneModel model(folder);
    Shown shown;
    bool isFinished = false;
    generator::Observer observer;
    observer.preview = [&](generator::Preview preview) { shown.previews.push_back(std::move(preview)); };
    observer.image = [&](int, std::int64_t, image::Image image) { shown.images.push_back(std::move(image)); };
    observer.finished = [&](const std::optional<protocol::Problem>& problem) {
        QVERIFY2(!problem, problem ? problem->detail.c_str() : "");
        isFinished = true;
    };
    model.engine().submit("one", {{"model", folder}, {}}, settings, std::move(observer));
    while (!isFinished) {
        model.engine().step();
    }
    return shown;
}

std::vector<std::pair<int, int>> stepsOf(const Shown& shown) {
    std::vector<std::pair<int, int>> steps;
    for (const auto& preview : shown.previews) {
        steps.emplace_back(preview.index, preview.step);
    }
    return steps;
}

/// The levels of `image` as [3, H, W].
at::Tensor levels(const image::Image& image) {
    return at::tensor(at::ArrayRef<std::uint8_t>(image.rgb), at::kByte)
        .view({image.height, image.width, 3})
        .permute({2, 0, 1})
        .to(at::kFloat);
}

/// Which answer makes a network see `picture` in `input`, of which `alpha` is picture.
at::Tensor answerFor(const at::Tensor& picture, const at::Tensor& input, float alpha, bool velocity) {
    const double a = std::sqrt(double{alpha});
    const double s = std::sqrt(1 - double{alpha});
    const at::Tensor noise = (input.to(at::kDouble) - a * picture) / s;
    return (velocity ? a * noise - s * picture : noise).to(at::kFloat);
}

}  // namespace

class PreviewsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void samplersTellWhatTheNetworkSaw_data();
    void samplersTellWhatTheNetworkSaw();
    void whatIsKeptIsSeen();
    void knownLatentsHaveTheirColours();
    void otherLatentsHaveWhatTheirVaeMakesOfThem();
    void largeLatentsMakeSmallPreviews();
    void tinyDecodersAreDiffusers_data();
    void tinyDecodersAreDiffusers();
    void whatIsNoTinyDecoderIsRefused();
    void picturesAreTheSameWithAndWithout_data();
    void picturesAreTheSameWithAndWithout();
    void eachPictureIsShownEverySoManySteps_data();
    void eachPictureIsShownEverySoManySteps();
    void aModelsOwnTinyDecoderShowsItsPictures();

private:
    const c10::InferenceMode m_inference;
};

void PreviewsTest::samplersTellWhatTheNetworkSaw_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<bool>("velocity");
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        for (const bool velocity : {false, true}) {
            const QString name = toQt(kind.name);
            QTest::addRow("%s %s", qPrintable(name), velocity ? "v" : "epsilon") << name << velocity;
        }
    }
}

/// A network that knows the picture sees it at each step, whatever the sampler makes of that.
void PreviewsTest::samplersTellWhatTheNetworkSaw() {
    QFETCH(QString, sampler);
    QFETCH(bool, velocity);
    QJsonObject config = fixtureScheduler("sd1-tiny");
    config["prediction_type"] = velocity ? "v_prediction" : "epsilon";
    config["timestep_spacing"] = "leading";
    const SamplerSettings settings = settingsOf(config, sampler.toStdString());
    const auto alphas = alphasCumprod(settings);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{7});
    const at::Tensor picture = at::randn({1, 4, 4, 4}, generator, at::kDouble);
    const at::Tensor noise = at::randn({1, 4, 4, 4}, generator, at::kFloat);
    const auto drawing = makeSampler(sampler.toStdString(), settings, 10, noise, generator);
    int looked = 0;
    while (!drawing->done()) {
        const Query query = drawing->next();
        // Between two timesteps each sampler has levels of its own.
        const bool isWhole = query.timestep == std::floor(query.timestep);
        const float alpha = alphas.at(static_cast<std::size_t>(query.timestep));
        drawing->accept(answerFor(picture, query.input, alpha, velocity));
        if (isWhole) {
            const double unit = std::sqrt(1 / alpha);  // by which taking the noise away magnifies rounding
            const double off = greatestDifference(drawing->seen(), picture) / unit;
            QVERIFY2(off < 1e-5, qPrintable(QString("%1: %2").arg(query.timestep).arg(off)));
            ++looked;
        }
    }
    QVERIFY(looked >= 5);
}

void PreviewsTest::whatIsKeptIsSeen() {
    class Nothing final : public Denoiser {
    public:
        at::Tensor predict(const at::Tensor& x, const at::Tensor&, const Conditioning&, const Residuals&,
                           const Shortcuts&) const override {
            return at::zeros_like(x);
        }
    };
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{7});
    const at::Tensor noise = at::ones({1, 4, 2, 2}, at::kFloat);
    const at::Tensor mask = at::zeros({1, 1, 2, 2}, at::kFloat);
    mask[0][0][0][0].fill_(1);
    const SamplerSettings settings = settingsOf(fixtureScheduler("sd1-tiny"), "ddim");
    Drawing drawing(makeSampler("ddim", settings, 4, noise, generator),
                    std::make_shared<const Guidance>(Speech(Conditioning{at::zeros({1, 1, 2}), {}, {}}), 4),
                    generator, Kept{at::full({1, 4, 2, 2}, 0.25F), noise, mask});
    Drawing* const one = &drawing;
    advance({&one, 1}, Nothing(), at::kFloat, Rows::Together);
    const at::Tensor seen = drawing.seen();
    QCOMPARE(seen[0][0][1][1].item<float>(), 0.25F);
    QCOMPARE(seen[0][0][0][1].item<float>(), 0.25F);
    QVERIFY(seen[0][0][0][0].item<float>() > 1);  // the noise, for which no noise is taken away
}

void PreviewsTest::knownLatentsHaveTheirColours() {
    models::VaeConfig config;
    config.blockOutChannels = {128, 256, 512, 512};
    const auto sd = knownColours(config);
    QVERIFY(sd);
    QCOMPARE(sd->bias.abs().max().item<float>(), 0.0F);
    config.scalingFactor = 0.13025;
    const auto xl = knownColours(config);
    QVERIFY(xl);
    // No latent at all is a light grey, a little yellow.
    const at::Tensor middle = inColours(at::zeros({1, 4, 1, 1}), *xl).flatten();
    QVERIFY(middle[0].item<float>() > middle[1].item<float>());
    QVERIFY(middle[1].item<float>() > middle[2].item<float>() && middle[2].item<float>() > 0);
    // The first channel of both is light; the last one makes it dark.
    for (const LatentColours& colours : {*sd, *xl}) {
        at::Tensor latent = at::zeros({1, 4, 1, 1});
        const at::Tensor nothing = inColours(latent, colours);
        latent[0][0].fill_(1);
        QVERIFY((inColours(latent, colours) > nothing + 0.2).all().item<bool>());
        latent.zero_();
        latent[0][3].fill_(1);
        QVERIFY((inColours(latent, colours) < nothing - 0.15).all().item<bool>());
    }
    config.scalingFactor = 0.2;
    QVERIFY(!knownColours(config));
    config.scalingFactor = 0.18215;
    config.blockOutChannels = {8, 16, 16, 16};
    QVERIFY(!knownColours(config));
}

/// A preview has the colours of the picture that comes of it, as far as one number for each channel can have
/// them.
void PreviewsTest::otherLatentsHaveWhatTheirVaeMakesOfThem() {
    protocol::GenerationSettings settings = small();
    settings.prompt = "a red apple";
    settings.width = settings.height = 128;
    settings.guidance = 3.5;
    settings.sampler = "ddim";
    settings.steps = 6;
    settings.previewEvery = 5;
    const Shown made = shown(kStarter, settings);
    QCOMPARE(made.previews.size(), std::size_t{1});
    QCOMPARE(made.previews[0].picture.width, 16);
    const at::Tensor picture = at::adaptive_avg_pool2d(levels(made.images.at(0)), {16, 16});
    const at::Tensor off = levels(made.previews[0].picture) - picture;
    const at::Tensor variety = picture - picture.mean(at::IntArrayRef{1, 2}, true);
    const double error = off.square().mean().sqrt().item<double>();
    const double without = variety.square().mean().sqrt().item<double>();
    QVERIFY2(without > 20 && error < 0.75 * without, qPrintable(QString("%1 of %2").arg(error).arg(without)));
}

void PreviewsTest::largeLatentsMakeSmallPreviews() {
    models::VaeConfig config;
    config.blockOutChannels = {128, 256, 512, 512};
    const auto colours = knownColours(config);
    QVERIFY((inColours(at::zeros({1, 4, 200, 256}), *colours).sizes() == at::IntArrayRef{1, 3, 200, 256}));
    QVERIFY((inColours(at::zeros({1, 4, 512, 300}), *colours).sizes() == at::IntArrayRef{1, 3, 256, 150}));
    QVERIFY((inColours(at::zeros({1, 4, 1, 512}), *colours).sizes() == at::IntArrayRef{1, 3, 1, 256}));
    const TinyDecoder decoder = [] {
        auto source = models::openTinyDecoder(kTinyVae / "taesd/taesd_decoder.safetensors").value();
        const auto shape = tinyDecoderShape(source, 4);
        return TinyDecoder(Weights(std::move(source), {c10::kCPU, c10::kFloat}), shape);
    }();
    QVERIFY((decodedQuickly(at::zeros({1, 4, 64, 40}), decoder).sizes() == at::IntArrayRef{1, 3, 512, 320}));
    QVERIFY((decodedQuickly(at::zeros({1, 4, 64, 128}), decoder).sizes() == at::IntArrayRef{1, 3, 256, 512}));
}

void PreviewsTest::tinyDecodersAreDiffusers_data() {
    QTest::addColumn<QString>("file");
    QTest::newRow("diffusers") << "diffusers/diffusion_pytorch_model.safetensors";
    QTest::newRow("TAESD") << "taesd/taesd_decoder.safetensors";
}

void PreviewsTest::tinyDecodersAreDiffusers() {
    QFETCH(QString, file);
    auto source = models::openTinyDecoder(kTinyVae / file.toStdString()).value();
    const auto shape = tinyDecoderShape(source, 4);
    QCOMPARE(shape.width, std::int64_t{8});
    QCOMPARE(shape.blocks, (std::vector<int>{2, 1, 0, 1}));
    const Weights weights(std::move(source), {c10::kCPU, c10::kFloat});
    const TinyDecoder decoder(weights, shape);
    QVERIFY(weights.finish().empty());
    const TensorFile golden(kTinyVae / "decoded.safetensors");
    const at::Tensor expected = golden["decoded"];
    const double off =
        greatestDifference(decoder.forward(golden["latents"]), expected) / expected.std().item<double>();
    QVERIFY2(off <= gate("vae"), qPrintable(QString::number(off)));
    // Latents that are out of bounds matter.
    QVERIFY(greatestDifference(decoder.forward(golden["latents"].clamp(-2, 2)), expected) > 0.1);
}

void PreviewsTest::whatIsNoTinyDecoderIsRefused() {
    const EditedModel model("sd1-tiny");
    const auto other = models::openTinyDecoder(model.root() / kUNet);
    QVERIFY(!other && other.error().detail.find("a UNet") != std::string::npos);
    withTinyVae(model, "taesd/taesd_decoder.safetensors", "taesd/taesd_decoder.safetensors");
    model.editTensors("taesd/taesd_decoder.safetensors", [](QJsonObject& header, QByteArray&) {
        EditedModel::rename(header, "3.conv.2.weight", "3.conv.3.weight");
    });
    const QString said = QString::fromStdString(complaint(model.root()));
    QVERIFY2(said.contains("taesd_decoder.safetensors") && said.contains("layers.2.conv.2"),
             qPrintable(said));
}

void PreviewsTest::picturesAreTheSameWithAndWithout_data() {
    QTest::addColumn<QString>("sampler");
    QTest::newRow("one that draws noise") << "euler_a";
    QTest::newRow("one that remembers") << "dpmpp_3m_sde";
    QTest::newRow("one that looks twice") << "heun";
}

void PreviewsTest::picturesAreTheSameWithAndWithout() {
    QFETCH(QString, sampler);
    const std::filesystem::path folder = kFixtures + "models/sd1-tiny";
    protocol::GenerationSettings settings = small();
    settings.sampler = sampler.toStdString();
    settings.steps = 5;
    settings.count = 2;
    const Shown without = shown(folder, settings);
    settings.previewEvery = 1;
    const Shown with = shown(folder, settings);
    QCOMPARE(with.previews.size(), std::size_t{8});
    QVERIFY(without.previews.empty());
    QCOMPARE(with.images.size(), std::size_t{2});
    QVERIFY(with.images == without.images);
}

void PreviewsTest::eachPictureIsShownEverySoManySteps_data() {
    using Steps = std::vector<std::pair<int, int>>;
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<int>("every");
    QTest::addColumn<double>("scale");
    QTest::addColumn<Steps>("steps");
    QTest::newRow("two") << "ddim" << 2 << 1.0 << Steps{{0, 2}, {0, 4}};
    QTest::newRow("never") << "ddim" << 0 << 1.0 << Steps{};
    QTest::newRow("later than the end") << "ddim" << 5 << 1.0 << Steps{};
    // Two evaluations a step, and one to warm up, are still one step.
    QTest::newRow("twice a step") << "dpm2" << 3 << 1.0 << Steps{{0, 3}};
    QTest::newRow("one more") << "pndm" << 1 << 1.0 << Steps{{0, 1}, {0, 2}, {0, 3}, {0, 4}};
    QTest::newRow("both passes") << "ddim" << 4 << 2.0 << Steps{{0, 4}, {0, 8}};
}

void PreviewsTest::eachPictureIsShownEverySoManySteps() {
    QFETCH(QString, sampler);
    QFETCH(int, every);
    QFETCH(double, scale);
    using Steps = std::vector<std::pair<int, int>>;
    QFETCH(Steps, steps);
    protocol::GenerationSettings settings = small();
    settings.sampler = sampler.toStdString();
    settings.steps = 5;
    settings.previewEvery = every;
    settings.hiresScale = scale;
    settings.hiresStrength = 0.5;
    const Shown made = shown(kFixtures + "models/sd1-tiny", settings);
    QCOMPARE(stepsOf(made), steps);
    for (const auto& preview : made.previews) {
        QCOMPARE(preview.steps, scale > 1 ? 10 : 5);
        QCOMPARE(preview.picture.width, scale > 1 && preview.step > 5 ? 16 : 8);
        QCOMPARE(preview.picture.rgb.size(), std::size_t(3) * preview.picture.width * preview.picture.height);
    }
}

void PreviewsTest::aModelsOwnTinyDecoderShowsItsPictures() {
    protocol::GenerationSettings settings = small();
    settings.width = 96;
    settings.previewEvery = 2;
    const EditedModel model("sd1-tiny");
    const Shown linear = shown(model.root(), settings);
    QCOMPARE(linear.previews.at(0).picture.width, 12);
    const EditedModel bringing("sd1-tiny");
    withTinyVae(bringing, "taesd/taesd_decoder.safetensors", "vae_approx/taesd_decoder.safetensors");
    const Shown made = shown(bringing.root(), settings);
    QCOMPARE(made.previews.size(), std::size_t{1});
    QCOMPARE(made.previews[0].picture.width, 96);
    QCOMPARE(made.previews[0].picture.height, 64);
    QVERIFY(made.images == linear.images);
    const EditedModel folder("sd1-tiny");
    withTinyVae(folder, "diffusers/diffusion_pytorch_model.safetensors",
                "tiny_vae/diffusion_pytorch_model.safetensors");
    QVERIFY(shown(folder.root(), settings).previews == made.previews);
}

QTEST_GUILESS_MAIN(PreviewsTest)
#include "test_previews.moc"
