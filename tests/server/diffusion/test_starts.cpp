// SPDX-License-Identifier: Apache-2.0
// Pictures that begin with others, against diffusers on the CPU; and what becomes of the pixels around them.
#include <c10/core/InferenceMode.h>

#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/operations/beginning.h"
#include "server/diffusion/operations/noise.h"
#include "server/image/png.h"
#include "shared/process/files.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kPlace = EASEL_SOURCE_DIR "/tests/fixtures";
constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

/// As tests/reference/operations.py asks.
protocol::GenerationSettings settingsOf(const std::string& sampler) {
    protocol::GenerationSettings settings;
    settings.prompt = "a photo of an astronaut riding a horse on mars";
    settings.negativePrompt = "blurry red cat";
    settings.width = 104;
    settings.height = 72;
    settings.steps = 10;
    settings.guidance = 7.5;
    settings.sampler = sampler;
    settings.seed = 42;
    settings.maskBlur = 0;
    return settings;
}

std::vector<std::uint8_t> bytesOf(const at::Tensor& tensor) {
    const auto* const data = static_cast<const std::uint8_t*>(tensor.const_data_ptr());
    return {data, data + tensor.numel()};
}

at::Tensor drawn(const Pipeline& pipeline, Drawing drawing) {
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing});
    }
    return drawing.latents();
}

/// A picture whose every pixel is another.
image::Image colourful(int width, int height) {
    image::Image image{width, height, {}};
    for (int i = 0; i < width * height * 3; ++i) {
        image.rgb.push_back(static_cast<std::uint8_t>((i * 37) % 251));
    }
    return image;
}

/// White within the window, black elsewhere.
image::Picture maskWith(int width, int height, const image::Window& window) {
    image::Image image{width, height, {}};
    image.rgb.assign(std::size_t{3} * width * height, 0);
    for (int y = window.top; y < window.top + window.height; ++y) {
        std::fill_n(image.rgb.begin() + 3 * (std::ptrdiff_t{y} * width + window.left), 3 * window.width, 255);
    }
    return {image, {}};
}

}  // namespace

class StartsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void inpainting_data();
    void inpainting();
    void aSecondPass_data();
    void aSecondPass();
    void aWayBetweenTwoSeeds();
    void variationsKeepTheSeedAndCountTheOther();
    void whatIsNotMaskedStaysToTheBit_data();
    void whatIsNotMaskedStaysToTheBit();
    void aPictureGrows();
    void aMaskWithNothingInItIsRefused();
    void requestsAreDrawnThroughTheEngine_data();
    void requestsAreDrawnThroughTheEngine();
    void picturesThatAreNotThereAreRefused();

private:
    Canvas canvasOfFixture(const protocol::GenerationSettings& settings) const {
        const image::Picture picture{{104, 72, bytesOf(m_golden["pixels"])}, {}};
        const at::Tensor mask = m_golden["mask"].unsqueeze(2).expand({72, 104, 3}).contiguous();
        return canvasOf(settings, picture, image::Picture{{104, 72, bytesOf(mask)}, {}});
    }
    static void compare(const at::Tensor& made, const at::Tensor& expected) {
        const double off = tests::greatestDifference(made, expected) / expected.std().item<double>();
        QVERIFY2(off <= tests::gate("latents"), qPrintable(QString("off by %1").arg(off)));
    }
    static bool isFar(const at::Tensor& made, const at::Tensor& expected) {
        return tests::greatestDifference(made, expected) >
               tests::gate("latents") * expected.std().item<double>();
    }

    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{kPlace / "operations.safetensors"};
};

void StartsTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void StartsTest::inpainting_data() {
    QTest::addColumn<bool>("isTaught");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("strength");
    const auto add = [](bool isTaught, const char* sampler, const char* strength) {
        QTest::addRow("%s, %s, %s", isTaught ? "taught" : "plain", sampler, strength)
            << isTaught << sampler << strength;
    };
    for (const char* const sampler : {"euler", "ddim", "dpmpp_2m", "heun", "euler_a", "pndm"}) {
        add(false, sampler, "0.6");
    }
    add(false, "ddim", "1.0");
    add(true, "euler", "0.6");
    add(true, "dpmpp_2m", "0.6");
    add(true, "ddim", "1.0");
    add(true, "euler_a", "1.0");
}

