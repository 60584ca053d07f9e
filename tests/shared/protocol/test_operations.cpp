// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/protocol/json.h"
#include "shared/protocol/operations.h"
#include "shared/protocol/validation.h"

using namespace easel::protocol;

namespace {

ModelInfo modelOf(const std::string& family, std::vector<std::string> operations) {
    ModelInfo model;
    model.id = "model";
    model.family = family;
    model.operations = std::move(operations);
    model.strength = 0.3;
    return model;
}

const ModelInfo kPlain = modelOf("stable-diffusion", {"text_to_image", "image_to_image", "inpaint"});
const ModelInfo kXL =
    modelOf("stable-diffusion-xl", {"text_to_image", "image_to_image", "inpaint", "refine"});
const ModelInfo kRefiner = modelOf("stable-diffusion-xl-refiner", {"image_to_image", "inpaint", "refine"});
const ModelInfo kEditor = modelOf("stable-diffusion", {"edit"});
const ModelInfo kFiller = modelOf("stable-diffusion", {"inpaint"});

}  // namespace

Q_DECLARE_METATYPE(ModelInfo)
Q_DECLARE_METATYPE(GenerationRequest)

class TestOperations : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatAModelCannotDoIsRefusedByTheField_data();
    void whatAModelCannotDoIsRefusedByTheField();
    void aModelThatTellsNothingIsTaken();
    void theStrengthIsTheModelsWhereThereIsAPicture();
    void operationsTravel();
};

void TestOperations::whatAModelCannotDoIsRefusedByTheField_data() {
    QTest::addColumn<ModelInfo>("model");
    QTest::addColumn<GenerationRequest>("request");
    QTest::addColumn<QString>("field");
    GenerationRequest words;
    words.prompt = "fox";
    GenerationRequest picture = words;
    picture.initImage = "abc";
    GenerationRequest masked = picture;
    masked.mask = "def";
    GenerationRequest extended = picture;
    extended.extendLeft = 64;

    QTest::newRow("words") << kPlain << words << "";
    QTest::newRow("a picture") << kPlain << picture << "";
    QTest::newRow("a mask") << kPlain << masked << "";
    GenerationRequest strong = picture;
    strong.strength = 0.9;
    QTest::newRow("an editor reads no strength") << kEditor << strong << "strength";
    QTest::newRow("a refiner needs a picture") << kRefiner << words << "init_image";
    QTest::newRow("a refiner goes on with one") << kRefiner << picture << "";
    QTest::newRow("an editor needs a picture") << kEditor << words << "init_image";
    QTest::newRow("an editor edits one") << kEditor << picture << "";
    QTest::newRow("an editor takes no mask") << kEditor << masked << "mask";
    QTest::newRow("an editor does not extend") << kEditor << extended << "mask";
    QTest::newRow("a filler needs a picture") << kFiller << words << "init_image";
    QTest::newRow("a filler needs a mask") << kFiller << picture << "mask";
    QTest::newRow("a filler fills") << kFiller << masked << "";
    QTest::newRow("a filler extends") << kFiller << extended << "";

    using Request = GenerationRequest;
    for (const auto& [field, size] : {std::pair{"original_width", &Request::originalWidth},
                                      {"original_height", &Request::originalHeight},
                                      {"crop_left", &Request::cropLeft},
                                      {"crop_top", &Request::cropTop},
                                      {"target_width", &Request::targetWidth},
                                      {"target_height", &Request::targetHeight}}) {
        GenerationRequest told = words;
        told.*size = 512;
        QTest::addRow("%s", field) << kPlain << told << field;
        QTest::addRow("%s of XL", field) << kXL << told << "";
    }
    GenerationRequest refined = words;
    refined.refiner = "other";
    QTest::newRow("a refiner of another family") << kPlain << refined << "refiner";
    QTest::newRow("a refiner of XL") << kXL << refined << "";
    GenerationRequest scored = words;
    scored.aestheticScore = 7;
    QTest::newRow("a score for nobody") << kPlain << scored << "aesthetic_score";
    scored.refiner = "other";
    QTest::newRow("a score for the refiner") << kXL << scored << "";
    scored = words;
    scored.negativeAestheticScore = 1;
    QTest::newRow("a negative score for nobody") << kPlain << scored << "negative_aesthetic_score";
    GenerationRequest guided = picture;
    guided.imageGuidance = 2;
    QTest::newRow("image guidance") << kPlain << guided << "image_guidance";
    QTest::newRow("image guidance of an editor") << kEditor << guided << "";
    guided = picture;
    guided.guidanceRescale = 0.5;
    QTest::newRow("rescaled guidance of an editor") << kEditor << guided << "guidance_rescale";
    QTest::newRow("rescaled guidance") << kPlain << guided << "";
}

void TestOperations::whatAModelCannotDoIsRefusedByTheField() {
    QFETCH(ModelInfo, model);
    QFETCH(GenerationRequest, request);
    QFETCH(QString, field);
    const auto made = resolve(request, model, Limits{}, [] { return std::int64_t(1); });
    QCOMPARE(made.has_value(), field.isEmpty());
    if (!made) {
        QCOMPARE(made.error().status, 422);
        QCOMPARE(QString::fromStdString(made.error().field.value_or("")), field);
    }
}

void TestOperations::aModelThatTellsNothingIsTaken() {
    GenerationRequest request;
    request.prompt = "fox";
    request.initImage = "abc";
    request.mask = "def";
    request.cropLeft = 8;
    QVERIFY(resolve(request, modelOf("", {}), Limits{}, [] { return std::int64_t(1); }));
}

void TestOperations::theStrengthIsTheModelsWhereThereIsAPicture() {
    GenerationRequest request;
    request.prompt = "fox";
    const auto strength = [&request] {
        return resolve(request, kXL, Limits{}, [] { return std::int64_t(1); })->strength;
    };
    QCOMPARE(strength(), GenerationSettings().strength);  // it goes without saying
    request.initImage = "abc";
    QCOMPARE(strength(), 0.3);
    request.strength = 0.5;
    QCOMPARE(strength(), 0.5);
}

void TestOperations::operationsTravel() {
    const ModelPage page{{kXL, kEditor}};
    const auto read = parseModelPage(toJson(page));
    QVERIFY(read);
    QVERIFY(*read == page);
}

QTEST_GUILESS_MAIN(TestOperations)
#include "test_operations.moc"
