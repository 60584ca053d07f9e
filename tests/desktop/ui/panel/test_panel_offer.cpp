// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "desktop/ui/panel/offer.h"
#include "shared/protocol/generation_fields.h"
#include "tests/desktop/ui/panel/families.h"

using namespace easel;
using namespace easel::tests;
using protocol::AddonKind;
using protocol::GenerationRequest;
using ui::Offer;

/// What the panel shows of what there is.
class TestPanelOffer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsWhatAModelReads_data();
    void showsWhatAModelReads();
    void showsEtaWhereTheSamplerTakesIt();
    void takesAnythingWhileNothingIsKnown();
    void leavesOutWhatTheModelDoesNotRead();
    void sendsNothingThatMeansNothing();
    void knowsWhatAddonsAreFor();
    void offersOtherModelsAsRefiners();
};

namespace {

Offer offer() {
    Offer offer;
    offer.defaultModel = "plain";
    offer.models = families();
    offer.models.push_back(quickModel());
    offer.samplers = {{"euler", "Euler", {"default"}, false}, {"ddim", "DDIM", {"default"}, true}};
    return offer;
}

GenerationRequest with(const std::string& model) {
    GenerationRequest request;
    request.prompt = "a boat";
    request.model = model;
    return request;
}

/// With everything in it.
GenerationRequest full(const std::string& model) {
    GenerationRequest request = with(model);
    request.initImage = request.mask = std::string(64, 'a');
    request.strength = 0.5;
    request.maskBlur = 8;
    request.inpaintArea = "masked";
    request.inpaintPadding = 64;
    request.extendLeft = 64;
    request.imageGuidance = 2;
    request.hiresScale = 2;
    request.hiresSteps = 10;
    request.variationStrength = 0.2;
    request.variationSeed = 7;
    request.refiner = "refiner";
    request.refinerStart = 0.7;
    request.aestheticScore = 7;
    request.originalWidth = 1024;
    request.guidanceRescale = 0.5;
    request.loras = {{"ink", 0.8, {}}};
    return request;
}

}  // namespace

void TestPanelOffer::showsWhatAModelReads_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QStringList>("fields");
    QTest::addColumn<bool>("isRead");
    const auto row = [](const char* name, const char* model, const QStringList& fields, bool isRead) {
        QTest::newRow(name) << QString(model) << fields << isRead;
    };
    row("plain", "plain", {"init_image", "strength", "mask", "extend_top", "hires_scale", "guidance_rescale"},
        true);
    row("not plain", "plain", {"image_guidance", "refiner", "aesthetic_score", "crop_left"}, false);
    row("hurried", "plain", {"guidance_from", "guidance_to", "deepcache_interval", "token_merging"}, true);
    row("not hurried", "plain", {"decoder"}, false);
    row("quick", "quick", {"deepcache_interval", "decoder"}, true);
    row("not quick", "quick", {"guidance_from", "guidance_to", "token_merging"}, false);
    row("editor", "editor", {"init_image", "image_guidance", "resize", "variation_strength"}, true);
    row("not editor", "editor",
        {"strength", "mask", "mask_blur", "extend_top", "hires_scale", "hires_steps", "guidance_rescale"},
        false);
    row("xl", "xl", {"refiner", "refiner_start", "original_width", "target_height", "mask"}, true);
    row("not xl", "xl", {"aesthetic_score", "image_guidance"}, false);
    row("refiner", "refiner", {"aesthetic_score", "negative_aesthetic_score", "strength"}, true);
    row("not refiner", "refiner", {"refiner", "refiner_start"}, false);
}

void TestPanelOffer::showsWhatAModelReads() {
    QFETCH(QString, model);
    QFETCH(QStringList, fields);
    QFETCH(bool, isRead);
    const auto request = with(model.toStdString());
    for (const QString& field : fields) {
        QVERIFY2(ui::canServe(field.toStdString(), offer(), request) == isRead, qPrintable(field));
    }
}

void TestPanelOffer::showsEtaWhereTheSamplerTakesIt() {
    auto request = with("plain");
    QVERIFY(!ui::canServe("eta", offer(), request));
    request.sampler = "ddim";
    QVERIFY(ui::canServe("eta", offer(), request));
}

