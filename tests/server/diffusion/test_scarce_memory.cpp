// SPDX-License-Identifier: Apache-2.0
// What drawing does where memory is short.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/InferenceMode.h>
#include <malloc.h>

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <utility>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/fallback.h"
#include "server/diffusion/networks/ops.h"
#include "server/diffusion/networks/vae/tiling.h"
#include "server/diffusion/pipeline.h"
#include "server/diffusion/weights/weights.h"
#include "server/models/model_folder.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/one_model.h"
#include "tests/server/diffusion/scarce_memory.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/server/models/safetensors_bytes.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;
using namespace easel::tests;

namespace {

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

/// Notes whether malloc would have given a large block back at once, whenever a tensor is made.
class BlockProbe final : public c10::Allocator {
public:
    BlockProbe() : m_plenty(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this); }
    ~BlockProbe() override { c10::SetCPUAllocator(m_plenty); }
    BlockProbe(const BlockProbe&) = delete;
    BlockProbe& operator=(const BlockProbe&) = delete;

    c10::DataPtr allocate(std::size_t bytes) override {
        malloc_trim(0);  // or the block may lie in what an earlier one has left
        const auto before = mallinfo2().hblks;
        void* volatile block = std::malloc(std::size_t{256} << 20);  // or the compiler leaves it out
        (mallinfo2().hblks > before ? givenBack : kept)++;
        std::free(block);
        return m_plenty->allocate(bytes);
    }
    c10::DeleterFnPtr raw_deleter() const override { return m_plenty->raw_deleter(); }
    void copy_data(void* to, const void* from, std::size_t bytes) const override {
        m_plenty->copy_data(to, from, bytes);
    }

    std::atomic<int> givenBack = 0;
    std::atomic<int> kept = 0;

private:
    c10::Allocator* const m_plenty;
};

struct TinyVae {
    explicit TinyVae(const QString& model)
        : folder(*models::openModelFolder(kFixtures + "models/" + model.toStdString())),
          vae(Weights(*models::openWeights(folder, models::kVae), {c10::kCPU, c10::kFloat}), folder.vae) {}

    models::ModelFolder folder;
    Vae vae;
};

/// KiB of the file that are in this process's memory.
int residentOf(const QString& path) {
    QFile maps("/proc/self/smaps");
    if (!maps.open(QIODevice::ReadOnly)) {
        return -1;
    }
    const QString text = maps.readAll();  // it has no size before it is read
    const qsizetype place = text.indexOf(path);
    static const QRegularExpression rss("Rss: +(\\d+) kB");
    return place < 0 ? -1 : rss.match(text, place).captured(1).toInt();
}

std::size_t off(const image::Image& a, const image::Image& b) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) {
        count += std::abs(a.rgb[i] - b.rgb[i]) > 1 ? 1 : 0;
    }
    return count;
}

}  // namespace

class ScarceMemoryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aFileIsInMemoryOnlyWhereItsNumbersAre_data();
    void aFileIsInMemoryOnlyWhereItsNumbersAre();
    void tilesEqualDiffusers_data() { bothModels(); }
    void tilesEqualDiffusers();
    void whatFitsIsMadeInOnePiece_data() { bothModels(); }
    void whatFitsIsMadeInOnePiece();
    void tilesGiveLargeBlocksBack();
    void tilesMeetWithoutASeam();
    void smallerTilesFollowWhenMemoryRunsOut();
    void attentionInSlicesIsTheSame();
    void shortMemoryIsTold();
    void rowsAreAskedForOneByOne();
    void whatDrawsNoStepsLeavesAndComesBack();
    void othersLeaveBeforeItIsGivenUp();
    void atLastTheSizeThatFitsIsNamed();

private:
    static void bothModels() {
        QTest::addColumn<QString>("name");
        QTest::newRow("sd1-tiny") << "sd1-tiny";
        QTest::newRow("sd2-tiny") << "sd2-tiny";
    }
};

void ScarceMemoryTest::aFileIsInMemoryOnlyWhereItsNumbersAre_data() {
    QTest::addColumn<QByteArray>("dtype");
    QTest::addColumn<bool>("isShared");
    QTest::newRow("as they stand") << QByteArray("F32") << true;
    QTest::newRow("made larger") << QByteArray("F16") << false;
}

