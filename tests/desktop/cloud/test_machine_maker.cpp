// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/cloud/machine_maker.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;
using namespace easel::cloud;
using State = MachineMaker::State;
using tests::Scenes;
using tests::stageLine;

namespace {

constexpr int kPatience = 20'000;  // milliseconds
const QString kPrice =
    R"({"event":"price","gpu":"l4","total_hourly":0.73,"hours":8,"limit":5.84,"currency":"USD"})";
const QString kPairing = R"({"event":"pairing","code":"easel://10.128.0.2:5000?ticket=t"})";

MachineWish wish() {
    MachineWish wish;
    wish.project = "my-project";
    wish.gpu = "l4";
    wish.model = "a/b";
    return wish;
}

}  // namespace

class TestMachineMaker : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_scenes = std::make_unique<Scenes>(m_dir->path());
    }
    void quotesTheLatestWish();
    void saysWhyThereIsNoPrice();
    void goesFromStageToStage();
    void handsTheTokenOnInAFile();
    void endsWhereItFails_data();
    void endsWhereItFails();
    void isTakenUpAgain();
    void isCancelled();
    void needsACode();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Scenes> m_scenes;
};

void TestMachineMaker::quotesTheLatestWish() {
    m_scenes->succeed("up.dry-run", {kPrice, R"({"event":"command","text":"gcloud x"})"});
    MachineMaker maker(Scenes::program());
    MachineWish first = wish();
    first.hours = 2;
    maker.quote(first);
    MachineWish later = wish();
    later.isSpot = true;
    later.model.clear();
    maker.quote(later);
    QVERIFY(!maker.price());
    QTRY_VERIFY_WITH_TIMEOUT(maker.price().has_value(), kPatience);
    QCOMPARE(maker.price()->limit, 5.84);
    QCOMPARE(m_scenes->calls().last(),
             "up --project my-project --name easel --gpu l4 --hours 8 --model none --spot --dry-run --json");
    QCOMPARE(maker.state(), State::Idle);
}

void TestMachineMaker::saysWhyThereIsNoPrice() {
    m_scenes->fail("up.dry-run", "bad_argument", "It is sold only as Spot.");
    MachineMaker maker(Scenes::program());
    maker.quote(wish());
    QTRY_VERIFY_WITH_TIMEOUT(maker.priceTrouble().has_value(), kPatience);
    QCOMPARE(maker.priceTrouble()->detail, "It is sold only as Spot.");
    m_scenes->succeed("up.dry-run");
    maker.quote(wish());
    QVERIFY(!maker.priceTrouble());
    QTRY_VERIFY_WITH_TIMEOUT(maker.priceTrouble().has_value(), kPatience);
    QCOMPARE(maker.priceTrouble()->code, "internal");
}

void TestMachineMaker::goesFromStageToStage() {
    m_scenes->set(
        "up", {kPrice, stageLine("project", "running", "Looking"), stageLine("project", "done", "Looking"),
               stageLine("quota", "skipped", "Quota"), stageLine("machine", "running", "Making"),
               "%until made", tests::machineLine("running"), stageLine("machine", "done", "Making", "easel"),
               kPairing, R"({"event":"done"})"});
    MachineMaker maker(Scenes::program());
    QSignalSpy made(&maker, &MachineMaker::made);
    maker.make(wish(), {});
    QCOMPARE(maker.state(), State::Making);
    maker.make(wish(), {});  // One is enough.
    QTRY_COMPARE_WITH_TIMEOUT(maker.steps().size(), 3U, kPatience);
    QVERIFY(maker.steps()[0].seconds && maker.steps()[1].seconds && !maker.steps()[2].seconds);
    QCOMPARE(maker.steps()[2].stage.state, Stage::State::Running);
    QVERIFY(maker.place() == (protocol::GcpPlace{"my-project", "", "easel"}));
    QVERIFY(made.isEmpty());
    m_scenes->write("made", {});
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Made, kPatience);
    QCOMPARE(maker.steps().size(), 3U);
    QCOMPARE(maker.steps()[2].stage.detail, "easel");
    QVERIFY(maker.place() == tests::kMachinePlace);
    QCOMPARE(made.size(), 1);
    QCOMPARE(made.first().first().toString(), "easel://10.128.0.2:5000?ticket=t");
    QCOMPARE(m_scenes->calls(),
             QStringList("up --project my-project --name easel --gpu l4 --hours 8 --model a/b --yes --json"));
    maker.leave();
    QCOMPARE(maker.state(), State::Idle);
}

