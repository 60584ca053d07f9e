// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <fstream>
#include <string>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "shared/protocol/json.h"
#include "tests/end_to_end/server_process.h"
#include "tests/server/http/raw_client.h"

using namespace easel;
using tests::fetch;
using tests::RawResponse;

namespace {

constexpr int kPatience = 120'000;  // milliseconds; a slow machine is not a failure

/// Bytes that the machine has to give.
double availableMemory() {
    std::ifstream words("/proc/meminfo");
    std::string word;
    double kib = 0;
    while (words >> word && word != "MemAvailable:") {
    }
    words >> kib;
    return kib * 1024;
}

}  // namespace

/// The real server with two real workers.
class TestTwoDevices : public QObject {
    Q_OBJECT

private:
    ServerProcess m_server{0, "cpu,cpu"};
    double m_available = 0;

    RawResponse request(const char* method, const std::string& path, const std::string& body = {}) {
        return fetch(std::uint16_t(m_server.url().port()), method, path,
                     body.empty() ? "" : "Content-Type: application/json\r\n", body)
            .value_or(RawResponse());
    }

    QJsonObject device(int index) {
        const QByteArray body = QByteArray::fromStdString(request("GET", "/v1/devices").body);
        return QJsonDocument::fromJson(body).object()["devices"].toArray()[index].toObject();
    }

    protocol::Job job(const std::string& id) {
        return protocol::parseJob(request("GET", "/v1/jobs/" + id).body).value_or(protocol::Job());
    }

    std::string submit(int steps, int count = 1) {
        const std::string body = R"({"prompt":"a red fox","seed":7,"steps":)" + std::to_string(steps) +
                                 R"(,"count":)" + std::to_string(count) + "}";
        return protocol::parseJob(request("POST", "/v1/jobs", body).body).value_or(protocol::Job()).id;
    }

private Q_SLOTS:
    void initTestCase() {
        m_available = availableMemory();
        QVERIFY2(m_server.start(), qPrintable(m_server.error));
        for (const int index : {0, 1}) {
            QTRY_COMPARE_WITH_TIMEOUT(device(index)["state"].toString(), QString("ready"), kPatience);
            QCOMPARE(device(index)["models"].toArray().size(), 1);
        }
    }

    /// The memory that is free is not promised twice.
    void theyShareTheMachine() {
        const double first = device(0)["memory_budget"].toDouble();
        const double second = device(1)["memory_budget"].toDouble();
        QVERIFY(first > 0 && second > 0);
        QVERIFY(first < 1.5 * second && second < 1.5 * first);
        // A server of one device takes three quarters: two that do not share would take half as much again.
        QVERIFY(m_available > 0);
        QVERIFY2(first + second < 1.2 * m_available, qPrintable(QString::number(first + second)));
    }

    void bothDrawTheSamePicture() {
        std::string pictures[2];
        for (const int index : {0, 1}) {
            const std::string other = "/v1/devices/" + std::to_string(1 - index);
            QCOMPARE(request("POST", other + "/drain").status, 200);
            const std::string id = submit(4);
            QTRY_VERIFY_WITH_TIMEOUT(job(id).state == protocol::JobState::Succeeded, kPatience);
            pictures[index] = request("GET", "/v1/jobs/" + id + "/images/0").body;
            QCOMPARE(request("POST", other + "/resume").status, 200);
        }
        QVERIFY(pictures[0].size() > 100);
        QVERIFY(pictures[0] == pictures[1]);
    }

    void theyDrawSideBySide() {
        const std::string first = submit(400, 4);
        const std::string second = submit(400, 4);
        QTRY_VERIFY_WITH_TIMEOUT(device(0)["running"].toInt() == 1 && device(1)["running"].toInt() == 1,
                                 kPatience);
        for (const std::string& id : {first, second}) {
            QCOMPARE(request("POST", "/v1/jobs/" + id + "/cancel").status, 200);
            QTRY_VERIFY_WITH_TIMEOUT(job(id).state == protocol::JobState::Cancelled, kPatience);
        }
        QTRY_COMPARE_WITH_TIMEOUT(device(0)["running"].toInt() + device(1)["running"].toInt(), 0, kPatience);
    }
};

QTEST_GUILESS_MAIN(TestTwoDevices)
#include "test_two_devices.moc"
