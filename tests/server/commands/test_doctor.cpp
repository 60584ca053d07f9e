// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTcpServer>
#include <QTest>

#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;

/// `easel-server doctor`, with a stand-in worker that has a GPU.
class TestDoctor : public ServeTest {
    Q_OBJECT

private:
    QString worker(const QString& behaviour) const {
        const QString link = m_folder->filePath(behaviour);
        QFile::link(FAKE_EXAMINEE, link);
        return link;
    }

    /// What is given later replaces what is given here.
    QStringList doctor(const QStringList& more = {}, const QString& behaviour = "sound") const {
        QStringList arguments{"doctor"};
        const auto add = [&](const QString& option, const QString& value) {
            if (!more.contains(option)) {
                arguments << option << value;
            }
        };
        add("--worker", worker(behaviour));
        add("--data", m_folder->filePath("data"));
        add("--port", "0");
        return arguments + more;
    }

    /// The finding or the drawing of that name.
    static QJsonObject named(const Program& program, const QString& name) {
        const QJsonObject report = QJsonDocument::fromJson(program.output()).object();
        for (const char* const list : {"findings", "drawings"}) {
            for (const auto& each : report[list].toArray()) {
                if (each.toObject()["name"].toString() == name) {
                    return each.toObject();
                }
            }
        }
        return {};
    }