void TestMachineMaker::handsTheTokenOnInAFile() {
    m_scenes->succeed("up", {kPairing});
    MachineMaker maker(Scenes::program());
    maker.make(wish(), "hf_secret");
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Made, kPatience);
    QCOMPARE(m_scenes->read("token"), "600\nhf_secret\n");
    const QString call = m_scenes->calls().last();
    QVERIFY(!call.contains("hf_secret"));
    const QString file = call.section("--token-file ", 1).section(' ', 0, 0);
    QVERIFY(!file.isEmpty() && !QFile::exists(file));
}

void TestMachineMaker::endsWhereItFails_data() {
    QTest::addColumn<QString>("code");
    for (const char* const code :
         {"gcloud_missing", "not_logged_in", "no_billing", "no_permission", "quota_zero", "quota_pending",
          "quota_refused", "stockout", "model_gated", "driver_failed"}) {
        QTest::newRow(code) << code;
    }
}

void TestMachineMaker::endsWhereItFails() {
    QFETCH(QString, code);
    m_scenes->set(
        "up",
        {stageLine("quota", "running", "Quota"),
         QStringLiteral(R"({"event":"error","code":"%1","detail":"D","remedy":"R","url":""})").arg(code),
         "%exit 1"});
    MachineMaker maker(Scenes::program());
    QSignalSpy made(&maker, &MachineMaker::made);
    maker.make(wish(), {});
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Failed, kPatience);
    QCOMPARE(maker.failure()->code, code);
    QCOMPARE(maker.steps()[0].stage.state, Stage::State::Failed);
    QVERIFY(made.isEmpty());
}

void TestMachineMaker::isTakenUpAgain() {
    m_scenes->fail("up", "stockout");
    MachineMaker maker(Scenes::program());
    maker.make(wish(), {});
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Failed, kPatience);
    m_scenes->succeed("up", {kPairing});
    maker.make(maker.wish(), {});
    QVERIFY(!maker.failure());
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Made, kPatience);
    QCOMPARE(m_scenes->calls().first(), m_scenes->calls().last());
}

void TestMachineMaker::isCancelled() {
    m_scenes->set(
        "up", {stageLine("machine", "running", "Making"), tests::machineLine("starting"), "%child", "%wait"});
    MachineMaker maker(Scenes::program());
    maker.cancel();  // There is nothing to cancel.
    QCOMPARE(maker.state(), State::Idle);
    maker.make(wish(), {});
    QTRY_VERIFY_WITH_TIMEOUT(maker.machine().has_value(), kPatience);
    maker.leave();
    QCOMPARE(maker.state(), State::Making);
    maker.cancel();
    QCOMPARE(maker.state(), State::Stopping);
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Failed, kPatience);
    QCOMPARE(maker.failure()->code, "cancelled");
    QVERIFY(maker.machine());  // It is there, and costs money.
}

void TestMachineMaker::needsACode() {
    m_scenes->succeed("up", {tests::machineLine("running")});
    MachineMaker maker(Scenes::program());
    maker.make(wish(), {});
    QTRY_COMPARE_WITH_TIMEOUT(maker.state(), State::Failed, kPatience);
    QCOMPARE(maker.failure()->code, "internal");
}

QTEST_GUILESS_MAIN(TestMachineMaker)
#include "test_machine_maker.moc"
