// SPDX-License-Identifier: Apache-2.0
// Memory that runs out where a picture begins, and between its parts.
#include <c10/core/InferenceMode.h>

#include <QTemporaryDir>
#include <QTest>
#include <climits>

#include "server/diffusion/device.h"
#include "server/diffusion/operations/beginning.h"
#include "server/image/png.h"
#include "shared/process/files.h"
#include "tests/server/diffusion/scarce_memory.h"
#include "tests/server/diffusion/small_drawing.h"

using namespace easel;
using namespace easel::tests;

namespace {

constexpr std::size_t kLittle = 1 << 14;
const std::string kHaveLeft = "the text encoders and the VAE left it";
const std::string kReadInTiles = "the picture it begins with was read in tiles of 64";
const std::string kMadeInTiles = "its pixels were made in tiles of 64";

bool says(const Drawn& drawn, const std::string& sentence) {
    return !drawn.images.empty() && drawn.images[0].note.find(sentence) != std::string::npos;
}

image::Image picture() {
    image::Image picture{128, 96, {}};
    for (int i = 0; i < 3 * picture.width * picture.height; ++i) {
        picture.rgb.push_back(static_cast<std::uint8_t>(i * 7 % 251));
    }
    return picture;
}

}  // namespace

class ScarcePartsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void aStartIsReadInTiles();
    void othersLeaveForABeginning();
    void aBeginningThatFitsNowhereNamesTheSize();
    void betweenPassesTilesFollow();
    void othersLeaveBetweenPasses();
    void aSecondPassThatFitsNowhereNamesItsSize();

private:
    Drawn begin(std::size_t most, int times) const;
    static Drawn enlarge(std::size_t most, int times);
    /// The greatest tensor that reading the picture whole takes.
    static std::size_t largestToRead();

    QTemporaryDir m_folder;
    std::filesystem::path m_file;
};

void ScarcePartsTest::initTestCase() {
    m_file = std::filesystem::path(m_folder.path().toStdString()) / "start.png";
    const auto bytes = image::encodePng(picture(), {});
    QVERIFY(bytes && process::writeWhole(m_file, *bytes) == 0);
}

/// Draws from the picture; while that begins, tensors of more than `most` bytes are refused so many times.
Drawn ScarcePartsTest::begin(std::size_t most, int times) const {
    OneModel model(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.width = 128;
    settings.height = 96;
    settings.initImage = "start";
    Drawn drawn;
    ScarceMemory scarce(most, times);
    model.submit("one", settings, drawn, SIZE_MAX, {{generator::Material::Kind::Input, "start", m_file}});
    while (!drawn.isFinished) {
        model.engine().step();
    }
    return drawn;
}

/// Draws larger by pixels; the same happens between the passes.
Drawn ScarcePartsTest::enlarge(std::size_t most, int times) {
    OneModel model(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.width = 128;
    settings.height = 96;
    settings.hiresScale = 1.5;
    settings.hiresSteps = 2;
    settings.hiresUpscaler = "lanczos";
    Drawn drawn;
    ScarceMemory scarce(SIZE_MAX, times);
    model.submit("one", settings, drawn);
    while (!drawn.isFinished) {
        model.engine().step();
        if (!drawn.progress.empty() && drawn.progress.back().step == settings.steps) {
            scarce.allow(most);
        }
    }
    return drawn;
}

std::size_t ScarcePartsTest::largestToRead() {
    const c10::InferenceMode inference;
    const diffusion::Pipeline pipeline(kFixtures + "models/sd1-tiny", diffusion::openDevice("cpu"));
    const at::Tensor pixels = diffusion::toTensor(picture());
    const ScarceMemory watched(SIZE_MAX);
    pipeline.encode(pixels);
    return watched.largest();
}

void ScarcePartsTest::aStartIsReadInTiles() {
    const Drawn drawn = begin(largestToRead() - 1, 1);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(says(drawn, kReadInTiles));
    QVERIFY(!says(drawn, kHaveLeft));
}

void ScarcePartsTest::othersLeaveForABeginning() {
    const Drawn plenty = begin(SIZE_MAX, INT_MAX);
    QVERIFY(!plenty.problem && plenty.images[0].note.empty());
    const Drawn drawn = begin(kLittle, 1);  // as if what has left were what was lacking
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(says(drawn, kHaveLeft));
    QVERIFY(drawn.images[0].rgb == plenty.images[0].rgb);
}

void ScarcePartsTest::aBeginningThatFitsNowhereNamesTheSize() {
    const Drawn drawn = begin(kLittle, INT_MAX);
    QVERIFY(drawn.problem);
    QVERIFY2(drawn.problem->detail.find("128x96, even in parts; one of 80x80") != std::string::npos,
             drawn.problem->detail.c_str());
    QVERIFY(!begin(SIZE_MAX, INT_MAX).problem);
}

void ScarcePartsTest::betweenPassesTilesFollow() {
    const Drawn drawn = enlarge(kLittle, 1);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(says(drawn, kMadeInTiles));
    QVERIFY(!says(drawn, kHaveLeft));
}

void ScarcePartsTest::othersLeaveBetweenPasses() {
    const Drawn plenty = enlarge(SIZE_MAX, INT_MAX);
    QVERIFY(!plenty.problem && plenty.images[0].note.empty());
    const Drawn drawn = enlarge(kLittle, 2);  // in one piece, and in tiles
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(says(drawn, kHaveLeft));
    QVERIFY(!says(drawn, kMadeInTiles));
    QVERIFY(drawn.images[0].rgb == plenty.images[0].rgb);
}

void ScarcePartsTest::aSecondPassThatFitsNowhereNamesItsSize() {
    const Drawn drawn = enlarge(kLittle, INT_MAX);
    QVERIFY(drawn.problem);
    QVERIFY2(drawn.problem->detail.find("192x144, even in parts; one of 120x120") != std::string::npos,
             drawn.problem->detail.c_str());
}

QTEST_GUILESS_MAIN(ScarcePartsTest)
#include "test_scarce_parts.moc"