// Numbers that are made into others would lie in memory twice while a model is loaded.
void ScarceMemoryTest::aFileIsInMemoryOnlyWhereItsNumbersAre() {
    QFETCH(QByteArray, dtype);
    QFETCH(bool, isShared);
    constexpr int kBytes = 4 << 20;
    const QByteArray columns = QByteArray::number(kBytes / 1024 / (dtype == "F32" ? 4 : 2));
    QByteArray header = "{\"weight\":{\"dtype\":\"" + dtype + "\",\"shape\":[1024," + columns +
                        "],\"data_offsets\":[0," + QByteArray::number(kBytes) + "]}}";
    header = header.leftJustified((header.size() + 7) / 8 * 8, ' ');
    const QTemporaryDir folder;
    const QString path = folder.filePath("diffusion_pytorch_model.safetensors");
    writeFile(path, safetensorsBytes(header, 0) + QByteArray(kBytes, '\0'));

    auto source = models::TensorSource::open(folder.path().toStdString(), models::WeightNaming::Diffusers);
    QVERIFY(source);
    const Weights weights(std::move(*source), {c10::kCPU, c10::kFloat});
    const at::Tensor numbers = weights.tensor("weight", {1024, columns.toInt()});
    QCOMPARE(numbers.sum().item<float>(), 0.0F);
    const int resident = residentOf(path);
    QVERIFY2(resident >= 0, "the file is not mapped");
    constexpr int kEdges = 64;
    QVERIFY2(isShared ? resident >= kBytes / 1024 : resident <= kEdges,
             qPrintable(QString::number(resident)));
}

void ScarceMemoryTest::tilesEqualDiffusers() {
    QFETCH(QString, name);
    const c10::InferenceMode inference;
    const TensorFile golden(kFixtures + "diffusion/tiles.safetensors");
    const TinyVae tiny(name);
    const std::string key = name.toStdString();
    const at::Tensor pixels = golden[key + "/decoded"];

    // No room at all: the smallest tiles, which are the model's own.
    const Made decoded = decodeWithin(tiny.vae, tiny.folder.vae, golden[key + "/latents"], 0);
    const Made encoded = encodeWithin(tiny.vae, tiny.folder.vae, pixels.clamp(-1, 1), 0);
    const double gate = tests::gate("vae");
    QVERIFY2(greatestDifference(decoded.result, pixels) <= gate,
             qPrintable(QString::number(greatestDifference(decoded.result, pixels))));
    QVERIFY2(greatestDifference(encoded.result, golden[key + "/moments"]) <= gate,
             qPrintable(QString::number(greatestDifference(encoded.result, golden[key + "/moments"]))));
    QVERIFY(decoded.note.find("tiles of 64") != std::string::npos);
    QVERIFY(encoded.note.find("tiles of 64") != std::string::npos);
}

void ScarceMemoryTest::whatFitsIsMadeInOnePiece() {
    QFETCH(QString, name);
    const c10::InferenceMode inference;
    const TensorFile golden(kFixtures + "diffusion/tiles.safetensors");
    const TinyVae tiny(name);
    const at::Tensor latents = golden[name.toStdString() + "/latents"];
    const Made decoded = decodeWithin(tiny.vae, tiny.folder.vae, latents, kAll);
    QVERIFY(at::equal(decoded.result, tiny.vae.decoder.forward(latents)));
    QVERIFY(decoded.note.empty());
    // So the test above would notice a decoder that never takes tiles.
    QVERIFY(greatestDifference(decoded.result, golden[name.toStdString() + "/decoded"]) >
            100 * tests::gate("vae"));
}

void ScarceMemoryTest::tilesGiveLargeBlocksBack() {
    const c10::InferenceMode inference;
    const Device cpu = openDevice("cpu");  // which has malloc keep them
    const TinyVae tiny("sd1-tiny");
    const at::Tensor latents = at::zeros({1, 4, 12, 12});
    const auto decoding = [&](std::int64_t room) {
        const BlockProbe probe;
        decodeWithin(tiny.vae, tiny.folder.vae, latents, room);
        return std::pair{probe.givenBack.load(), probe.kept.load()};
    };
    const auto [whole, wholeKept] = decoding(kAll);
    QCOMPARE(whole, 0);
    QVERIFY(wholeKept > 0);
    QVERIFY(decoding(0).first > wholeKept);
    QCOMPARE(decoding(kAll).first, 0);
}

void ScarceMemoryTest::tilesMeetWithoutASeam() {
    const c10::InferenceMode inference;
    const at::Tensor x = at::arange(40 * 28, at::kFloat).view({1, 1, 40, 28});
    // A network that sees its own place alone makes the same of parts as of the whole.
    const at::Tensor same = inTiles(x, {8, 8}, [](const at::Tensor& part) { return part * 2; });
    QVERIFY(at::allclose(same, x * 2));
    // Of one that tells where its tiles are, no two neighbours differ by more than a seam spreads out.
    int tiles = 0;
    const at::Tensor steps = inTiles(at::zeros({1, 1, 6, 32}), {8, 16}, [&](const at::Tensor& part) {
        return at::full({1, 1, 2 * part.size(2), 2 * part.size(3)}, ++tiles, at::kFloat);
    });
    QVERIFY((steps.sizes() == at::IntArrayRef{1, 1, 12, 64}));
    const at::Tensor changes = steps.slice(3, 1) - steps.slice(3, 0, -1);
    const double steepest = changes.max().item<double>();
    QVERIFY2(steepest <= 0.25 + 1e-5, qPrintable(QString::number(steepest)));
    QVERIFY(tiles > 3);
}

