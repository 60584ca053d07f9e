// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <string>

#include <QTemporaryDir>
#include <QTest>

#include "server/doctor/examiner.h"

using namespace easel;
using namespace easel::doctor;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

/// Workers that answer, and workers that do not.
class TestExaminer : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    Examiner examiner(const std::string& behaviour, std::chrono::milliseconds limit = 60s) const {
        const auto link = std::filesystem::path(m_folder.path().toStdString()) / behaviour;
        if (!std::filesystem::exists(std::filesystem::symlink_status(link))) {
            std::filesystem::create_symlink(FAKE_EXAMINEE, link);
        }
        return {link, limit};
    }

    tl::expected<Drawn, Trouble> draw(const std::string& behaviour,
                                      std::chrono::milliseconds limit = 60s) const {
        return examiner(behaviour, limit).draw("cuda:0", "fp16", "/model", {});
    }

private Q_SLOTS:
    void theInventoryIsWhatTheWorkerSays() {
        const auto inventory = examiner("sound").list();
        QVERIFY(inventory.has_value());
        QCOMPARE(inventory->libtorch, std::string("2.11.0"));
        QCOMPARE(inventory->devices.size(), std::size_t{2});
        QCOMPARE(inventory->devices[1].precisions.size(), std::size_t{3});
    }

    void aPictureComesWithItsStages() {
        const auto drawn = draw("sound");
        QVERIFY(drawn.has_value());
        QCOMPARE(drawn->stages.size(), std::size(generator::kStages));
        QCOMPARE(drawn->stages.back().name, std::string("picture"));
        QCOMPARE(drawn->proof.stepSeconds.size(), std::size_t{5});
    }

    void libtorchThatIsMissingIsSaid() {
        const auto missing = examiner("lacks-libtorch").list();
        QVERIFY(!missing);
        QCOMPARE(missing.error().found, std::string("libtorch is missing."));
        QVERIFY(contains(missing.error().cure, "easel-server setup"));
        QVERIFY(missing.error().isMissing);
        const auto other = examiner("lacks-library").list();
        QVERIFY(!other && contains(other.error().found, "libfmt.so.9"));
    }

    void whatBreaksIsOneAnswerWithItsEnd_data() {
        QTest::addColumn<QString>("behaviour");
        QTest::addColumn<QString>("words");
        QTest::newRow("a fault") << "crash"
                                 << "killed by signal 11";
        QTest::newRow("its last words") << "crash"
                                        << "an illegal memory access";
        QTest::newRow("in the middle") << "half"
                                       << "killed by signal 11";
        QTest::newRow("an exit") << "silent"
                                 << "exit status 3";
        QTest::newRow("nonsense") << "garbage"
                                  << "not understood";
        QTest::newRow("a refusal") << "refuse"
                                   << "It is too hot to draw.";
    }

    void whatBreaksIsOneAnswerWithItsEnd() {
        QFETCH(QString, behaviour);
        QFETCH(QString, words);
        const auto drawn = draw(behaviour.toStdString());
        QVERIFY(!drawn);
        QVERIFY(!drawn.error().isMissing);
        QVERIFY2(contains(drawn.error().found, words.toStdString()), drawn.error().found.c_str());
    }

    void whatHangsIsEnded() {
        const auto drawn = draw("hang", 300ms);
        QVERIFY(!drawn);
        QVERIFY2(contains(drawn.error().found, "for 0.3 s") && contains(drawn.error().found, "it hangs"),
                 drawn.error().found.c_str());
        QVERIFY(contains(drawn.error().found, "waiting for the device"));
        QVERIFY(contains(drawn.error().cure, "--limit"));
        QVERIFY(!examiner("deaf", 300ms).list());
    }

    void whatAWorkerLacksIsSaidBeforeItIsStarted() {
        const Examiner examiner("/nowhere/easel-worker", 60s, [] {
            return tl::make_unexpected(
                protocol::unavailable("libtorch is missing: run \"easel-server setup\"."));
        });
        const auto missing = examiner.list();
        QVERIFY(!missing);
        QCOMPARE(missing.error().found, std::string("libtorch is missing: run \"easel-server setup\"."));
    }

    void aProgramThatIsNotThereIsSaid() {
        const auto missing = Examiner("/nowhere/easel-worker", 60s).list();
        QVERIFY(!missing);
        QVERIFY(contains(missing.error().found, "/nowhere/easel-worker"));
        QVERIFY(contains(missing.error().cure, "--worker"));
        QVERIFY(missing.error().isMissing);
    }
};

QTEST_GUILESS_MAIN(TestExaminer)
#include "test_examiner.moc"
