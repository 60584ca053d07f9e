// SPDX-License-Identifier: Apache-2.0
// Models by name, from the command line.
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

#include <signal.h>

#include <filesystem>

#include "shared/protocol/json.h"
#include "tests/server/commands/program.h"
#include "tests/server/hub/stand_in_hub.h"

using namespace easel;
using namespace easel::tests;

class TestPullCommand : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<StandInHub> m_hub;
    std::unique_ptr<QTemporaryDir> m_folder;

    /// Its exit status; what it printed is in `program`.
    struct Ran {
        int status;
        QByteArray output;
        QByteArray errors;
    };
    static Ran run(const QStringList& arguments) {
        Program program(arguments);
        const int status = program.waitForEnd();
        return {status, program.output(), program.errors()};
    }

    static std::vector<protocol::PullInfo> told(const QByteArray& output) {
        std::vector<protocol::PullInfo> all;
        for (const QByteArray& line : output.split('\n')) {
            if (auto pull = protocol::parsePull(line.toStdString())) {
                all.push_back(std::move(*pull));
            }
        }
        return all;
    }

    QString blobOf(const QString& file) const {
        const QDir snapshots(m_folder->filePath("models--test--tiny/snapshots"));
        const QString commit = snapshots.entryList(QDir::Dirs | QDir::NoDotAndDotDot).value(0);
        return QFileInfo(snapshots.filePath(commit + "/" + file)).symLinkTarget();
    }

