// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/protocol/infotext.h"

using namespace easel::protocol;

class TestInfotext : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void writesWhatTheFieldReads() {
        GenerationSettings settings;
        settings.model = "starter";
        settings.prompt = "red fox";
        settings.negativePrompt = "blur";
        settings.width = 128;
        settings.height = 64;
        settings.steps = 20;
        settings.guidance = 3.5;
        settings.sampler = "dpmpp_2m";
        settings.schedule = "karras";
        settings.seed = 41;
        QCOMPARE(toInfotext(settings, "0.1.0"),
                 "red fox\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, "
                 "CFG scale: 3.5, Seed: 41, Size: 128x64, Model: starter, RNG: CPU, Version: Easel 0.1.0");
    }

    void comesBackAsItWas_data() {
        QTest::addColumn<QString>("prompt");
        QTest::addColumn<QString>("negative");
        QTest::addColumn<QString>("model");
        QTest::newRow("plain") << "fox"
                               << ""
                               << "starter";
        QTest::newRow("several lines") << "fox\nwith: colons, commas\nSteps: 3"
                                       << "blur\nnoise"
                                       << "a";
        QTest::newRow("quotes") << "a \"fox\""
                                << ""
                                << "my, \"odd\": model";
        QTest::newRow("unicode") << QString::fromUtf8("\u732b \U0001F431") << ""
                                 << QString::fromUtf8("mod\u00e8le");
        QTest::newRow("backslash") << "a\\b"
                                   << "c\\"
                                   << "a:b\\";
    }

    void comesBackAsItWas() {
        QFETCH(QString, prompt);
        QFETCH(QString, negative);
        QFETCH(QString, model);
        GenerationSettings settings;
        settings.prompt = prompt.toStdString();
        settings.negativePrompt = negative.toStdString();
        settings.model = model.toStdString();
        settings.sampler = "euler_a";
        settings.seed = 9007199254740991;
        settings.guidance = 7.25;
        const auto back = fromInfotext(toInfotext(settings, "0.1.0"));
        QVERIFY(back.has_value());
        QVERIFY(*back == settings);
    }

    void readsOtherToolsFiles() {
        const auto settings = fromInfotext(
            "castle, (stone:1.2)\nNegative prompt: people\nSteps: 30, Sampler: DPM++ 2M Karras, CFG scale: "
            "6, "
            "Seed: 7, Size: 512x768, Model hash: abc, Model: dream, Lora hashes: \"x: 1, y: 2\", Version: "
            "v1.6.0");
        QVERIFY(settings.has_value());
        QCOMPARE(settings->prompt, "castle, (stone:1.2)");
        QCOMPARE(settings->sampler, "dpmpp_2m");
        QCOMPARE(settings->schedule, "karras");
        QCOMPARE(settings->height, 768);
        QCOMPARE(settings->model, "dream");
    }

    void otherTextIsNotSettings() {
        QVERIFY(!fromInfotext(""));
        QVERIFY(!fromInfotext("just a caption"));
        QVERIFY(!fromInfotext("a: 1, b: 2, c: 3"));
        QVERIFY(!fromInfotext(std::string(100000, ':')));
        QVERIFY(!fromInfotext("Steps: \"unclosed"));
    }
};

QTEST_APPLESS_MAIN(TestInfotext)
#include "test_infotext.moc"
