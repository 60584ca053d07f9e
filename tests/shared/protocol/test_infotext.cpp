// SPDX-License-Identifier: Apache-2.0
#include <QRandomGenerator>
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

    void whatIsAddedComesBack() {
        GenerationSettings settings;
        settings.prompt = "fox";
        settings.model = "starter";
        settings.sampler = "euler";
        settings.loras = {{"pen", 0.8, {}, {1, 0, -0.5}}, {"ink wash", -1, 0.25}, {"chalk", 1, 0, {0.25}}};
        settings.controls = {{"canny", std::string(64, 'a'), 0.5, 0.25, 0.75},
                             {"depth", std::string(64, 'b')}};
        settings.vae = "mended, v2";
        settings.inpaintArea = "masked";
        const auto back = fromInfotext(toInfotext(settings, "0.1.0"));
        QVERIFY(back.has_value());
        QVERIFY(*back == settings);
    }

    /// Whatever is in the prompts: their lines, blanks and line ends come back.
    void comesBackWhateverItHolds() {
        const QStringList pieces{"Negative prompt:",
                                 "negative prompt: ",
                                 "Steps:",
                                 "Steps: 20, Seed: 1, Size: 8x8",
                                 "\n",
                                 "\r\n",
                                 "\r",
                                 " ",
                                 "\t",
                                 "\"",
                                 "\\",
                                 ",",
                                 ":",
                                 "|",
                                 "fox",
                                 "Easel prompt: \"x\"",
                                 "<lora:a:1>",
                                 QString::fromUtf8("\u732b\u2028"),
                                 "\\n"};
        QRandomGenerator random(41);
        const auto hostile = [&] {
            QString text;
            for (int i = random.bounded(8); i > 0; --i) {
                text += pieces[random.bounded(pieces.size())];
            }
            return text.toStdString();
        };
        for (int i = 0; i < 20'000; ++i) {
            GenerationSettings settings;
            settings.prompt = hostile();
            settings.negativePrompt = hostile();
            settings.model = hostile();
            settings.sampler = "euler";
            settings.guidance = random.generateDouble() * 30;
            const std::string text = toInfotext(settings, "0.1.0");
            const auto back = fromInfotext(text);
            QVERIFY2(back && *back == settings, text.c_str());
        }
    }

    void repeatsPromptsOnlyWhereTheyWouldBeCut() {
        GenerationSettings settings;
        settings.prompt = "a sign, that says:\n\"none\"";
        settings.negativePrompt = "blurry";
        QVERIFY(!QByteArray::fromStdString(toInfotext(settings, "0.1.0")).contains("Easel prompt"));
        settings.prompt = "a sign that says\nNegative prompt: none";
        const std::string text = toInfotext(settings, "0.1.0");
        QVERIFY(text.starts_with(settings.prompt + "\nNegative prompt: blurry\nSteps: "));
        QVERIFY(
            text.ends_with("Easel prompt: \"a sign that says\\nNegative prompt: none\", Easel negative "
                           "prompt: \"blurry\", RNG: CPU, Version: Easel 0.1.0"));
    }

    void readsOtherForms_data() {
        QTest::addColumn<QString>("text");
        const QString line =
            "Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1234, Size: 512x768, Model: foo";
        QTest::newRow("lines after the settings")
            << "red fox\nNegative prompt: blurry\n" + line +
                   "\nTemplate: {red|blue} fox\nNegative Template: a, b: c, d: e";
        QTest::newRow("bars")
            << "red fox\nNegative prompt: blurry\nSteps: 20 | Seed: 1234 | Sampler: Euler a | "
               "CFG scale: 7.5 | Size: 512x768 | Parser: Full, parser | Model: foo";
        QTest::newRow("lower case") << "red fox\nnegative prompt: blurry\n" +
                                           line.toLower().replace("euler a", "Euler a");
        QTest::newRow("Windows' line ends") << "red fox\r\nNegative prompt: blurry\r\n" + line + "\r\n";
        QTest::newRow("another order") << "red fox\nNegative prompt: blurry\nSampler: Euler a, CFG scale: "
                                          "7.5, Seed: 1234, Size: 512x768, "
                                          "Model: foo, Steps: 20";
        QTest::newRow("a prompt like settings")
            << "red fox\nNegative prompt: blurry\nSteps: 9, Seed: 9, Size: 9x9\n" + line;
    }

    void readsOtherForms() {
        QFETCH(QString, text);
        const auto settings = fromInfotext(text.toStdString());
        QVERIFY(settings);
        QCOMPARE(settings->prompt, "red fox");
        QVERIFY(settings->negativePrompt.starts_with("blurry"));
        QCOMPARE(settings->steps, 20);
        QCOMPARE(settings->seed, 1234);
        QCOMPARE(settings->guidance, 7.5);
        QCOMPARE(settings->height, 768);
        QCOMPARE(settings->sampler, "euler_a");
        QCOMPARE(settings->model, "foo");
    }

    void saysWhatIsNotSupported() {
        using Words = std::vector<std::string>;
        const std::string line = "Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1234, Size: 512x512";
        QCOMPARE(unsupportedIn("red fox\n" + line), Words{});
        QCOMPARE(unsupportedIn("red fox\n" + line + ", Clip skip: 1, VAE: None"), Words{});
        QCOMPARE(
            unsupportedIn("red <lora:fur:0.8> fox\n" + line +
                          ", Denoising strength: 0.4, Clip skip: 2, Hires upscale: 2, VAE hash: ab, VAE: "
                          "x.pt, Lora hashes: \"fur: 12, b: 3\""),
            Words{});
        QCOMPARE(unsupportedIn("fox\n" + line + ", denoising strength: 0.7, ControlNet 0: \"a: b\""),
                 (Words{"start picture", "ControlNet"}));
        GenerationSettings ours;
        ours.prompt = "fox";
        ours.controls = {{"canny", std::string(64, 'c'), 1, 0, 1}};
        QCOMPARE(unsupportedIn(toInfotext(ours, "1")), Words{});
    }

    void passesAreSaidAsOthersDo() {
        GenerationSettings settings;
        settings.prompt = "fox";
        settings.hiresScale = 1.5;
        settings.hiresSteps = 12;
        settings.hiresStrength = 0.75;  // the usual strength of a start picture; it is said nevertheless
        settings.hiresUpscaler = "lanczos";
        settings.variationSeed = 9;
        settings.variationStrength = 0.25;
        const auto hires = toInfotext(settings, "1");
        for (const char* const part : {", Denoising strength: 0.75,",
                                       ", Hires upscale: 1.5, Hires steps: 12, Hires upscaler: Lanczos,",
                                       ", Variation seed strength: 0.25, Variation seed: 9,"}) {
            QVERIFY2(hires.find(part) != std::string::npos, hires.c_str());
        }
        QVERIFY(*fromInfotext(hires) == settings);
        QVERIFY(unsupportedIn(hires).empty());

        GenerationSettings masked;
        masked.prompt = "fox";
        masked.initImage = "a";
        masked.mask = "b";
        masked.maskBlur = 8;
        masked.maskedContent = "noise";
        masked.inpaintArea = "masked";
        const auto inpaint = toInfotext(masked, "1");
        for (const char* const part :
             {", Denoising strength: 0.75,", ", Mask blur: 8, Masked content: latent noise,",
              ", Inpaint area: Only masked,"}) {
            QVERIFY2(inpaint.find(part) != std::string::npos, inpaint.c_str());
        }
        QVERIFY(*fromInfotext(inpaint) == masked);
        QVERIFY(unsupportedIn(inpaint).empty());
    }

    void secondPassesOfOthersAreRead() {
        const std::string line = "fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512";
        const auto scaled = line +
                            ", Denoising strength: 0.55, Hires upscale: 2, Hires steps: 10, Hires "
                            "upscaler: Latent (bicubic antialiased)";
        const auto settings = fromInfotext(scaled);
        QCOMPARE(settings->hiresScale, 2.0);
        QCOMPARE(settings->hiresSteps, 10);
        QCOMPARE(settings->hiresStrength, 0.55);
        QCOMPARE(settings->hiresUpscaler, "latent");
        QCOMPARE(settings->strength, GenerationSettings().strength);
        const auto sized =
            line + ", Denoising strength: 0.4, Hires resize: 768x768, Hires upscaler: R-ESRGAN";
        QCOMPARE(fromInfotext(sized)->hiresScale, 1.5);
        QCOMPARE(unsupportedIn(sized), std::vector<std::string>{"hires upscaler"});
        QVERIFY(unsupportedIn(scaled).empty());
    }

    void whatOthersAloneKnowIsTakenAsUsualAndSaid() {
        const std::string line = "fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x768";
        const auto emphasised = line + ", Emphasis: No norm";
        QCOMPARE(fromInfotext(emphasised)->emphasis, "no_norm");
        QVERIFY(unsupportedIn(emphasised).empty());
        GenerationSettings own = *fromInfotext(emphasised);
        QVERIFY(toInfotext(own, "1").find(", Emphasis: No norm,") != std::string::npos);
        const auto foreign = line + ", Emphasis: Ignore, Masked content: latent nothing";
        QCOMPARE(fromInfotext(foreign)->emphasis, "original");
        QCOMPARE(fromInfotext(foreign)->maskedContent, "original");
        QCOMPARE(unsupportedIn(foreign), (std::vector<std::string>{"emphasis", "masked content"}));
        const auto second = line +
                            ", Denoising strength: 0.5, Hires prompt: \"a, b\", Hires resize: 0x1152, Hires "
                            "sampler: DDIM, Hires upscaler: 4x-UltraSharp";
        QCOMPARE(fromInfotext(second)->hiresScale, 1.5);
        QCOMPARE(fromInfotext(second)->hiresUpscaler, "latent");
        QCOMPARE(unsupportedIn(second),
                 (std::vector<std::string>{"hires upscaler", "hires sampler", "hires prompt"}));
    }

    void whatIsNoNumberIsNone() {
        const auto settings = fromInfotext(
            "fox\nSteps: 20, Sampler: Euler, CFG scale: nan, Seed: 99999999999999999999, Size: "
            "512x99999999999, Eta: inf, Hires upscale: -inf, Hires resize: 9x");
        const GenerationSettings usual;
        QCOMPARE(settings->guidance, usual.guidance);
        QCOMPARE(settings->eta, usual.eta);
        QCOMPARE(settings->hiresScale, usual.hiresScale);
        QCOMPARE(settings->seed, usual.seed);
        QCOMPARE(settings->height, usual.height);
    }

    void clipSkipIsWrittenWhereItIsNotTheUsual() {
        GenerationSettings settings;
        settings.prompt = "fox";
        QVERIFY(toInfotext(settings, "1").find("Clip skip") == std::string::npos);
        settings.clipSkip = 2;
        const std::string text = toInfotext(settings, "1");
        QVERIFY(text.find(", Clip skip: 2,") != std::string::npos);
        QCOMPARE(fromInfotext(text)->clipSkip, 2);
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
