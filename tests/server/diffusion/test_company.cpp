// SPDX-License-Identifier: Apache-2.0
// Pictures are the same alone and in company: for every sampler, with others of random prompts, samplers,
// steps and guidance that come and go while it is drawn.
#include <QJsonObject>
#include <QTest>
#include <array>
#include <list>
#include <random>

#include "server/diffusion/pipeline.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/one_model.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"
#include "tests/support/same_picture.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kModels = EASEL_SOURCE_DIR "/tests/fixtures/models";

struct Sampling {
    std::string sampler;
    std::string schedule;
};

std::vector<Sampling> samplings() {
    std::vector<Sampling> all;
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        for (const std::string_view schedule : kind.schedules) {
            if (schedule == "default" || schedule == "karras") {  // the others differ in numbers alone
                all.push_back({std::string(kind.name), std::string(schedule)});
            }
        }
    }
    return all;
}

protocol::GenerationSettings settings(const Sampling& sampling) {
    protocol::GenerationSettings made;
    made.prompt = "a photo of an astronaut riding a horse on mars";
    made.negativePrompt = "blurry";
    made.width = 104;
    made.height = 72;
    made.steps = 10;
    made.guidance = 7.5;
    made.sampler = sampling.sampler;
    made.schedule = sampling.schedule;
    made.seed = 42;
    return made;
}

protocol::GenerationSettings anyone(std::mt19937& random) {
    static const auto all = samplings();
    static const std::array<const char*, 4> kPrompts{"", "a red circle", "two foxes in the snow", "mars"};
    const auto below = [&random](int limit) {
        return static_cast<int>(random() % static_cast<unsigned>(limit));
    };
    auto made = settings(all[random() % all.size()]);
    made.prompt = kPrompts[random() % kPrompts.size()];
    made.steps = 4 + below(12);
    made.guidance = below(3) == 0 ? 1 : 1 + below(12);
    made.seed = below(1000);
    return made;
}

std::string nameOf(const Sampling& sampling) {
    return sampling.sampler + " " + sampling.schedule;
}

}  // namespace

class CompanyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void latentsAreTheSame_data();
    void latentsAreTheSame();
    void picturesAreTheSame();
    void aShapeOfItsOwnIsDrawnInBetween();
    void newcomersStepAtOnce();
    void whoIsCancelledLeavesTheOthersAlone();
};

void CompanyTest::latentsAreTheSame_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<int>("sampling");
    const auto all = samplings();
    for (const char* model : {"sd1-tiny", "sd2-tiny"}) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            QTest::addRow("%s %s", model, nameOf(all[i]).c_str()) << model << static_cast<int>(i);
        }
    }
}

void CompanyTest::latentsAreTheSame() {
    QFETCH(QString, model);
    QFETCH(int, sampling);
    const c10::InferenceMode inference;
    Pipeline pipeline(kModels / model.toStdString(), openDevice("cpu"));
    const auto own = settings(samplings()[static_cast<std::size_t>(sampling)]);
    const auto begin = [&](const protocol::GenerationSettings& each) {
        return pipeline.drawingFor(each, 0, pipeline.guidance(each));
    };
    Drawing alone = begin(own);
    while (!alone.done()) {
        pipeline.advance(std::array{&alone});
    }
    const double unit = alone.latents().std().item<double>();
    const double gate = tests::gate("latents");
    for (const int company : {1, 3, 7}) {
        std::mt19937 random(static_cast<unsigned>(100 * sampling + company));
        Drawing drawing = begin(own);
        std::list<Drawing> others;
        while (!drawing.done()) {
            others.remove_if([](const Drawing& other) { return other.done(); });
            while (others.size() < static_cast<std::size_t>(company)) {
                others.push_back(begin(anyone(random)));
            }
            std::vector<Drawing*> together;
            for (Drawing& other : others) {
                together.push_back(&other);
            }
            together.insert(together.begin() + static_cast<std::ptrdiff_t>(random() % (together.size() + 1)),
                            &drawing);
            pipeline.advance(together);
        }
        const double difference = tests::greatestDifference(drawing.latents(), alone.latents()) / unit;
        qInfo("%s, %d others: %.1e of a deviation (gate %.1e)", QTest::currentDataTag(), company, difference,
              gate);
        QVERIFY(difference <= gate);
    }
}

