// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/cloud/machine_maker.h"
#include "desktop/remote/connection_code.h"

using namespace easel;
using namespace easel::cloud;
using Deed = CloudDesk::Deed;

/// The app's side of Google Cloud and the real easel-gcp, with a stand-in for gcloud: what one says the other
/// understands.
class TestMachines : public QObject {
    Q_OBJECT

    static constexpr int kPatience = 240'000;  // milliseconds

    std::unique_ptr<QTemporaryDir> m_world;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<CloudDesk> m_desk;
    std::vector<std::pair<Deed, std::optional<Failure>>> m_did;

    QString program() const { return m_world->filePath("easel-gcp"); }

    static MachineWish wish() {
        MachineWish wish;
        wish.project = "pictures-1";
        wish.gpu = "l4";
        wish.model = "stable-diffusion-v1-5/stable-diffusion-v1-5";
        return wish;
    }

    QJsonObject world() const {
        QFile file(m_world->filePath("world.json"));
        return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object()
                                              : QJsonObject();
    }

    /// How many machines Easel has made.
    qsizetype machinesThere() const {
        const QJsonObject machines = world()["things"].toObject()["instances"].toObject();
        return std::ranges::count_if(machines.keys(), [&](const QString& key) {
            return !machines[key].toObject()["foreign"].toBool();
        });
    }

    bool act(Deed deed) {
        m_did.clear();
        m_desk->act(deed, m_desk->machines().front().place);
        return QTest::qWaitFor([this] { return !m_did.empty(); }, kPatience) && m_did.front().first == deed;
    }

private Q_SLOTS:
    void init() {
        m_world = std::make_unique<QTemporaryDir>();
        QCOMPARE(QProcess::execute("python3", {"-B", EASEL_MAKE_WORLD, m_world->path()}), 0);
        m_settings = std::make_unique<QSettings>(m_world->filePath("settings.ini"), QSettings::IniFormat);
        m_desk = std::make_unique<CloudDesk>(*m_settings, program());
        connect(m_desk.get(), &CloudDesk::did, this,
                [this](Deed deed, const protocol::GcpPlace&, const std::optional<Failure>& failure) {
                    m_did.emplace_back(deed, failure);
                });
    }
    void cleanup() {
        m_desk.reset();
        QVERIFY(world()["violations"].toArray().isEmpty());
    }

    void whatThereIsIsUnderstood() {
        m_desk->setWatched(true);
        QTRY_VERIFY_WITH_TIMEOUT(m_desk->isKnown() && !m_desk->offers().empty() && !m_desk->models().empty(),
                                 kPatience);
        QVERIFY2(!m_desk->trouble(), m_desk->trouble() ? qPrintable(m_desk->trouble()->detail) : "");
        QVERIFY(m_desk->account().contains('@'));
        QCOMPARE(m_desk->projects().front().id, "pictures-1");
        for (const Offer& offer : m_desk->offers()) {
            QVERIFY(!offer.gpu.isEmpty() && !offer.title.isEmpty() && offer.hourly + offer.spotHourly > 0);
        }
        for (const Model& model : m_desk->models()) {
            QVERIFY(model.id.contains('/') && !model.licence.isEmpty() && model.gigabytes > 0);
            QCOMPARE(model.licenceUrl.scheme(), "https");
        }
    }

    void aMachineIsMadeAndRemoved() {
        MachineMaker maker(program());
        maker.quote(wish());
        QTRY_VERIFY_WITH_TIMEOUT(maker.price() || maker.priceTrouble(), kPatience);
        QVERIFY2(maker.price(), maker.priceTrouble() ? qPrintable(maker.priceTrouble()->detail) : "");
        QVERIFY(maker.price()->totalHourly > 0 && maker.price()->limit >= maker.price()->totalHourly * 8);
        QCOMPARE(machinesThere(), 0);

        QSignalSpy made(&maker, &MachineMaker::made);
        maker.make(wish(), {});
        QTRY_VERIFY_WITH_TIMEOUT(!maker.isBusy(), kPatience);
        QVERIFY2(maker.state() == MachineMaker::State::Made,
                 maker.failure() ? qPrintable(maker.failure()->detail) : "");
        QCOMPARE(machinesThere(), 1);
        for (const auto& step : maker.steps()) {
            QVERIFY(!step.stage.title.isEmpty());
            QVERIFY(step.stage.state == Stage::State::Done || step.stage.state == Stage::State::Skipped);
        }
        const auto code = remote::parseCode(made.first().first().toString());
        QVERIFY(code);
        QVERIFY(code->gcp);
        QCOMPARE(code->gcp->project, std::string("pictures-1"));
        QVERIFY(!code->fingerprint.isEmpty() && !code->ticket.isEmpty());

        m_desk->setWatched(true);
        QTRY_VERIFY_WITH_TIMEOUT(!m_desk->machines().empty(), kPatience);
        const auto machine = [this] { return m_desk->machines().front(); };
        QVERIFY(machine().place == *code->gcp);
        QCOMPARE(machine().state, Machine::State::Running);
        QVERIFY(machine().secondsLeft && *machine().secondsLeft > 7 * 3600 && machine().hourly > 0);

        const int before = *machine().secondsLeft;
        QVERIFY(act(Deed::Extend));
        QVERIFY2(!m_did.front().second, qPrintable(m_did.front().second.value_or(Failure()).detail));
        QVERIFY(*machine().secondsLeft > before + 3000);
        QVERIFY(act(Deed::Stop));
        QVERIFY(!m_did.front().second);
        QCOMPARE(machine().state, Machine::State::Stopped);

        QVERIFY(act(Deed::LookWhatGoes));
        QVERIFY(m_did.front().second);
        QCOMPARE(m_did.front().second->code, "question");
        QVERIFY(m_did.front().second->detail.contains("the machine easel in us-central1"));
        QCOMPARE(machinesThere(), 1);
        QVERIFY(act(Deed::Remove));
        QVERIFY2(!m_did.front().second, qPrintable(m_did.front().second.value_or(Failure()).detail));
        QCOMPARE(machinesThere(), 0);
    }

    void whatIsWrongIsUnderstood() {
        QFile file(m_world->filePath("world.json"));
        QJsonObject changed = world();
        changed["scenario"] = QJsonObject{{"logged_out", true}};
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QJsonDocument(changed).toJson());
        file.close();
        m_desk->setWatched(true);
        QTRY_VERIFY_WITH_TIMEOUT(m_desk->trouble(), kPatience);
        QCOMPARE(m_desk->trouble()->code, "not_logged_in");
        QVERIFY(!m_desk->trouble()->remedy.isEmpty());
    }
};

QTEST_MAIN(TestMachines)
#include "test_machines.moc"