// euler_a tells whether all that is drawn before its own noise is drawn in the reference's order.
void StartsTest::inpainting() {
    QFETCH(bool, isTaught);
    QFETCH(QString, sampler);
    QFETCH(QString, strength);
    tests::EditedModel model("sd1-tiny");
    if (isTaught) {
        const tests::TensorFile grown(kPlace / "families.safetensors");
        model.editJson("unet/config.json", [](QJsonObject& json) { json["in_channels"] = 9; });
        model.putTensor("unet/diffusion_pytorch_model.safetensors", "conv_in.weight",
                        grown["grown/inpaint/conv_in.weight"]);
    }
    Pipeline pipeline(model.root(), openDevice("cpu"));
    const auto settings = settingsOf(sampler.toStdString());
    const int first = protocol::firstStep(settings.steps, strength.toDouble());
    const Start start = startFrom(canvasOfFixture(settings), pipeline, first);
    const auto guidance = pipeline.guidance(settings, start.channels);
    const at::Tensor made = drawn(pipeline, pipeline.drawingFor(settings, 0, guidance, start));
    const at::Tensor expected =
        m_golden[(isTaught ? "taught/" : "plain/") + settings.sampler + "/" + strength.toStdString()];
    compare(made, expected);

    Start wrong = start;
    wrong.masked->mask = start.masked->mask.roll(1, 3);
    QVERIFY(isFar(drawn(pipeline, pipeline.drawingFor(settings, 0, guidance, wrong)), expected));
}

void StartsTest::aSecondPass_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<int>("steps");
    QTest::addColumn<double>("strength");
    QTest::newRow("euler") << "euler" << 6 << 0.7;
    QTest::newRow("ddim") << "ddim" << 5 << 0.5;
    QTest::newRow("dpmpp_2m") << "dpmpp_2m" << 6 << 0.7;
}

void StartsTest::aSecondPass() {
    QFETCH(QString, sampler);
    QFETCH(int, steps);
    QFETCH(double, strength);
    Pipeline pipeline(kPlace / "models/sd1-tiny", openDevice("cpu"));
    auto settings = settingsOf(sampler.toStdString());
    settings.width = 64;
    settings.height = 48;
    settings.hiresScale = 1.5;
    settings.hiresSteps = steps;
    settings.hiresStrength = strength;
    const at::Tensor begun = drawn(pipeline, pipeline.drawingFor(settings, 0, pipeline.guidance(settings)));
    const auto pass = *protocol::secondPassOf(settings);
    QCOMPARE(pass.taken(), steps);
    const auto larger = protocol::during(pass, settings);
    const auto latentsOf = [&](const Start& start) {
        return drawn(pipeline, pipeline.drawingFor(larger, 0, pipeline.guidance(larger), start));
    };
    Start start = startLarger(begun, pipeline, pass, "latent", kAll);
    const at::Tensor expected = m_golden["larger/" + settings.sampler];
    compare(latentsOf(start), expected);
    --start.first;
    QVERIFY(isFar(latentsOf(start), expected));
    // By way of its pixels it is another picture, of the same size.
    const at::Tensor other = latentsOf(startLarger(begun, pipeline, pass, "lanczos", kAll));
    QVERIFY(other.sizes() == expected.sizes());
    QVERIFY(isFar(other, expected));
}

void StartsTest::aWayBetweenTwoSeeds() {
    auto settings = settingsOf("euler");
    const std::vector<std::int64_t> shape{1, 4, 9, 13};
    const auto noise = [&] { return noiseOf(settings, 0, shape, generatorOf(settings, 0)); };
    const at::Tensor own = noise();
    settings.variationSeed = 7;
    QVERIFY(at::equal(noise(), own));  // no strength, no variation
    for (const char* const share : {"0.25", "1.0"}) {
        settings.variationStrength = QString(share).toDouble();
        const at::Tensor expected = m_golden[std::string("between/") + share];
        QVERIFY(tests::greatestDifference(noise(), expected) <= tests::gate("noise"));
        QVERIFY(tests::greatestDifference(own, expected) > 0.1);
    }
    // Where both are one, there is no arc.
    QVERIFY(tests::greatestDifference(betweenNoises(own, own, 0.5), own) <= tests::gate("noise"));
}