void ScarceMemoryTest::smallerTilesFollowWhenMemoryRunsOut() {
    const c10::InferenceMode inference;
    const TensorFile golden(kFixtures + "diffusion/tiles.safetensors");
    const TinyVae tiny("sd1-tiny");
    const at::Tensor latents = golden["sd1-tiny/latents"];
    const at::Tensor pixels = golden["sd1-tiny/decoded"];
    std::size_t whole = 0;
    {
        ScarceMemory plenty(SIZE_MAX);
        decodeWithin(tiny.vae, tiny.folder.vae, latents, kAll);
        whole = plenty.largest();
    }
    Made decoded;
    {
        ScarceMemory scarce(whole - 1);
        decoded = decodeWithin(tiny.vae, tiny.folder.vae, latents, kAll);
        QCOMPARE(scarce.refused, 1);
    }
    QVERIFY(!decoded.note.empty());
    QVERIFY(greatestDifference(decoded.result, pixels) <= tests::gate("vae"));
    {
        ScarceMemory none(64);
        QVERIFY_THROWS_EXCEPTION(c10::OutOfMemoryError,
                                 decodeWithin(tiny.vae, tiny.folder.vae, latents, kAll));
    }
    QVERIFY(isOutOfMemory(std::bad_alloc()));
    QVERIFY(!isOutOfMemory(std::runtime_error("something else")));
    try {
        at::empty({std::int64_t{1} << 50});
        QFAIL("There is more memory than there can be.");
    } catch (const std::exception& error) {
        QVERIFY2(isOutOfMemory(error), error.what());
    }
}

void ScarceMemoryTest::attentionInSlicesIsTheSame() {
    const c10::InferenceMode inference;
    constexpr std::int64_t kTokens = 9000;  // 324 MB of scores
    at::manual_seed(1);
    const at::Tensor q = at::randn({1, kTokens, 16});
    const at::Tensor k = at::randn({1, kTokens, 16});
    const at::Tensor v = at::randn({1, kTokens, 16});
    const at::Tensor fused = ops::attention(q, k, v, 1);
    at::globalContext().setSDPUseFlash(false);
    at::Tensor sliced;
    std::size_t largest = 0;
    {
        ScarceMemory watched(SIZE_MAX);
        sliced = ops::attention(q, k, v, 1);
        largest = watched.largest();
    }
    at::globalContext().setSDPUseFlash(true);
    QVERIFY2(largest <= std::size_t{256} << 20, qPrintable(QString::number(largest)));
    QVERIFY2(greatestDifference(fused, sliced) < 1e-5,
             qPrintable(QString::number(greatestDifference(fused, sliced))));
}