    static QString state(const Program& program, const QString& name) {
        return named(program, name)["state"].toString();
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void whatIsSoundEndsWithZero() {
        Program program(doctor({"--json"}));
        QCOMPARE(program.waitForEnd(), 0);
        QCOMPARE(program.output().count('\n'), 1);
        const QJsonObject report = QJsonDocument::fromJson(program.output()).object();
        QVERIFY(report["state"].toString() != "wrong");
        QCOMPARE(report["drawings"].toArray().size(), 4);
        for (const auto& drawing : report["drawings"].toArray()) {
            QCOMPARE(drawing.toObject()["state"].toString(), QString("right"));
            QCOMPARE(drawing.toObject()["step_ms"].toDouble(), 10.0);
        }
        const QJsonArray stages = named(program, "Drawing on cuda:0 in bf16")["stages"].toArray();
        QCOMPARE(stages.size(), 4);
        QVERIFY(stages[1].toObject()["decibels"].toDouble() > 42);
        QVERIFY(named(program, "Drawing on cpu in fp32")["stages"].toArray().isEmpty());
        QCOMPARE(state(program, "Memory of cuda:0"), QString("right"));
        QCOMPARE(state(program, "Model"), QString("right"));
        QVERIFY(!QFile::exists(m_folder->filePath("data")));  // nothing is made by looking
    }

    void peopleGetATable() {
        Program program(doctor());
        QCOMPARE(program.waitForEnd(), 0);
        for (const char* const name : {"NVIDIA driver", "libtorch", "CUDA", "Memory", "Model", "Data folder",
                                       "Disk", "Port", "Clock", "Open files", "Drawing on cuda:0 in fp16"}) {
            QVERIFY2(program.output().contains("\n" + QByteArray(name) + " ") ||
                         program.output().startsWith(QByteArray(name) + " "),
                     name);
        }
        QVERIFY2(program.output().contains("All is right"), program.output());
    }

    void aDeviceThatDoesNotDrawWellIsOneRow_data() {
        QTest::addColumn<QString>("behaviour");
        QTest::addColumn<QString>("words");
        QTest::newRow("another picture") << "unlike"
                                         << "\"prediction\", which needs 60 dB";
        QTest::newRow("no numbers") << "nan"
                                    << "not finite";
        QTest::newRow("a fault") << "crash"
                                 << "killed by signal 11";
        QTest::newRow("a refusal") << "refuse"
                                   << "too hot";
    }

    void aDeviceThatDoesNotDrawWellIsOneRow() {
        QFETCH(QString, behaviour);
        QFETCH(QString, words);
        Program program(doctor({"--json"}, behaviour));
        QCOMPARE(program.waitForEnd(), 1);
        const QJsonObject bad = named(program, "Drawing on cuda:0 in fp16");
        QCOMPARE(bad["state"].toString(), QString("wrong"));
        const QString said = bad["found"].toString() + bad["cure"].toString();
        QVERIFY2(said.contains(words), qPrintable(said));
        for (const char* const other : {"cpu in fp32", "cuda:0 in fp32", "cuda:0 in bf16"}) {
            QCOMPARE(state(program, QStringLiteral("Drawing on ") + other), QString("right"));
        }
    }

    void whatAGpuTakesIsHeldAgainstTheCalculation() {
        Program program(doctor({"--json"}, "greedy"));
        QCOMPARE(program.waitForEnd(), 0);
        const QJsonObject greedy = named(program, "Drawing on cuda:0 in fp16");
        QCOMPARE(greedy["state"].toString(), QString("warning"));
        QVERIFY(greedy["found"].toString().contains("It took 1024 MiB of memory;"));
        const QJsonObject single = named(program, "Drawing on cuda:0 in fp32");
        QCOMPARE(single["state"].toString(), QString("right"));
        QVERIFY(single["memory_calculated"].toInt() > greedy["memory_calculated"].toInt());
        QVERIFY(greedy["memory_calculated"].toInt() > 1'000'000);
    }

    void whatPublishedModelsTakeIsATable() {
        Program program({"doctor", "--memory"});
        QCOMPARE(program.waitForEnd(), 0);
        QVERIFY2(program.output().startsWith("| GiB | picture |"), program.output());
        QVERIFY(program.output().contains("\n| Stable Diffusion XL | 1024x1024 |"));
    }

    void aDeviceThatHangsIsEnded() {
        Program program(doctor({"--json", "--limit", "2"}, "hang"));
        const qint64 process = program.pid();
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY(named(program, "Drawing on cuda:0 in fp16")["found"].toString().contains("hangs"));
        QCOMPARE(state(program, "Drawing on cuda:0 in bf16"), QString("right"));
        QVERIFY(childrenOf(process).isEmpty());
    }

    void aWorkerThatBreaksOverTheDevicesStillDrawsOnTheCpu() {
        Program program(doctor({"--json"}, "blind"));
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY(named(program, "Devices")["found"].toString().contains("killed by signal 11"));
        QCOMPARE(state(program, "Drawing on cpu in fp32"), QString("right"));
        QCOMPARE(QJsonDocument::fromJson(program.output()).object()["drawings"].toArray().size(), 1);
    }

    void withoutLibtorchItSaysHowToGetIt() {
        Program program(doctor({}, "lacks-libtorch"));
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY2(program.output().contains("libtorch is missing"), program.output());
        QVERIFY2(program.output().contains("easel-server setup"), program.output());
        QVERIFY(!program.output().contains("Drawing on"));
    }

    void aWorkerThatIsNotThereIsSaid() {
        Program program(doctor({"--worker", "/nowhere/easel-worker"}));
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY2(program.output().contains("/nowhere/easel-worker"), program.output());
    }

    void onlyTheDevicesThatWereAskedForDraw() {
        Program program(doctor({"--json", "--device", "cpu"}));
        QCOMPARE(program.waitForEnd(), 0);
        QCOMPARE(QJsonDocument::fromJson(program.output()).object()["drawings"].toArray().size(), 1);
        Program missing(doctor({"--json", "--device", "cuda:0,cuda:7"}));
        QCOMPARE(missing.waitForEnd(), 1);
        QCOMPARE(state(missing, "cuda:7"), QString("wrong"));
        QCOMPARE(state(missing, "Drawing on cuda:0 in fp16"), QString("right"));
    }

    void aBrokenModelIsSaid() {
        const QString broken = m_folder->filePath("broken");
        std::filesystem::copy(EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny", broken.toStdString(),
                              std::filesystem::copy_options::recursive);
        QFile weights(broken + "/unet/diffusion_pytorch_model.safetensors");
        QVERIFY(weights.resize(weights.size() - 1));  // as a download that broke off leaves it
        Program program(doctor({"--json", "--model", broken}));
        QCOMPARE(program.waitForEnd(), 1);
        const QJsonObject model = named(program, "Model");
        QCOMPARE(model["state"].toString(), QString("wrong"));
        QVERIFY(model["found"].toString().contains("diffusion_pytorch_model.safetensors"));
        QVERIFY(model["cure"].toString().contains("--model"));
        Program other(doctor({"--json", "--models", broken}));
        QCOMPARE(other.waitForEnd(), 0);  // the server can do without it
        QCOMPARE(state(other, "Other models"), QString("warning"));
        Program drawn(doctor({"--json", "--draw", m_folder->path()}));
        QCOMPARE(drawn.waitForEnd(), 1);
        QVERIFY(named(drawn, "Drawing")["cure"].toString().contains("--draw"));
    }

    void aTakenPortIsSaidWithWhoHasIt() {
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        Program program(doctor({"--json", "--port", QString::number(other.serverPort())}));
        QCOMPARE(program.waitForEnd(), 1);
        const QJsonObject port = named(program, "Port");
        QCOMPARE(port["state"].toString(), QString("wrong"));
        QVERIFY2(port["found"].toString().contains(QString::number(QCoreApplication::applicationPid())),
                 qPrintable(port["found"].toString()));
        QVERIFY(port["cure"].toString().contains("--port"));
    }

    void aPortWhereEaselListensIsRight() {
        QVERIFY(start({}, "test-pattern"));
        const QString port = QString::number(QUrl(m_url).port());
        Program program(doctor({"--json", "--port", port}));
        QCOMPARE(program.waitForEnd(), 0);
        QVERIFY(named(program, "Port")["found"].toString().startsWith("An Easel server listens"));
    }

    /// What a service's own file says is what is looked at.
    void theServersFileIsHeeded() {
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        const QString file = m_folder->filePath("server.toml");
        const auto write = [&file](const QString& text) {
            QFile config(file);
            return config.open(QIODevice::WriteOnly) && config.write(text.toUtf8()) > 0;
        };
        const QStringList call{"doctor", "--json", "--worker", worker("sound"), "--config", file};
        QVERIFY(write(QStringLiteral("port = %1\ndata = \"%2\"\ndevice = \"cpu\"\n")
                          .arg(other.serverPort())
                          .arg(m_folder->filePath("elsewhere"))));
        Program program(call);
        QCOMPARE(program.waitForEnd(), 1);
        QCOMPARE(state(program, "Port"), QString("wrong"));
        QVERIFY(named(program, "Data folder")["found"].toString().contains("elsewhere"));
        QVERIFY(state(program, "Drawing on cuda:0 in fp16").isEmpty());
        Program overruled(call + QStringList{"--port", "0", "--device", "auto"});
        QCOMPARE(overruled.waitForEnd(), 0);
        QCOMPARE(state(overruled, "Drawing on cuda:0 in fp16"), QString("right"));
        QVERIFY(write("port = \"many\"\n"));
        Program wrong(call);
        QCOMPARE(wrong.waitForEnd(), 2);
        QVERIFY2(wrong.errors().contains("server.toml:1"), wrong.errors());
    }

    void anAddressThatIsNotOursIsSaid() {
        for (const char* const address : {"192.0.2.1", "not an address"}) {
            Program program(doctor({"--json", "--bind", address, "--port", "5000"}));
            QCOMPARE(program.waitForEnd(), 1);
            QVERIFY(named(program, "Port")["cure"].toString().contains("--bind"));
        }
    }

    void aDataFolderThatCannotBeIsSaid() {
        QFile file(m_folder->filePath("file"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        Program program(doctor({"--json", "--data", m_folder->filePath("file/data")}));
        QCOMPARE(program.waitForEnd(), 1);
        QCOMPARE(state(program, "Data folder"), QString("wrong"));
        QVERIFY(named(program, "Data folder")["cure"].toString().contains("--data"));

        QVERIFY(QDir(m_folder->path()).mkdir("others"));
        QFile stranger(m_folder->filePath("others/diary"));
        QVERIFY(stranger.open(QIODevice::WriteOnly));
        Program full(doctor({"--json", "--data", m_folder->filePath("others")}));
        QCOMPARE(full.waitForEnd(), 1);
        QVERIFY(named(full, "Data folder")["found"].toString().contains("holds other files"));
    }

    void aDataFolderThatMayNotBeWrittenIsSaid() {
        const QString locked = m_folder->filePath("locked");
        QVERIFY(QDir(m_folder->path()).mkdir("locked"));
        QFile::setPermissions(locked, QFileDevice::ReadOwner | QFileDevice::ExeOwner);
        if (::access(qPrintable(locked), W_OK) == 0) {
            QSKIP("this account may write everywhere");
        }
        Program program(doctor({"--json", "--data", locked}));
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY(named(program, "Data folder")["found"].toString().contains("cannot be written"));
    }

    void aDataFolderThatOthersSeeIsAWarning() {
        QVERIFY(QDir(m_folder->path()).mkdir("data"));
        QFile::setPermissions(m_folder->filePath("data"), QFileDevice::ReadOwner | QFileDevice::WriteOwner |
                                                              QFileDevice::ExeOwner | QFileDevice::ReadOther);
        Program program(doctor({"--json"}));
        QCOMPARE(program.waitForEnd(), 0);
        QCOMPARE(state(program, "Data folder"), QString("warning"));
        QVERIFY(named(program, "Data folder")["cure"].toString().startsWith("chmod 700 "));
    }

    void wrongArgumentsAreRefused_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("a device") << QStringList{"--device", "gpu"};
        QTest::newRow("a port") << QStringList{"--port", "65536"};
        QTest::newRow("a limit") << QStringList{"--limit", "0"};
        QTest::newRow("a model") << QStringList{"--model", "/nowhere"};
        QTest::newRow("more") << QStringList{"please"};
    }

    void wrongArgumentsAreRefused() {
        QFETCH(QStringList, arguments);
        Program program(doctor(arguments));
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY(program.output().isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestDoctor)
#include "test_doctor.moc"