void TestPanelOffer::takesAnythingWhileNothingIsKnown() {
    auto request = full("somewhere-else");
    const auto before = request;
    QVERIFY(ui::leaveOut(Offer(), request).empty());
    QCOMPARE(request, before);
}

void TestPanelOffer::leavesOutWhatTheModelDoesNotRead() {
    auto plain = full("plain");
    QCOMPARE(ui::leaveOut(offer(), plain),
             (std::vector<std::string_view>{"image_guidance", "refiner", "refiner_start", "aesthetic_score",
                                            "original_width"}));
    QVERIFY(!plain.refiner && !plain.originalWidth && plain.mask && plain.hiresScale == 2);
    auto editor = full("editor");
    ui::leaveOut(offer(), editor);
    QVERIFY(!editor.mask && !editor.extendLeft && !editor.hiresScale && !editor.strength);
    QVERIFY(editor.initImage && editor.imageGuidance == 2 && editor.loras.size() == 1);
    auto xl = full("xl");
    QCOMPARE(ui::leaveOut(offer(), xl), (std::vector<std::string_view>{"image_guidance"}));
}

void TestPanelOffer::sendsNothingThatMeansNothing() {
    auto request = full("xl");
    QCOMPARE(ui::withoutIdle(request), request);
    request.inpaintArea.reset();
    QVERIFY(!ui::withoutIdle(request).inpaintPadding && ui::withoutIdle(request).maskBlur == 8);
    request.mask.reset();
    QCOMPARE(ui::withoutIdle(request).maskBlur, 8);  // it is extended
    request.extendLeft = 0;
    QVERIFY(!ui::withoutIdle(request).maskBlur);
    request.hiresScale = 1;
    QVERIFY(!ui::withoutIdle(request).hiresSteps);
    request.variationStrength.reset();
    QVERIFY(!ui::withoutIdle(request).variationSeed);
    request.refiner.reset();
    QVERIFY(!ui::withoutIdle(request).refinerStart);
    request.mask = std::string(64, 'a');
    request.initImage.reset();
    const auto left = ui::withoutIdle(request);
    QVERIFY(!left.strength && !left.mask && !left.extendLeft && !left.imageGuidance);
    QCOMPARE(left.loras, request.loras);
    QCOMPARE(left.prompt, request.prompt);
}

void TestPanelOffer::knowsWhatAddonsAreFor() {
    Offer there = offer();
    protocol::AddonInfo broken = addon(AddonKind::Lora, "broken");
    broken.why = "It is cut short.";
    there.addons = {addon(AddonKind::Lora, "one", "Stable Diffusion 1"),
                    addon(AddonKind::Lora, "xl", "Stable Diffusion XL"),
                    addon(AddonKind::Lora, "flux", "FLUX.1"),
                    addon(AddonKind::Lora, "any"),
                    addon(AddonKind::Vae, "vae"),
                    broken};
    const auto names = [&](const std::string& model, AddonKind kind) {
        QStringList found;
        for (const auto& each : there.addonsFor(there.modelOf(with(model)), kind)) {
            found << QString::fromStdString(each.name);
        }
        return found;
    };
    QCOMPARE(names("plain", AddonKind::Lora), (QStringList{"one", "any"}));
    QCOMPARE(names("xl", AddonKind::Lora), (QStringList{"xl", "any"}));
    QCOMPARE(names("plain", AddonKind::Vae), QStringList{"vae"});
    QCOMPARE(names("plain", AddonKind::ControlNet), QStringList());
}

void TestPanelOffer::offersOtherModelsAsRefiners() {
    Offer there = offer();
    there.models.push_back(xlModel("xl-two"));
    const auto refiners = there.refinersFor(there.modelOf(with("xl")));
    QCOMPARE(refiners.size(), std::size_t{2});
    QCOMPARE(refiners[0].id, "refiner");
    QCOMPARE(refiners[1].id, "xl-two");
}

QTEST_GUILESS_MAIN(TestPanelOffer)
#include "test_panel_offer.moc"
