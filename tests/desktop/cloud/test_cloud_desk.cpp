// SPDX-License-Identifier: Apache-2.0
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/preferences/preferences.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;
using namespace easel::cloud;
using Deed = CloudDesk::Deed;
using tests::kMachinePlace;
using tests::machineLine;
using tests::Scenes;

namespace {

constexpr int kPatience = 20'000;  // milliseconds

struct Did {
    Deed deed;
    protocol::GcpPlace place;
    std::optional<Failure> failure;
};

}  // namespace

class TestCloudDesk : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_scenes = std::make_unique<Scenes>(m_dir->filePath("scenes"));
        m_settings = std::make_unique<QSettings>(m_dir->filePath("settings.ini"), QSettings::IniFormat);
        m_did.clear();
        allIsWell();
    }
    void asksOnlyWhileSomebodyLooks();
    void remembersTheProject();
    void saysWhatIsWrong_data();
    void saysWhatIsWrong();
    void signsIn();
    void saysWhySigningInFailed();
    void actsOnMachines();
    void asksWhatGoesBeforeItGoes();
    void doesOneThingAtATime();
    void keepsMachinesWhenTheyCantBeTold();

private:
    void allIsWell() const {
        m_scenes->succeed("account", {R"({"event":"account","email":"ada@example.com"})"});
        m_scenes->succeed("projects", {R"({"event":"project","id":"my-project","name":"Mine"})",
                                       R"({"event":"project","id":"other-project","name":""})"});
        m_scenes->succeed("offers",
                          {R"({"event":"offer","gpu":"l4","title":"NVIDIA L4, 24 GB","hourly":0.7})"});
        m_scenes->succeed("models", {R"({"event":"model","id":"a/b","title":"B"})"});
        m_scenes->succeed("list", {machineLine("running")});
    }
    std::unique_ptr<CloudDesk> desk() {
        auto made = std::make_unique<CloudDesk>(*m_settings, Scenes::program(),
                                                CloudDesk::Timing{std::chrono::milliseconds(50)});
        connect(made.get(), &CloudDesk::did, this,
                [this](Deed deed, const protocol::GcpPlace& place, const std::optional<Failure>& failure) {
                    m_did.push_back({deed, place, failure});
                });
        return made;
    }
    /// Puts a program called gcloud first on PATH.
    void makeGcloud(const QByteArray& script) const {
        QDir().mkpath(m_dir->filePath("bin"));
        QFile file(m_dir->filePath("bin/gcloud"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("#!/bin/sh\necho \"$*\" >> " + m_dir->filePath("gcloud-calls").toUtf8() + "\n" + script);
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        file.close();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Scenes> m_scenes;
    std::unique_ptr<QSettings> m_settings;
    std::vector<Did> m_did;
};

void TestCloudDesk::asksOnlyWhileSomebodyLooks() {
    const auto desk = this->desk();
    QTest::qWait(50);
    QVERIFY(m_scenes->calls().isEmpty());
    desk->setWatched(true);
    QTRY_VERIFY_WITH_TIMEOUT(desk->areMachinesKnown(), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(!desk->offers().empty() && !desk->models().empty(), kPatience);
    QVERIFY(desk->isKnown() && !desk->trouble());
    QCOMPARE(desk->account(), "ada@example.com");
    QCOMPARE(desk->projects().size(), 2U);
    QCOMPARE(desk->machines().size(), 1U);
    m_scenes->succeed("list", {machineLine("running"), machineLine("stopped", 0, 0, "easel-2")});
    QTRY_COMPARE_WITH_TIMEOUT(desk->machines().size(), 2U, kPatience);
    desk->setWatched(false);
    QTest::qWait(300);  // What was under way is over.
    const qsizetype before = m_scenes->calls().size();
    QTest::qWait(300);
    QCOMPARE(m_scenes->calls().size(), before);
    // Who looks again asks for the machines only.
    desk->setWatched(true);
    QTRY_VERIFY_WITH_TIMEOUT(m_scenes->calls().size() > before, kPatience);
    QCOMPARE(m_scenes->calls("account").size(), 1);
}

void TestCloudDesk::remembersTheProject() {
    {
        const auto desk = this->desk();
        desk->setWatched(true);
        QTRY_VERIFY_WITH_TIMEOUT(desk->areMachinesKnown(), kPatience);
        QCOMPARE(desk->project(), "my-project");
        desk->setProject("other-project");
        QVERIFY(!desk->areMachinesKnown() && desk->machines().empty());
        QTRY_VERIFY_WITH_TIMEOUT(desk->areMachinesKnown(), kPatience);
        QVERIFY(m_scenes->calls("list").last().contains("other-project"));
    }
    const auto again = desk();
    QCOMPARE(again->project(), "other-project");
    // One that is not there any more is forgotten.
    m_scenes->succeed("projects", {R"({"event":"project","id":"my-project","name":"Mine"})"});
    again->setWatched(true);
    QTRY_COMPARE_WITH_TIMEOUT(again->project(), "my-project", kPatience);
}

void TestCloudDesk::saysWhatIsWrong_data() {
    QTest::addColumn<QString>("command");
    QTest::addColumn<QString>("code");
    QTest::newRow("no gcloud") << "account"
                               << "gcloud_missing";
    QTest::newRow("not signed in") << "account"
                                   << "not_logged_in";
    QTest::newRow("no projects to see") << "projects"
                                        << "no_permission";
    QTest::newRow("no line") << "projects"
                             << "network";
}

void TestCloudDesk::saysWhatIsWrong() {
    QFETCH(QString, command);
    QFETCH(QString, code);
    m_scenes->fail(command, code);
    const auto desk = this->desk();
    desk->setWatched(true);
    QTRY_VERIFY_WITH_TIMEOUT(desk->trouble().has_value(), kPatience);
    QCOMPARE(desk->trouble()->code, code);
    QVERIFY(!desk->isKnown());
    allIsWell();
    desk->lookAgain();
    QVERIFY(!desk->trouble());
    QTRY_VERIFY_WITH_TIMEOUT(desk->areMachinesKnown(), kPatience);
}

void TestCloudDesk::signsIn() {
    const QByteArray before = qgetenv("PATH");
    qputenv("PATH", m_dir->filePath("bin").toUtf8() + ':' + before);
    makeGcloud("exit 0\n");
    m_scenes->fail("account", "not_logged_in");
    const auto desk = this->desk();
    desk->setWatched(true);
    QTRY_VERIFY_WITH_TIMEOUT(desk->trouble().has_value(), kPatience);
    m_scenes->succeed("account", {R"({"event":"account","email":"ada@example.com"})"});
    desk->signIn();
    desk->signIn();
    QVERIFY(desk->isSigningIn());
    QTRY_VERIFY_WITH_TIMEOUT(desk->isKnown(), kPatience);
    QFile calls(m_dir->filePath("gcloud-calls"));
    QVERIFY(calls.open(QIODevice::ReadOnly));
    QCOMPARE(calls.readAll(), "auth login\n");
    qputenv("PATH", before);
}

void TestCloudDesk::saysWhySigningInFailed() {
    const QByteArray before = qgetenv("PATH");
    qputenv("PATH", m_dir->filePath("bin").toUtf8() + ':' + before);
    makeGcloud("echo ERROR: closed >&2; exit 1\n");
    const auto desk = this->desk();
    desk->signIn();
    QTRY_VERIFY_WITH_TIMEOUT(desk->trouble().has_value(), kPatience);
    QVERIFY(!desk->isSigningIn());
    QCOMPARE(desk->trouble()->code, "not_logged_in");
    QVERIFY(desk->trouble()->detail.contains("ERROR: closed"));
    qputenv("PATH", "/nonexistent");
    desk->signIn();
    QTRY_COMPARE_WITH_TIMEOUT(desk->trouble()->code, "gcloud_missing", kPatience);
    QVERIFY(desk->trouble()->url.isValid());
    qputenv("PATH", before);
}

void TestCloudDesk::actsOnMachines() {
    const QString place = " easel --project my-project --zone us-central1-a ";
    const auto desk = this->desk();
    std::vector<Machine> told;
    connect(desk.get(), &CloudDesk::machineTold, this,
            [&](const Machine& machine) { told.push_back(machine); });
    m_scenes->succeed("stop", {machineLine("stopped")});
    m_scenes->set("start", {tests::stageLine("ready", "running", "Waiting until it is ready"), "%until ready",
                            machineLine("running"), R"({"event":"done"})"});
    m_scenes->fail("extend", "bad_argument", "It is stopped at six at the latest.");
    desk->act(Deed::Stop, kMachinePlace);
    QCOMPARE(desk->deedOn(kMachinePlace), std::optional(Deed::Stop));
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 1U, kPatience);
    QVERIFY(m_did[0].deed == Deed::Stop && m_did[0].place == kMachinePlace && !m_did[0].failure);
    QCOMPARE(told.size(), 1U);
    QCOMPARE(told[0].state, Machine::State::Stopped);
    QVERIFY(!desk->deedOn(kMachinePlace));

    desk->act(Deed::Start, kMachinePlace);
    QTRY_COMPARE_WITH_TIMEOUT(desk->stepOn(kMachinePlace), "Waiting until it is ready", kPatience);
    m_scenes->write("ready", {});
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 2U, kPatience);
    QVERIFY(!m_did[1].failure);

    desk->act(Deed::Extend, kMachinePlace);
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 3U, kPatience);
    QCOMPARE(m_did[2].failure->detail, "It is stopped at six at the latest.");
    QSignalSpy codes(desk.get(), &CloudDesk::codeMade);
    m_scenes->succeed("pair", {R"({"event":"pairing","code":"easel://x"})"});
    desk->act(Deed::LetIn, kMachinePlace);
    QTRY_COMPARE_WITH_TIMEOUT(codes.size(), 1, kPatience);
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 4U, kPatience);

    QCOMPARE(m_scenes->calls(),
             QStringList({"stop" + place + "--json", "start" + place + "--json",
                          "extend" + place + "--hours 1 --json", "pair" + place + "--json"}));
}

void TestCloudDesk::asksWhatGoesBeforeItGoes() {
    m_scenes->set(
        "down.ask",
        {R"({"event":"question","id":"down","text":"The machine easel with its disk."})", "%exit 3"});
    m_scenes->succeed("down");
    const auto desk = this->desk();
    desk->setWatched(true);
    QTRY_COMPARE_WITH_TIMEOUT(desk->machines().size(), 1U, kPatience);
    desk->act(Deed::LookWhatGoes, kMachinePlace);
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 1U, kPatience);
    QCOMPARE(m_did[0].failure->code, "question");
    QCOMPARE(m_did[0].failure->detail, "The machine easel with its disk.");
    QCOMPARE(desk->machines().size(), 1U);
    QVERIFY(!m_scenes->calls("down").last().contains("--yes"));
    m_scenes->succeed("list");
    desk->act(Deed::Remove, kMachinePlace);
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 2U, kPatience);
    QVERIFY(!m_did[1].failure);
    QVERIFY(desk->machines().empty());
    QVERIFY(m_scenes->calls("down").last().contains("--yes"));
}

