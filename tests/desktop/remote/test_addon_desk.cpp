// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/addon_desk.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/link_answers.h"

using namespace easel;
using namespace easel::tests;
using namespace std::chrono_literals;
using protocol::AddonInfo;
using protocol::AddonKind;

/// A server with what can be added, and who looks at it.
struct Desk {
    std::vector<AddonInfo> there;
    bool isOld = false;
    FakeServer server{[this](const FakeRequest& request, QTcpSocket& socket) {
        if (request.path != "/v1/addons") {
            socket.write(jsonAnswer(request.path == "/v1/server" ? protocol::toJson(readyServer())
                                                                 : protocol::toJson(protocol::ModelPage())));
        } else if (isOld) {
            socket.write(answer(404, "application/problem+json",
                                QByteArray::fromStdString(protocol::toJson(protocol::notFound("page")))));
        } else {
            socket.write(jsonAnswer(protocol::toJson(there)));
        }
    }};
    remote::Remote remote;
    remote::ServerLink link{remote, {}};
    remote::AddonDesk desk{remote, link, 20ms};
};

class TestAddonDesk : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void listsWhatIsThere();
    void noticesWhatComesLater();
    void hasNoneOfAnOldServer();
    void forgetsThoseOfAnotherServer();
};

void TestAddonDesk::listsWhatIsThere() {
    Desk at;
    at.there = {{.kind = AddonKind::Lora, .name = "ink"}, {.kind = AddonKind::Vae, .name = "clear"}};
    const QSignalSpy changes(&at.desk, &remote::AddonDesk::changed);
    at.link.connectTo(at.server.url());
    QTRY_COMPARE(at.desk.addons(), at.there);
    QTRY_VERIFY(at.server.count("GET", "/v1/addons") > 2);
    QCOMPARE(changes.size(), 1);  // the same again is no news
}

void TestAddonDesk::noticesWhatComesLater() {
    Desk at;
    at.link.connectTo(at.server.url());
    QTRY_VERIFY(at.server.count("GET", "/v1/addons") > 0);
    QVERIFY(at.desk.addons().empty());
    at.there = {{.kind = AddonKind::Lora, .name = "ink"}};
    QTRY_COMPARE(at.desk.addons(), at.there);
}

void TestAddonDesk::hasNoneOfAnOldServer() {
    Desk at;
    at.isOld = true;
    at.link.connectTo(at.server.url());
    QTRY_COMPARE(at.server.count("GET", "/v1/addons"), 1);
    QTest::qWait(200);
    QCOMPARE(at.server.count("GET", "/v1/addons"), 1);
    QVERIFY(at.desk.addons().empty());
}

void TestAddonDesk::forgetsThoseOfAnotherServer() {
    Desk at;
    at.there = {{.kind = AddonKind::Lora, .name = "ink"}};
    at.link.connectTo(at.server.url());
    QTRY_COMPARE(at.desk.addons(), at.there);
    at.link.connectTo(QUrl("http://127.0.0.1:1"));
    QVERIFY(at.desk.addons().empty());
}

QTEST_GUILESS_MAIN(TestAddonDesk)
#include "test_addon_desk.moc"
