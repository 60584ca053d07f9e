// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/cloud/machine_words.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;
using namespace easel::cloud;
using tests::machineLine;

namespace {

template <typename T>
std::optional<T> as(const QString& line) {
    const Event event = parseEvent(line.toUtf8());
    const auto* found = std::get_if<T>(&event);
    return found ? std::optional(*found) : std::nullopt;
}

bool isNothing(const QString& line) {
    return std::holds_alternative<std::monostate>(parseEvent(line.toUtf8()));
}

}  // namespace

/// The lines of easel-gcp, and what becomes of them for a person.
class TestGcpEvent : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsMachines();
    void readsPrices();
    void readsTheRest();
    void leavesAloneWhatItDoesNotKnow_data();
    void leavesAloneWhatItDoesNotKnow();
    void takesNoOtherPages();
    void cutsLongTexts();
    void speaksToPeople();
};

void TestGcpEvent::readsMachines() {
    const auto machine = as<Machine>(machineLine("running", 754));
    QVERIFY(machine);
    QVERIFY(machine->place == tests::kMachinePlace);
    QCOMPARE(machine->state, Machine::State::Running);
    QCOMPARE(machine->secondsLeft, std::optional(754));
    QCOMPARE(machine->startedAt, QDateTime(QDate(2026, 11, 26), QTime(10, 0), Qt::UTC));
    QCOMPARE(machine->hourly, 0.73);
    QCOMPARE(machine->cost, 1.32);
    QVERIFY(!as<Machine>(machineLine("running", -1))->secondsLeft);
    const auto stopped = as<Machine>(machineLine("stopped"));
    QCOMPARE(stopped->state, Machine::State::Stopped);
    QVERIFY(!stopped->startedAt.isValid());
    QVERIFY(!stopped->secondsLeft);
    // What was removed is in no zone.
    const auto missing =
        as<Machine>(R"({"event":"machine","name":"easel","project":"my-project","state":"missing"})");
    QVERIFY(missing && missing->state == Machine::State::Missing);
    QCOMPARE(as<Machine>(machineLine("preempted"))->state, Machine::State::Preempted);
}

void TestGcpEvent::readsPrices() {
    const auto price = as<Price>(
        R"({"event":"price","gpu":"l4","machine_type":"g2-standard-4","region":"us-central1","provisioning":"spot",)"
        R"("hourly":0.28,"disk_monthly":6,"other_hourly":0.005,"total_hourly":0.2932,"hours":"8","limit":2.35,)"
        R"("currency":"USD","as_of":"2026-11","way_out":"address","note":"x"})");
    QVERIFY(price);
    QCOMPARE(price->totalHourly, 0.2932);
    QCOMPARE(price->hours, 8);
    QCOMPARE(price->limit, 2.35);
    QCOMPARE(price->currency, "USD");
    QCOMPARE(price->diskMonthly, 6.0);
    QCOMPARE(price->note, "x");
}