void TestCloudDesk::doesOneThingAtATime() {
    m_scenes->set("stop", {"%until now", R"({"event":"done"})"});
    const auto desk = this->desk();
    desk->act(Deed::Stop, kMachinePlace);
    desk->act(Deed::Start, kMachinePlace);
    desk->act(Deed::Stop, {"my-project", "us-central1-a", "easel-2"});
    QCOMPARE(desk->deedOn(kMachinePlace), std::optional(Deed::Stop));
    m_scenes->write("now", {});
    QTRY_COMPARE_WITH_TIMEOUT(m_did.size(), 2U, kPatience);
    QCOMPARE(m_scenes->calls("stop").size(), 2);
    QVERIFY(m_scenes->calls("start").isEmpty());
}

void TestCloudDesk::keepsMachinesWhenTheyCantBeTold() {
    const auto desk = this->desk();
    desk->setWatched(true);
    QTRY_COMPARE_WITH_TIMEOUT(desk->machines().size(), 1U, kPatience);
    m_scenes->fail("list", "network");
    QTRY_VERIFY_WITH_TIMEOUT(desk->machinesTrouble().has_value(), kPatience);
    QCOMPARE(desk->machines().size(), 1U);
    m_scenes->succeed("list");
    QTRY_VERIFY_WITH_TIMEOUT(desk->machines().empty(), kPatience);
    QVERIFY(!desk->machinesTrouble());
}

QTEST_GUILESS_MAIN(TestCloudDesk)
#include "test_cloud_desk.moc"