void StartsTest::variationsKeepTheSeedAndCountTheOther() {
    auto model = tests::load(tests::kFixtures + "models/sd1-tiny");
    auto settings = tests::small();
    settings.count = 2;
    settings.variationStrength = 0.3;
    settings.variationSeed = 20;
    const auto both = tests::draw(model, settings);
    QVERIFY(!both.problem);
    QVERIFY((both.seeds == std::vector<std::int64_t>{5, 5}));
    QVERIFY(both.images[0] != both.images[1]);
    const auto again = tests::draw(model, protocol::settingsOf(settings, 1));
    QVERIFY(again.images.front() == both.images[1]);
}

void StartsTest::whatIsNotMaskedStaysToTheBit_data() {
    QTest::addColumn<bool>("isCloseUp");
    QTest::newRow("whole") << false;
    QTest::newRow("close up, filled") << true;
}

void StartsTest::whatIsNotMaskedStaysToTheBit() {
    QFETCH(bool, isCloseUp);
    auto settings = settingsOf("euler");
    settings.width = settings.height = 64;
    settings.maskBlur = 2;
    settings.inpaintPadding = 8;
    settings.inpaintArea = isCloseUp ? "masked" : "whole";
    settings.maskedContent = isCloseUp ? "fill" : "original";
    const image::Picture picture{colourful(96, 96), {}};
    const Canvas canvas = canvasOf(settings, picture, maskWith(96, 96, {40, 40, 20, 20}));
    QCOMPARE(canvas.start.width, 64);
    QCOMPARE(canvas.start.height, 64);
    QCOMPARE(canvas.mask->width, 64);
    image::Image black = canvas.start;
    std::ranges::fill(black.rgb, std::uint8_t{0});
    const image::Image done = putBack(canvas, black);
    QCOMPARE(done.width, isCloseUp ? 96 : 64);
    int kept = 0;
    int gone = 0;
    for (std::size_t i = 0; i < canvas.through.values.size(); ++i) {
        const bool isSame = std::equal(&done.rgb[3 * i], &done.rgb[3 * i] + 3, &canvas.whole.rgb[3 * i]);
        if (canvas.through.values[i] == 0) {
            QVERIFY(isSame);
            ++kept;
        } else if (canvas.through.values[i] == 255) {
            QCOMPARE(done.rgb[3 * i], std::uint8_t{0});
            ++gone;
        }
    }
    QVERIFY(kept > 64 * 64 / 2);
    QVERIFY(gone > 50);
    if (isCloseUp) {
        QVERIFY(canvas.whole == picture.image);
    }
}

void StartsTest::aPictureGrows() {
    auto settings = settingsOf("euler");
    settings.width = settings.height = 64;
    settings.extendLeft = 13;  // up to the next latent: 16
    settings.extendBottom = 8;
    const auto pass = protocol::firstPassOf(settings);
    QCOMPARE(pass.width, 80);
    QCOMPARE(pass.height, 72);
    const image::Picture picture{colourful(64, 64), {}};
    const Canvas canvas = canvasOf(settings, picture, {});
    QCOMPARE(canvas.start.width, 80);
    QCOMPARE(canvas.start.height, 72);
    const auto masked = [&](int x, int y) {
        return canvas.mask->values[static_cast<std::size_t>(y) * 80 + static_cast<std::size_t>(x)];
    };
    QCOMPARE(masked(15, 0), std::uint8_t{255});
    QCOMPARE(masked(16, 0), std::uint8_t{0});
    QCOMPARE(masked(79, 63), std::uint8_t{0});
    QCOMPARE(masked(79, 64), std::uint8_t{255});
    QVERIFY(std::equal(&canvas.start.rgb[0], &canvas.start.rgb[3], &picture.image.rgb[0]));
    QVERIFY(std::equal(&canvas.start.rgb[3 * 16], &canvas.start.rgb[3 * 80], &picture.image.rgb[0]));
}

