// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include <algorithm>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/link_answers.h"

using namespace easel;
using namespace easel::tests;
using namespace std::chrono_literals;
using remote::ServerLink;

/// The models that ServerLink lists.
class TestServerModels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void listsTheModelsOfAllPages();
    void noticesModelsThatComeLater();
    void listsAThousandModelsAtMost();
};

void TestServerModels::listsTheModelsOfAllPages() {
    const std::vector<std::string> ids{"one", "owner/two", "50% of a & b+c", "d\xC3\xA9j\xC3\xA0 vu", "five"};
    FakeServer server([&ids](const FakeRequest& request, QTcpSocket& socket) {
        if (request.path == "/v1/server") {
            socket.write(jsonAnswer(protocol::toJson(readyServer())));
            return;
        }
        // One a page, the model after the one that the query names.
        const QByteArray after = request.path.mid(QByteArray("/v1/models?after=").size());
        const auto last = std::ranges::find(ids, QByteArray::fromPercentEncoding(after).toStdString());
        const auto here = request.path == "/v1/models" ? ids.begin() : std::next(last);
        protocol::ModelPage page;
        page.models.resize(1);
        page.models[0].id = *here;
        page.models[0].state =
            *here == "five" ? protocol::ModelState::Failed : protocol::ModelState::Available;
        page.next = here + 1 == ids.end() ? std::nullopt : std::optional(*here);
        socket.write(jsonAnswer(protocol::toJson(page)));
    });
    remote::Remote remote;
    ServerLink link(remote, {});
    QSignalSpy changes(&link, &ServerLink::infoChanged);
    link.connectTo(server.url());
    QTRY_COMPARE(link.models().size(), ids.size() - 1);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        QCOMPARE(link.models()[i].id, ids[i]);
    }
    QCOMPARE(changes.size(), 3);  // another server, what it said, and its models once
    QCOMPARE(server.requests().size(), 6);
    QVERIFY(server.count("GET", "/v1/models?after=50%25%20of%20a%20%26%20b%2Bc") == 1);
}

void TestServerModels::noticesModelsThatComeLater() {
    std::size_t count = 1;
    FakeServer server([&count](const FakeRequest& request, QTcpSocket& socket) {
        protocol::ModelPage page;
        for (std::size_t i = 0; i < count; ++i) {
            page.models.emplace_back().id = std::to_string(i);
        }
        socket.write(jsonAnswer(request.path == "/v1/server" ? protocol::toJson(readyServer())
                                                             : protocol::toJson(page)));
    });
    remote::Remote remote;
    ServerLink link(remote, {.whenConnected = 10ms, .modelsAgain = 20ms});
    link.connectTo(server.url());
    QTRY_COMPARE(link.models().size(), std::size_t{1});
    count = 2;
    QTRY_COMPARE(link.models().size(), std::size_t{2});
    count = 0;
    QTRY_COMPARE(link.models().size(), std::size_t{0});
}

void TestServerModels::listsAThousandModelsAtMost() {
    FakeServer server([](const FakeRequest& request, QTcpSocket& socket) {
        protocol::ModelPage page;
        page.models.resize(300);
        page.next = "more";
        socket.write(jsonAnswer(request.path == "/v1/server" ? protocol::toJson(readyServer())
                                                             : protocol::toJson(page)));
    });
    remote::Remote remote;
    ServerLink link(remote, {});
    link.connectTo(server.url());
    QTRY_COMPARE(link.models().size(), std::size_t{1000});
    QCOMPARE(server.count("GET", "/v1/models?after=more"), 3);
}

QTEST_GUILESS_MAIN(TestServerModels)
#include "test_server_models.moc"
