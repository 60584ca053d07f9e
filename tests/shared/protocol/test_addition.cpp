// SPDX-License-Identifier: Apache-2.0
// What is added to a model, as JSON and forms have it.
#include <QTest>
#include <limits>

#include "shared/protocol/addition.h"
#include "shared/protocol/json.h"

using namespace easel::protocol;

class TestAddition : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lorasAsText_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<std::vector<LoraUse>>("loras");
        const auto row = [](const char* text, const std::vector<LoraUse>& loras) {
            QTest::newRow(text) << QString(text) << loras;
        };
        row("pen:0.8", {{"pen", 0.8, {}}});
        row("pen:0.8:0", {{"pen", 0.8, 0}});
        row("pen:1:blocks=1/0/-0.5", {{"pen", 1, {}, {1, 0, -0.5}}});
        row("pen:1:0.5:blocks=0.25, ink wash:-1", {{"pen", 1, 0.5, {0.25}}, {"ink wash", -1, {}}});
    }

    void lorasAsText() {
        QFETCH(QString, text);
        QFETCH(std::vector<LoraUse>, loras);
        std::vector<LoraUse> back;
        QVERIFY(read(text.toStdString(), back));
        QVERIFY(back == loras);
        QCOMPARE(QString::fromStdString(spelled(loras)), text);
        GenerationRequest request;
        request.prompt = "fox";
        request.loras = loras;
        QVERIFY(parseRequest(toJson(request)) == request);
    }

    void aWeightMayBeLeftOut() {
        std::vector<LoraUse> loras;
        QVERIFY(read("pen : blocks=1 / 0 / 1", loras));
        QVERIFY((loras == std::vector<LoraUse>{{"pen", 1, {}, {1, 0, 1}}}));
    }

    void whatIsOtherwiseIsNotRead() {
        std::vector<LoraUse> loras{{"kept", 1, {}}};
        for (const char* text : {"pen:blocks=", "pen:blocks=1/", "pen:blocks=a", "pen:blocks=1:1",
                                 "pen:1:2:3:blocks=1", ":blocks=1", "pen:blocks=1/nan"}) {
            QVERIFY2(!read(text, loras), text);
        }
        QCOMPARE(loras.front().name, std::string("kept"));
    }

    void blocksHaveBounds() {
        const auto field = [](std::vector<double> blocks) {
            const auto problem = objectionTo(std::vector<LoraUse>{{"pen", 1, {}, std::move(blocks)}});
            return problem ? problem->field.value_or("") : "none";
        };
        QCOMPARE(field({-10, 0, 10}), std::string("none"));
        QCOMPARE(field(std::vector<double>(kMaxLoraBlocks, 1)), std::string("none"));
        QCOMPARE(field(std::vector<double>(kMaxLoraBlocks + 1, 1)), std::string("loras"));
        QCOMPARE(field({0, 10.5, 0}), std::string("loras"));
        QCOMPARE(field({std::numeric_limits<double>::quiet_NaN()}), std::string("loras"));
    }

    void blocksAreNumbers() {
        for (const char* blocks : {R"("1/0/1")", R"([1,"0"])", R"({"middle":1})", "0.5"}) {
            const auto request = parseRequest(std::string(R"({"prompt":"fox","loras":[{"name":"pen",)") +
                                              R"("blocks":)" + blocks + "}]}");
            QVERIFY2(!request && request.error().field == "blocks", blocks);
        }
    }
};

QTEST_GUILESS_MAIN(TestAddition)
#include "test_addition.moc"
