// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <memory>
#include <string>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "server/generator/test_pattern.h"
#include "server/image/png.h"
#include "shared/protocol/infotext.h"
#include "tests/server/commands/program.h"

using namespace easel;

namespace {

std::vector<std::uint8_t> bytesOf(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    const QByteArray bytes = file.readAll();
    return {bytes.begin(), bytes.end()};
}

}  // namespace

class TestGenerate : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_folder;

    QString file(const QString& name) const { return m_folder->filePath(name); }
    QStringList pictures() const { return QDir(m_folder->path()).entryList({"*.png", "*.part"}); }
    QStringList command(const QString& prompt, const QStringList& more = {},
                        const QString& model = "good") const {
        return QStringList{"generate", "--prompt", prompt, "--model", modelNamed(model, m_folder->path()),
                           "--worker", FAKE_WORKER} +
               more;
    }

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void wrongArguments_data() {
        QTest::addColumn<QStringList>("arguments");  // "…" stands for a command that is in order
        QTest::addColumn<QByteArray>("named");
        const auto row = [](const char* name, const QStringList& arguments, const char* named) {
            QTest::newRow(name) << arguments << QByteArray(named);
        };
        row("no command", {}, "subcommand");
        row("unknown command", {"paint"}, "subcommand");
        row("no prompt", {"generate"}, "--prompt");
        row("unknown flag", {"…", "--colour", "red"}, "--colour");
        row("no number", {"…", "--count", "many"}, "--count");
        row("too large a number", {"…", "--count", "99999999999"}, "--count");
        row("no such model", {"generate", "--prompt", "x", "--model", "/nowhere"}, "--model");
        row("no such device", {"…", "--device", "cuda:x"}, "--device");
        row("no such precision", {"…", "--precision", "fp8"}, "--precision");
        row("steps", {"…", "--steps", "0"}, "--steps");
        row("width", {"…", "--width", "65"}, "--width");
        row("guidance", {"…", "--guidance", "31"}, "--guidance");
        row("sampler", {"…", "--sampler", "best"}, "--sampler");
        row("schedule", {"…", "--schedule", "best"}, "--schedule");
        row("count", {"…", "--count", "17"}, "--count");
        row("seed", {"…", "--seed", "-2"}, "--seed");
        row("not a PNG file", {"…", "--output", "fox.jpg"}, "--output");
        row("previews, for nobody watches", {"…", "--preview-every", "2"}, "--preview-every");
        row("no such folder", {"…", "--output", "/nowhere/fox.png"}, "--output");
    }

    void wrongArguments() {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, named);
        if (arguments.value(0) == "…") {
            arguments = command("a fox") + arguments.mid(1);
        }
        Program program(arguments, m_folder->path());
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY2(program.errors().contains(named), program.errors());
        QVERIFY(program.output().isEmpty());
        QVERIFY(pictures().isEmpty());
    }

    void helps() {
        for (const QStringList& arguments :
             {QStringList{"--help"}, {"generate", "--help"}, {"serve", "--help"}, {"--version"}}) {
            Program program(arguments);
            QCOMPARE(program.waitForEnd(), 0);
            QVERIFY(!program.output().isEmpty());
        }
    }

    void anEmptyPromptIsAPrompt() {
        for (const QString& prompt : {QString(), QString(" ")}) {
            const QString output = file("empty.png");
            Program program(command(prompt, {"--width", "64", "--height", "64", "--output", output}));
            QVERIFY2(program.waitForEnd() == 0, program.errors());
            const auto texts = image::readPngTexts(bytesOf(output)).value();
            QVERIFY(protocol::fromInfotext(texts.at(0).text).value().prompt == prompt.toStdString());
        }
    }

    void tellsWhatItDrawsOtherwise() {
        const QString model = oddModel(m_folder->path());
        Program program({"generate", "--prompt", "a fox", "--model", model, "--worker", FAKE_WORKER,
                         "--width", "64", "--height", "64", "--output", file("fox.png")});
        QVERIFY2(program.waitForEnd() == 0, program.errors());
        QVERIFY2(program.errors().contains("Note: The model's scheduler is DPMSolverSinglestepScheduler"),
                 program.errors());
        QVERIFY2(program.errors().contains("Note: Something is idle.\n"), program.errors());
        const auto texts = image::readPngTexts(bytesOf(file("fox.png"))).value();
        QCOMPARE(protocol::fromInfotext(texts.at(0).text).value().sampler, std::string("dpmpp_2m"));
    }

    void writesAPicture() {
        const QString output = file("fox.png");
        Program program(command(
            "a fox", {"--seed", "42", "--negative-prompt", "blurry", "--sampler", "euler", "--guidance",
                      "6.5", "--width", "64", "--height", "72", "--steps", "3", "--output", output}));
        QCOMPARE(program.waitForEnd(), 0);
        QVERIFY2(program.output().startsWith((output + "  seed 42  ").toUtf8()), program.output());
        QVERIFY2(!program.errors().contains("\r"), "A progress bar belongs on a terminal.");
        const auto bytes = bytesOf(output);
        QVERIFY(image::decodePng(bytes).value() == generator::testPattern(64, 72, 42));
        const auto texts = image::readPngTexts(bytes).value();
        const auto settings = protocol::fromInfotext(texts.at(0).text).value();
        QCOMPARE(settings.prompt, std::string("a fox"));
        QCOMPARE(settings.negativePrompt, std::string("blurry"));
        QCOMPARE(settings.seed, std::int64_t{42});
        QCOMPARE(settings.sampler, std::string("euler"));
        QCOMPARE(settings.guidance, 6.5);
        QCOMPARE(settings.steps, 3);
        QCOMPARE(pictures(), QStringList{"fox.png"});
    }

    void numbersSeveralPictures() {
        Program program(command("a fox", {"--seed", "42", "--count", "3", "--width", "64", "--height", "72",
                                          "--output", file("fox.png")}));
        QCOMPARE(program.waitForEnd(), 0);
        QCOMPARE(pictures(), (QStringList{"fox-0.png", "fox-1.png", "fox-2.png"}));
        QVERIFY(image::decodePng(bytesOf(file("fox-2.png"))).value() == generator::testPattern(64, 72, 44));
        QCOMPARE(program.output().count('\n'), 3);
        QVERIFY(program.output().contains("fox-2.png  seed 44  "));
    }

    void findsANameByItself() {
        Program program(command("a fox"), m_folder->path());
        QCOMPARE(program.waitForEnd(), 0);
        QCOMPARE(pictures().size(), 1);
        QVERIFY2(pictures().front().startsWith("easel-"), qPrintable(pictures().front()));
    }

    void whatIsAddedIsNamedByItsPlaceOrInAFolder() {
        const QString fixtures = EASEL_SOURCE_DIR "/tests/fixtures/";
        QDir(m_folder->path()).mkpath("addons/loras");
        QFile::copy(fixtures + "loras/kohya.safetensors", file("addons/loras/pen.safetensors"));
        QFile::copy(fixtures + "loras/lokr.safetensors", file("ink.safetensors"));
        QDir(m_folder->path()).mkpath("addons/embeddings");
        QFile::copy(fixtures + "prompts/my-dog.safetensors", file("addons/embeddings/materials.safetensors"));
        const QStringList drawn{"--width", "64", "--height", "64",
                                "--steps", "3",  "--addons", file("addons")};
        Program program(command("materials", drawn + QStringList{"--loras", "pen:0.5, ink.safetensors:1",
                                                                 "--output", file("fox.png")}),
                        m_folder->path());
        QVERIFY2(program.waitForEnd() == 0, program.errors());
        for (const QString& line :
             {"lora pen " + file("addons/loras/pen.safetensors"),
              "lora ink.safetensors " + file("ink.safetensors"),
              "embedding materials " + file("addons/embeddings/materials.safetensors")}) {
            QVERIFY2(program.errors().contains(line.toUtf8() + '\n'), program.errors());
        }
        Program other(command("a fox", drawn + QStringList{"--loras", "pem"}), m_folder->path());
        QCOMPARE(other.waitForEnd(), 2);
        QVERIFY2(other.errors().contains("--loras: There is no \"pem\". The most like it: pen."),
                 other.errors());
    }

    void failures_data() {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("prompt");
        QTest::addColumn<QString>("worker");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("model refused") << "refused"
                                       << "a fox" << FAKE_WORKER << QByteArray("it is refused");
        QTest::newRow("worker ends") << "exits"
                                     << "a fox" << FAKE_WORKER << QByteArray("exit status 3");
        QTest::newRow("worker missing") << "good"
                                        << "a fox"
                                        << "/nowhere/worker" << QByteArray("/nowhere/worker");
        QTest::newRow("worker crashes") << "good"
                                        << "crash" << FAKE_WORKER << QByteArray("signal 9");
    }

    void failures() {
        QFETCH(QString, model);
        QFETCH(QString, prompt);
        QFETCH(QString, worker);
        QFETCH(QByteArray, said);
        auto arguments = command(prompt, {"--output", file("fox.png")}, model);
        arguments[arguments.indexOf("--worker") + 1] = worker;
        Program program(arguments);
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY2(program.errors().contains(said), program.errors());
        QVERIFY(pictures().isEmpty());
    }

    void ctrlCCancels() {
        Program program(command("slow", {"--steps", "500", "--output", file("fox.png")}));
        QVERIFY(program.waitForError("Ready"));  // before the worker another child may come and go
        const auto worker = childrenOf(program.pid()).front();
        program.signal(SIGINT);
        QCOMPARE(program.waitForEnd(), 130);
        QVERIFY(!isAlive(worker));
        QVERIFY(pictures().isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestGenerate)
#include "test_generate.moc"