void TestGcpEvent::readsTheRest() {
    const auto stage = as<Stage>(tests::stageLine("quota", "waiting", "Checking the GPU quota", "asked"));
    QVERIFY(stage && stage->state == Stage::State::Waiting && stage->detail == "asked");
    QCOMPARE(as<TunnelOpen>(R"({"event":"tunnel","port":5003})")->port, 5003);
    QCOMPARE(as<Account>(R"({"event":"account","email":"ada@example.com"})")->email, "ada@example.com");
    QCOMPARE(as<Project>(R"({"event":"project","id":"my-project","name":"Mine"})")->name, "Mine");
    QCOMPARE(as<Pairing>(R"({"event":"pairing","code":"easel://x"})")->code, "easel://x");
    QCOMPARE(as<Question>(R"({"event":"question","id":"down","text":"All of it?"})")->text, "All of it?");
    QVERIFY(as<Done>(R"({"event":"done"})"));
    const auto offer = as<Offer>(
        R"({"event":"offer","gpu":"l4","title":"NVIDIA L4, 24 GB","machine_type":"g2-standard-4","memory_gb":24,)"
        R"("hourly":0.7068,"spot_hourly":0.28,"region":"us-central1","as_of":"2026-11","note":""})");
    QVERIFY(offer && offer->hourly == 0.7068 && offer->spotHourly == 0.28);
    const auto model = as<Model>(
        R"({"event":"model","id":"a/b","title":"B","licence":"L","licence_url":"https://hub.example/a/b",)"
        R"("gated":true,"gb":2.7,"note":""})");
    QVERIFY(model && model->isGated && model->gigabytes == 2.7);
    QCOMPARE(model->licenceUrl, QUrl("https://hub.example/a/b"));
    const auto failure = as<Failure>(
        R"({"event":"error","code":"no_billing","detail":"D.","remedy":"R.","url":"https://x.example/"})");
    QVERIFY(failure && failure->url.isValid());
    const auto problem = toProblem(*failure);
    QCOMPARE(problem.code, "no_billing");
    QCOMPARE(problem.detail, "D. R.");
    QCOMPARE(QString::fromStdString(problem.title), "The project has no billing");
}

void TestGcpEvent::leavesAloneWhatItDoesNotKnow_data() {
    QTest::addColumn<QString>("line");
    QTest::newRow("nothing") << "";
    QTest::newRow("no JSON") << "Listening on port [5000].";
    QTest::newRow("half a line") << R"({"event":"machine","name":)";
    QTest::newRow("a list") << "[1,2]";
    QTest::newRow("no event") << R"({"name":"easel"})";
    QTest::newRow("another event") << R"({"event":"command","text":"gcloud x"})";
    QTest::newRow("another state") << machineLine("dancing");
    QTest::newRow("an option as name") << machineLine("running", 1, 1, "--zone");
    QTest::newRow("a machine nowhere") << machineLine("running").replace("us-central1-a", "");
    QTest::newRow("a project that is none") << R"({"event":"project","id":"--quiet","name":"x"})";
    QTest::newRow("a stage without an id") << tests::stageLine("", "done", "x");
    QTest::newRow("a port that is none") << R"({"event":"tunnel","port":70000})";
    QTest::newRow("no port") << R"({"event":"tunnel"})";
    QTest::newRow("half a port") << R"({"event":"tunnel","port":-1})";
}

void TestGcpEvent::leavesAloneWhatItDoesNotKnow() {
    QFETCH(QString, line);
    QVERIFY(isNothing(line));
}

void TestGcpEvent::takesNoOtherPages() {
    for (const char* const url : {"http://x.example/", "file:///etc/passwd", "javascript:alert(1)", "x"}) {
        const auto failure = as<Failure>(
            QStringLiteral(R"({"event":"error","code":"c","detail":"d","remedy":"","url":"%1"})").arg(url));
        QVERIFY(failure);
        QVERIFY2(failure->url.isEmpty(), url);
    }
}

void TestGcpEvent::cutsLongTexts() {
    const auto failure = as<Failure>(
        QStringLiteral(R"({"event":"error","code":"c","detail":"%1"})").arg(QString(50'000, 'x')));
    QCOMPARE(failure->detail.size(), 2'000);
    // Nonsense in place of money is nothing.
    const auto price =
        as<Price>(R"({"event":"price","disk_monthly":-3,"limit":1e300,"total_hourly":"nan","hours":1e9})");
    QVERIFY(price);
    QCOMPARE(price->diskMonthly, 0.0);
    QCOMPARE(price->limit, 0.0);
    QCOMPARE(price->totalHourly, 0.0);
    QCOMPARE(price->hours, 0);
}

void TestGcpEvent::speaksToPeople() {
    QLocale::setDefault(QLocale::c());
    QCOMPARE(moneyInWords(5.84), "$5.84");
    QCOMPARE(moneyInWords(0.0421), "$0.042");
    QCOMPARE(moneyInWords(0), "$0.00");
    QCOMPARE(moneyInWords(5.84, "EUR"), "5.84 EUR");
    QCOMPARE(spanInWords(12), "less than a minute");
    QCOMPARE(spanInWords(41 * 60 + 59), "41 min");
    QCOMPARE(spanInWords(6 * 3600), "6 h");
    QCOMPARE(spanInWords(6 * 3600 + 12 * 60), "6 h 12 min");
    QCOMPARE(placeArguments(tests::kMachinePlace),
             QStringList({"easel", "--project", "my-project", "--zone", "us-central1-a"}));
    QCOMPARE(placeArguments({"my-project", "", "easel"}), QStringList({"easel", "--project", "my-project"}));
    // Each code that easel-gcp has is told in words of its own.
    const QString unknown = titleOf({"what", {}, {}, {}});
    for (const char* const code :
         {"gcloud_missing", "not_logged_in", "no_project", "no_billing", "api_disabled", "no_permission",
          "quota_zero", "quota_pending", "quota_refused", "stockout", "preempted", "expired", "model_gated",
          "driver_failed", "package_failed", "not_ready", "not_found", "network"}) {
        QVERIFY2(titleOf({code, {}, {}, {}}) != unknown, code);
    }
}

QTEST_GUILESS_MAIN(TestGcpEvent)
#include "test_gcp_event.moc"