private Q_SLOTS:
    void initTestCase() {
        m_hub = std::make_unique<StandInHub>();
        QVERIFY(m_hub->isUp());
    }
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_hub->setEnvironment(m_folder->path());
    }
    void cleanupTestCase() {
        const int tokens = m_hub->tokensAtStorage();
        m_hub.reset();
        QCOMPARE(tokens, 0);
    }

    void aModelComesIsShownAndGoes() {
        const auto pulled = run({"pull", "test/tiny"});
        QVERIFY2(pulled.status == 0, pulled.errors);
        QVERIFY2(pulled.output.contains("Licence: creativeml-openrail-m\n"), pulled.output);
        QVERIFY2(pulled.output.contains("test/tiny is here: " + m_folder->path().toUtf8()), pulled.output);

        const auto list = run({"models", "list"});
        QVERIFY2(list.output.contains("test/tiny"), list.output);
        const auto page = protocol::parseModelPage(run({"models", "list", "--json"}).output.toStdString());
        QVERIFY(page.has_value());
        const auto found = std::ranges::find(page->models, "test/tiny", &protocol::ModelInfo::id);
        QVERIFY(found != page->models.end());
        QCOMPARE(found->licence, std::string("creativeml-openrail-m"));

        const auto shown = run({"models", "inspect", "test/tiny"});
        QCOMPARE(shown.status, 0);
        for (const char* const words :
             {"stable-diffusion", "creativeml-openrail-m", "unet", "2.2 MB  F32", "/snapshots/"}) {
            QVERIFY2(shown.output.contains(words), shown.output);
        }

        const auto forPrograms =
            QJsonDocument::fromJson(run({"models", "inspect", "test/tiny", "--json"}).output);
        QCOMPARE(forPrograms["family"].toString(), QString("stable-diffusion"));
        const QByteArray place = forPrograms["place"].toString().toUtf8();
        const auto folder = run({"models", "inspect", place});
        QVERIFY2(folder.status == 0 && folder.output.contains("Stable Diffusion 1.x"), folder.output);
        const auto file = run({"models", "inspect", place + "/unet/diffusion_pytorch_model.safetensors"});
        QVERIFY2(file.output.contains("a UNet without the other parts of its model"), file.output);

        const auto kept = run({"models", "remove", "test/tiny"});
        QCOMPARE(kept.status, 2);  // nobody can be asked
        QVERIFY2(kept.errors.contains("--yes"), kept.errors);
        QVERIFY(QDir(m_folder->filePath("models--test--tiny")).exists());
        const auto gone = run({"models", "remove", "test/tiny", "--yes"});
        QVERIFY2(gone.status == 0, gone.errors);
        QVERIFY(!QDir(m_folder->filePath("models--test--tiny")).exists());
        const auto missing = run({"models", "inspect", "test/tiny"});
        QCOMPARE(missing.status, 1);
        QVERIFY2(missing.errors.contains("Pull it: easel-server pull test/tiny."), missing.errors);
    }

    void damageIsFound() {
        QCOMPARE(run({"pull", "test/tiny"}).status, 0);
        const auto whole = run({"models", "verify", "test/tiny"});
        QVERIFY2(whole.status == 0, whole.errors);
        QVERIFY2(whole.output.contains("all as the hub gave them"), whole.output);
        QFile blob(blobOf("vae/diffusion_pytorch_model.safetensors"));
        QVERIFY(blob.open(QIODevice::ReadWrite));
        blob.seek(1000);
        blob.write("damaged");
        blob.close();
        QVERIFY(QFile::remove(blobOf("unet/config.json")));
        const auto damaged = run({"models", "verify", "test/tiny"});
        QCOMPARE(damaged.status, 1);
        QVERIFY2(damaged.errors.contains("vae/diffusion_pytorch_model.safetensors is damaged"),
                 damaged.errors);
        QVERIFY2(damaged.errors.contains("unet/config.json is missing"), damaged.errors);
        QVERIFY2(damaged.errors.contains("2 of 13 files"), damaged.errors);
    }

    void aRevisionIsRemovedByItself() {
        QCOMPARE(run({"pull", "test/tiny"}).status, 0);
        QCOMPARE(run({"models", "remove", "test/tiny", "--revision", "v9", "--yes"}).status, 1);
        QCOMPARE(run({"models", "remove", "test/tiny", "--revision", "main", "--yes"}).status, 0);
        QVERIFY(!QDir(m_folder->filePath("models--test--tiny")).exists());
    }

    void otherFoldersAreLeftAlone() {
        const auto removed = run({"models", "remove", "starter", "--yes"});
        QCOMPARE(removed.status, 1);
        QVERIFY2(removed.errors.contains("left to its owner"), removed.errors);
        QCOMPARE(run({"models", "remove", "../..", "--yes"}).status, 1);
    }

    /// The most sudden end there is.
    void aKilledPullGoesOnWhereItWas() {
        Program killed({"pull", "test/steady", "--json"});
        QVERIFY(QTest::qWaitFor(
            [&] {
                killed.waitForLine("{");
                const auto all = told(killed.output());
                return !all.empty() && all.back().progress.bytesDone > 500'000;
            },
            30'000));
        killed.signal(SIGKILL);
        QCOMPARE(killed.waitForEnd(), -1);
        const std::int64_t before = told(killed.output()).back().progress.bytesDone;
        QVERIFY(before < told(killed.output()).back().progress.bytes);
        const auto requests = m_hub->requests("steady").size();

        const auto again = run({"pull", "test/steady", "--json"});
        QVERIFY2(again.status == 0, again.errors);
        const auto all = told(again.output);
        const auto first =
            std::ranges::find_if(all, [](const auto& pull) { return pull.progress.bytesDone > 0; });
        QVERIFY(first->progress.bytesDone >= before);
        QVERIFY(all.back().state == protocol::PullState::Succeeded);
        QCOMPARE(all.back().progress.bytesDone, all.back().progress.bytes);
        int resumed = 0;
        for (const QJsonObject& request : m_hub->requests("steady").mid(requests)) {
            resumed +=
                request["host"] == "storage" && !request["range"].toString().startsWith("bytes=0-") ? 1 : 0;
        }
        QVERIFY(resumed > 0);
        QCOMPARE(run({"models", "verify", "test/steady"}).status, 0);
    }

    void anInterruptedPullSaysThatItCanGoOn() {
        const auto before = m_hub->requests("steady").size();
        Program pull({"pull", "test/steady"});
        QVERIFY(QTest::qWaitFor([&] { return m_hub->requests("steady").size() > before; }, 30'000));
        pull.signal(SIGINT);
        QCOMPARE(pull.waitForEnd(), 130);
        QVERIFY2(pull.errors().contains("pull again to go on"), pull.errors());
    }

    void whatIsWrongIsSaid() {
        const auto name = run({"pull", "https://huggingface.co/test/tiny"});
        QCOMPARE(name.status, 2);
        QVERIFY2(name.errors.contains("OWNER/NAME"), name.errors);
        const auto gated = run({"pull", "test/gated"});
        QCOMPARE(gated.status, 1);
        QVERIFY2(gated.errors.contains("https://huggingface.co/test/gated"), gated.errors);
        const QString token = m_folder->filePath("token");
        QFile file(token);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("hf_good\n");
        file.close();
        const auto good = run({"pull", "--token-file", token, "--only", "scheduler,tokenizer", "test/gated"});
        QVERIFY2(good.status == 0, good.errors);
        QVERIFY(!good.output.contains("hf_good"));
        const auto failed = told(run({"pull", "test/pickles", "--json"}).output);
        QVERIFY(!failed.empty() && failed.back().state == protocol::PullState::Failed);
        QCOMPARE(failed.back().problem->code, std::string("model_unusable"));
    }
};

QTEST_GUILESS_MAIN(TestPullCommand)
#include "test_pull_command.moc"