void CompanyTest::picturesAreTheSame() {
    tests::OneModel model(kModels / "sd1-tiny");
    std::mt19937 random(7);
    std::vector<protocol::GenerationSettings> wanted;
    for (const Sampling& sampling : samplings()) {
        wanted.push_back(settings(sampling));
        wanted.push_back(anyone(random));
    }
    wanted.back().count = 3;
    std::vector<tests::Drawn> alone;
    for (const auto& each : wanted) {
        alone.push_back(model.draw(each));
    }
    std::vector<tests::Drawn> together(wanted.size());
    std::size_t begun = 0;
    const auto left = [&] {
        return std::ranges::count_if(together, [](const tests::Drawn& drawn) { return !drawn.isFinished; });
    };
    while (left() > 0) {
        if (begun < wanted.size() && random() % 3 == 0) {
            model.submit(std::to_string(begun), wanted[begun], together[begun]);
            ++begun;
        } else if (begun > 0) {
            // Steps wait when nothing is under way, so somebody must be.
            const auto first = together.begin();
            if (std::any_of(first, first + static_cast<std::ptrdiff_t>(begun),
                            [](const tests::Drawn& drawn) { return !drawn.isFinished; })) {
                model.engine().step();
            }
        }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        QVERIFY(!together[i].problem);
        QCOMPARE(together[i].images.size(), alone[i].images.size());
        for (std::size_t image = 0; image < alone[i].images.size(); ++image) {
            QVERIFY2(tests::isSamePicture(together[i].images[image], alone[i].images[image]),
                     qPrintable(QString("request %1, picture %2").arg(i).arg(image)));
        }
    }
}

void CompanyTest::aShapeOfItsOwnIsDrawnInBetween() {
    tests::OneModel model(kModels / "sd1-tiny");
    auto large = settings({"ddim", "default"});
    large.width = large.height = 512;
    large.steps = 20;
    auto small = settings({"ddim", "default"});
    small.width = small.height = 64;
    small.steps = 20;
    tests::Drawn largeOne;
    tests::Drawn smallOne;
    model.submit("large", large, largeOne);
    for (int i = 0; i < 3; ++i) {
        model.engine().step();
    }
    model.submit("small", small, smallOne);
    while (!smallOne.isFinished) {
        model.engine().step();
    }
    QVERIFY(!smallOne.problem);
    QVERIFY(!largeOne.isFinished);
    // Had they taken turns step by step, the large one would be nearly as far.
    QVERIFY2(largeOne.progress.back().step <= 12, qPrintable(QString::number(largeOne.progress.back().step)));
    while (!largeOne.isFinished) {
        model.engine().step();
    }
    QVERIFY(!largeOne.problem);
}

void CompanyTest::newcomersStepAtOnce() {
    tests::OneModel model(kModels / "sd1-tiny");
    std::list<tests::Drawn> crowd;
    auto longOne = settings({"euler", "default"});
    longOne.steps = 100;
    for (int i = 0; i < 7; ++i) {
        model.submit("crowd " + std::to_string(i), longOne, crowd.emplace_back());
    }
    for (int i = 0; i < 20; ++i) {
        model.engine().step();
    }
    tests::Drawn newcomer;
    model.submit("newcomer", settings({"euler", "default"}), newcomer);
    model.engine().step();
    QCOMPARE(newcomer.progress.back().step, 1);
}

void CompanyTest::whoIsCancelledLeavesTheOthersAlone() {
    tests::OneModel model(kModels / "sd1-tiny");
    const auto own = settings({"dpmpp_2m", "karras"});
    const tests::Drawn alone = model.draw(own);
    tests::Drawn stays;
    tests::Drawn leaves;
    model.submit("leaves", own, leaves, 5);
    model.submit("stays", own, stays);
    while (!stays.isFinished) {
        model.engine().step();
    }
    QVERIFY(leaves.isFinished && leaves.problem && leaves.images.empty());
    QCOMPARE(leaves.progress.size(), std::size_t{5});
    QVERIFY(!stays.problem);
    QCOMPARE(stays.images.size(), std::size_t{1});
    QVERIFY(tests::isSamePicture(stays.images.front(), alone.images.front()));
}

QTEST_GUILESS_MAIN(CompanyTest)
#include "test_company.moc"
