// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include "desktop/cloud/gcp_call.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;
using namespace easel::cloud;
using tests::Scenes;

namespace {

constexpr int kPatience = 20'000;  // milliseconds

/// A run, and what came of it.
struct Run {
    std::vector<Event> events;
    int ends = 0;
    std::optional<Failure> failure;
    std::unique_ptr<GcpCall> call;

    explicit Run(const QStringList& arguments, const QString& program = Scenes::program())
        : call(std::make_unique<GcpCall>(program, arguments)) {
        QObject::connect(call.get(), &GcpCall::said, [this](const Event& event) { events.push_back(event); });
        QObject::connect(call.get(), &GcpCall::ended, [this](const std::optional<Failure>& why) {
            ++ends;
            failure = why;
        });
        call->start();
    }
    bool wait() const {
        return QTest::qWaitFor([this] { return ends > 0; }, kPatience);
    }
    QString code() const { return failure ? failure->code : QString(); }
};

}  // namespace

/// Runs of easel-gcp, as they may go.
class TestGcpCall : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_scenes = std::make_unique<Scenes>(m_dir->path());
    }
    void tellsWhatIsSaid();
    void tellsWhyItFailed();
    void tellsWhatIsAsked();
    void explainsASilentEnd();
    void needsTheProgram();
    void saysThatItCantBeStarted();
    void passesOverLinesThatAreTooLong();
    void endsWithAllThatItStarted();
    void endsWhatDoesNotListen();
    void isLetGo();
    void findsTheProgram();

private:
    bool hasChild() const { return tests::isAlive(*m_scenes, "child"); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Scenes> m_scenes;
};

void TestGcpCall::tellsWhatIsSaid() {
    m_scenes->succeed("list", {tests::machineLine("running"), "not for us", tests::machineLine("stopped")});
    const Run run({"list", "--project", "my-project"});
    QCOMPARE(run.ends, 0);
    QVERIFY(run.wait());
    QVERIFY(!run.failure);
    QCOMPARE(run.events.size(), 2U);
    QCOMPARE(m_scenes->calls(), QStringList("list --project my-project --json"));
}

void TestGcpCall::tellsWhyItFailed() {
    m_scenes->fail("up", "no_billing", "Not billed.", "Bill it.", "https://x.example/");
    const Run run({"up"});
    QVERIFY(run.wait());
    QCOMPARE(run.failure,
             std::optional(Failure{"no_billing", "Not billed.", "Bill it.", QUrl("https://x.example/")}));
    QTest::qWait(50);
    QCOMPARE(run.ends, 1);
}

void TestGcpCall::tellsWhatIsAsked() {
    m_scenes->set("down.ask", {R"({"event":"question","id":"down","text":"These go."})", "%exit 3"});
    const Run run({"down"});
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "question");
    QCOMPARE(run.failure->detail, "These go.");
}

void TestGcpCall::explainsASilentEnd() {
    m_scenes->set("list", {"%stderr one", "%stderr ERROR: two", "%exit 4"});
    const Run run({"list"});
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "internal");
    QVERIFY2(run.failure->detail.contains("status 4") && run.failure->detail.endsWith("ERROR: two"),
             qPrintable(run.failure->detail));
    // Without its last line it has not done what it was asked for.
    m_scenes->set("list", {tests::machineLine("running")});
    const Run half({"list"});
    QVERIFY(half.wait());
    QCOMPARE(half.code(), "internal");
}

void TestGcpCall::needsTheProgram() {
    const Run run({"list"}, {});
    QCOMPARE(run.ends, 0);  // Later, as ever.
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "program_missing");
    QVERIFY(!run.failure->remedy.isEmpty());
}

void TestGcpCall::saysThatItCantBeStarted() {
    const Run run({"list"}, m_dir->filePath("nothing"));
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "internal");
    QVERIFY2(run.failure->detail.contains("nothing"), qPrintable(run.failure->detail));
}

void TestGcpCall::passesOverLinesThatAreTooLong() {
    m_scenes->succeed("list",
                      {"%long", R"(the end of it","event":"machine"})", tests::machineLine("running")});
    const Run run({"list"});
    QVERIFY(run.wait());
    QVERIFY(!run.failure);
    QCOMPARE(run.events.size(), 1U);
}

void TestGcpCall::endsWithAllThatItStarted() {
    m_scenes->set("up", {"%child", tests::stageLine("quota", "running", "x"), "%wait"});
    const Run run({"up"});
    QTRY_COMPARE_WITH_TIMEOUT(run.events.size(), 1U, kPatience);
    QVERIFY(hasChild());
    QVERIFY(run.call->isRunning());
    run.call->stop();
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "cancelled");
    QTRY_VERIFY_WITH_TIMEOUT(!hasChild(), kPatience);
}

void TestGcpCall::endsWhatDoesNotListen() {
    m_scenes->set("up", {"%stubborn", tests::stageLine("quota", "running", "x"), "%until never"});
    const Run run({"up"});
    QTRY_COMPARE_WITH_TIMEOUT(run.events.size(), 1U, kPatience);
    run.call->stop();
    QVERIFY(run.wait());
    QCOMPARE(run.code(), "cancelled");
}

void TestGcpCall::isLetGo() {
    m_scenes->set("up", {"%child", tests::stageLine("quota", "running", "x"), "%wait"});
    {
        Run run({"up"});
        QTRY_COMPARE_WITH_TIMEOUT(run.events.size(), 1U, kPatience);
        GcpCall::endLater(std::move(run.call));
        QTRY_VERIFY_WITH_TIMEOUT(!hasChild(), kPatience);
        QCOMPARE(run.ends, 0);  // Nobody listens.
    }
    Run run({"up"});
    QTRY_COMPARE_WITH_TIMEOUT(run.events.size(), 1U, kPatience);
    QVERIFY(hasChild());
    run.call.reset();
    QTRY_VERIFY_WITH_TIMEOUT(!hasChild(), kPatience);
    GcpCall::endLater(nullptr);
}

void TestGcpCall::findsTheProgram() {
    qputenv("EASEL_GCP", "/somewhere/easel-gcp");
    QCOMPARE(findGcpProgram(), "/somewhere/easel-gcp");
    qunsetenv("EASEL_GCP");
    QFile::link(Scenes::program(), m_dir->filePath("easel-gcp"));
    const QByteArray before = qgetenv("PATH");
    qputenv("PATH", m_dir->path().toUtf8());
    QCOMPARE(findGcpProgram(), m_dir->filePath("easel-gcp"));
    qputenv("PATH", before);
}

QTEST_GUILESS_MAIN(TestGcpCall)
#include "test_gcp_call.moc"