void StartsTest::aMaskWithNothingInItIsRefused() {
    const auto refusal = [](const std::function<void()>& work) {
        try {
            work();
        } catch (const Failure& failure) {
            return failure.problem().field.value_or("");
        }
        return std::string("none");
    };
    auto settings = settingsOf("euler");
    settings.width = settings.height = 64;
    const image::Picture picture{colourful(64, 64), {}};
    for (const char* const area : {"whole", "masked"}) {
        settings.inpaintArea = area;
        QCOMPARE(refusal([&] { canvasOf(settings, picture, maskWith(64, 64, {})); }), std::string("mask"));
    }
    settings.inpaintArea = "whole";
    const Pipeline pipeline(kPlace / "models/sd1-tiny", openDevice("cpu"));
    const Canvas dot = canvasOf(settings, picture, maskWith(64, 64, {3, 3, 2, 2}));
    QCOMPARE(refusal([&] { startFrom(dot, pipeline, 0); }), std::string("mask"));
}

void StartsTest::requestsAreDrawnThroughTheEngine_data() {
    QTest::addColumn<QString>("operation");
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("steps");
    QTest::newRow("image to image") << "start" << 64 << 64 << 2;
    QTest::newRow("inpaint") << "inpaint" << 64 << 64 << 2;
    QTest::newRow("close up") << "close up" << 80 << 96 << 2;
    QTest::newRow("outpaint") << "outpaint" << 80 << 64 << 2;
    QTest::newRow("larger") << "larger" << 96 << 96 << 7;
    QTest::newRow("larger by its pixels") << "lanczos" << 96 << 96 << 7;
}

void StartsTest::requestsAreDrawnThroughTheEngine() {
    QFETCH(QString, operation);
    QFETCH(int, width);
    QFETCH(int, height);
    QFETCH(int, steps);
    const QTemporaryDir folder;
    const auto write = [&](const char* name, const image::Image& image) {
        const auto path = std::filesystem::path(folder.path().toStdString()) / name;
        const auto bytes = image::encodePng(image, {});
        if (!bytes || process::writeWhole(path, *bytes) != 0) {
            throw std::runtime_error("no picture");
        }
        return path;
    };
    auto settings = tests::small();
    settings.sampler = "heun";  // which asks twice in a step
    settings.count = 2;
    const bool isLarger = operation == "larger" || operation == "lanczos";
    std::vector<generator::Material> inputs;
    if (isLarger) {
        settings.hiresScale = 1.5;
        settings.hiresSteps = 4;
        settings.hiresUpscaler = operation == "lanczos" ? "lanczos" : "latent";
    } else {
        settings.initImage = "start";
        inputs.push_back({generator::Material::Kind::Input, "start", write("start.png", colourful(80, 96))});
    }
    if (operation == "inpaint" || operation == "close up") {
        settings.mask = "mask";
        settings.inpaintArea = operation == "inpaint" ? "whole" : "masked";
        inputs.push_back({generator::Material::Kind::Input, "mask",
                          write("mask.png", maskWith(80, 96, {30, 30, 20, 24}).image)});
    }
    if (operation == "outpaint") {
        settings.extendRight = 16;
    }
    auto model = tests::load(tests::kFixtures + "models/sd1-tiny");
    tests::Drawn made;
    model.submit("one", settings, made, SIZE_MAX, inputs);
    while (!made.isFinished) {
        model.engine().step();
    }
    QVERIFY2(!made.problem, made.problem ? made.problem->detail.c_str() : "");
    QCOMPARE(made.images.size(), std::size_t{2});
    QVERIFY(made.images[0] != made.images[1]);
    QCOMPARE(made.images[0].width, width);
    QCOMPARE(made.images[0].height, height);
    int last = 0;
    for (const auto& progress : made.progress) {
        QCOMPARE(progress.steps, 2 * steps);
        QVERIFY(progress.step >= last);
        last = progress.step;
    }
    QCOMPARE(last, 2 * steps);
}

void StartsTest::picturesThatAreNotThereAreRefused() {
    auto model = tests::load(tests::kFixtures + "models/sd1-tiny");
    auto settings = tests::small();
    settings.initImage = "nowhere";
    const auto made = tests::draw(model, settings);
    QVERIFY(made.problem);
    QCOMPARE(made.problem->field.value_or(""), std::string("init_image"));
}

QTEST_GUILESS_MAIN(StartsTest)
#include "test_starts.moc"