/// Of a picture of 128x96 the decoder's last tensors are the largest, so it is they that find no room.
void ScarceMemoryTest::shortMemoryIsTold() {
    OneModel model(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.width = 128;
    settings.height = 96;
    std::size_t most = 0;
    Drawn plenty;
    {
        ScarceMemory watched(SIZE_MAX);
        plenty = model.draw(settings);
        most = watched.largest();
    }
    QVERIFY(!plenty.problem);
    QVERIFY(plenty.images[0].note.empty());
    ScarceMemory scarce(most - 1);
    const Drawn drawn = model.draw(settings);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(scarce.refused > 0);
    QVERIFY2(drawn.images[0].note.find("tiles of 64") != std::string::npos, drawn.images[0].note.c_str());
    QVERIFY(drawn.images[0].rgb != plenty.images[0].rgb);
}

void ScarceMemoryTest::rowsAreAskedForOneByOne() {
    const c10::InferenceMode inference;
    const auto device = openDevice("cpu");
    Pipeline pipeline(kFixtures + "models/sd1-tiny", device);
    auto settings = small();
    settings.width = settings.height = 256;  // or weights are what takes most
    const auto drawingOf = [&] { return pipeline.drawingFor(settings, 0, pipeline.guidance(settings)); };
    Drawing together = drawingOf();
    Drawing narrow = drawingOf();
    std::size_t largest[2];
    {
        ScarceMemory watched(SIZE_MAX);
        pipeline.advance(std::array{&together});
        largest[0] = watched.largest();
    }
    {
        ScarceMemory watched(SIZE_MAX);
        pipeline.advance(std::array{&narrow}, Rows::OneByOne);
        largest[1] = watched.largest();
    }
    const double apart =
        greatestDifference(together.latents(), narrow.latents()) / together.latents().std().item<double>();
    QVERIFY2(apart < tests::gate("latents"), qPrintable(QString::number(apart)));
    QVERIFY(largest[1] < largest[0]);

    OneModel model(kFixtures + "models/sd1-tiny");
    const Drawn plenty = model.draw(settings);
    ScarceMemory scarce(largest[0] - 1);
    Drawn drawn;
    model.submit("scarce", settings, drawn);
    while (!drawn.isFinished) {
        model.engine().step();
        if (!drawn.progress.empty() && drawn.progress.back().step == settings.steps) {
            scarce.allow(SIZE_MAX);  // for the decoder, which takes more
        }
    }
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(scarce.refused > 0);
    QVERIFY2(drawn.images[0].note.find("one prompt after another") != std::string::npos,
             drawn.images[0].note.c_str());
    QCOMPARE(off(drawn.images[0], plenty.images[0]), std::size_t{0});
}

void ScarceMemoryTest::whatDrawsNoStepsLeavesAndComesBack() {
    const c10::InferenceMode inference;
    const EditedModel model("sd1-tiny");
    const auto folder = model.root();
    Pipeline pipeline(folder, openDevice("cpu"));
    auto settings = small();
    const at::Tensor latents = at::ones({1, 4, 8, 8});
    const auto wordsOf = [&] { return pipeline.guidance(settings)->conditions({0, 1}).front().context; };
    const at::Tensor words = wordsOf();
    const at::Tensor pixels = pipeline.decode(latents);
    const at::Tensor mean = pipeline.encode(pixels).mean;
    QVERIFY(pipeline.letTextsGo() && pipeline.letVaeGo());
    QVERIFY(!pipeline.letTextsGo() && !pipeline.letVaeGo());
    QVERIFY(wordsOf().equal(words));  // remembered
    QVERIFY2(!pipeline.letTextsGo(), "what is remembered brings nobody back");
    settings.prompt = "a blue square";
    const at::Tensor others = wordsOf();
    QVERIFY(pipeline.letTextsGo());
    QVERIFY(Pipeline(folder, openDevice("cpu"))
                .guidance(settings)
                ->conditions({0, 1})
                .front()
                .context.equal(others));
    QVERIFY(pipeline.decode(latents).equal(pixels));
    QVERIFY(pipeline.letVaeGo());
    QVERIFY(pipeline.encode(pixels).mean.equal(mean));
    // Another's weights under the same name are none of this model's.
    QVERIFY(pipeline.letVaeGo());
    std::filesystem::last_write_time(folder / kVae,
                                     std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    try {
        pipeline.decode(latents);
        QFAIL("It was read.");
    } catch (const Failure& failure) {
        QVERIFY(failure.problem().detail.find("vae have changed") != std::string::npos);
    }
}

void ScarceMemoryTest::othersLeaveBeforeItIsGivenUp() {
    OneModel model(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.guidance = 1;
    settings.width = settings.height = 256;  // or weights are what takes most
    const Drawn plenty = model.draw(settings);
    std::size_t largest = 0;
    {
        const c10::InferenceMode inference;
        Pipeline pipeline(kFixtures + "models/sd1-tiny", openDevice("cpu"));
        Drawing drawing = pipeline.drawingFor(settings, 0, pipeline.guidance(settings));
        ScarceMemory watched(SIZE_MAX);
        pipeline.advance(std::array{&drawing});
        largest = watched.largest();
    }
    ScarceMemory scarce(largest - 1);
    Drawn drawn;
    model.submit("scarce", settings, drawn);
    while (!drawn.isFinished) {
        model.engine().step();
        if (scarce.refused > 0) {
            scarce.allow(SIZE_MAX);  // as if what has left were what was lacking
        }
    }
    QCOMPARE(scarce.refused, 1);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY2(drawn.images[0].note.find("the text encoders and the VAE left") != std::string::npos,
             drawn.images[0].note.c_str());
    QVERIFY(drawn.images[0].rgb == plenty.images[0].rgb);
}

void ScarceMemoryTest::atLastTheSizeThatFitsIsNamed() {
    OneModel model(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.width = 128;
    settings.height = 128;
    QVERIFY(!model.draw(settings).problem);  // and the prompts are remembered
    {
        ScarceMemory none(1 << 14);
        const Drawn drawn = model.draw(settings);
        QVERIFY(drawn.problem);
        QVERIFY2(drawn.problem->detail.find("128x128") != std::string::npos, drawn.problem->detail.c_str());
        QVERIFY2(drawn.problem->detail.find("96x96 should fit") != std::string::npos,
                 drawn.problem->detail.c_str());
    }
    QVERIFY(!model.draw(settings).problem);
}

QTEST_GUILESS_MAIN(ScarceMemoryTest)
#include "test_scarce_memory.moc"
