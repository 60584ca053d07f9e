// SPDX-License-Identifier: Apache-2.0
#include <QPointer>
#include <QTest>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/token_counter.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/link_answers.h"

using namespace easel;
using namespace easel::tests;
using namespace std::chrono_literals;
using protocol::TokenCount;
using protocol::TokenQuestion;
using remote::ServerLink;

namespace {

/// A server that counts words, and a counter that asks it.
struct Counting {
    int refusal = 0;      ///< the status that it answers with; 0: it counts
    bool answers = true;  ///< else it leaves the question open
    QPointer<QTcpSocket> unanswered;
    QList<TokenQuestion> asked;
    protocol::ServerInfo info = readyServer();
    FakeServer server{[this](const FakeRequest& request, QTcpSocket& socket) { answer(request, socket); }};
    remote::Remote remote;
    ServerLink link{remote, kQuick};
    remote::TokenCounter counter{remote, link, 20ms};
    QList<std::pair<std::string, std::optional<TokenCount>>> told;

    Counting() {
        QObject::connect(&counter, &remote::TokenCounter::counted, &counter,
                         [this](const TokenQuestion& question, const std::optional<TokenCount>& count) {
                             told.append({question.prompt, count});
                         });
    }
    void answer(const FakeRequest& request, QTcpSocket& socket) {
        if (request.path != "/v1/tokens") {
            answering(info)(request, socket);
            return;
        }
        asked.append(protocol::parseTokenQuestion(request.body.toStdString()).value());
        if (refusal != 0) {
            socket.write(tests::answer(refusal, "application/problem+json",
                                       R"({"title":"No","detail":"It is not so.","code":"no"})"));
        } else if (answers) {
            TokenCount count;
            count.tokens = int(QString::fromStdString(asked.last().prompt).split(' ').size());
            socket.write(jsonAnswer(protocol::toJson(count)));
        } else {
            unanswered = &socket;
        }
    }
    std::optional<int> tokens() const {
        return told.isEmpty() || !told.last().second ? std::nullopt
                                                     : std::optional(told.last().second->tokens);
    }
    void connect() {
        link.connectTo(server.url());
        QTRY_VERIFY(link.isOnline());
        told.clear();
    }
};

}  // namespace

class TestRemoteTokens : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void asksWhenThePersonPauses();
    void nothingIsKnownWithoutAServer();
    void anOldServerIsAskedOnce();
    void anAnswerThatComesTooLateIsLeft();
    void aRefusalIsQuiet();
};

void TestRemoteTokens::asksWhenThePersonPauses() {
    Counting counting;
    counting.connect();
    for (const char* typed : {"a", "a f", "a fox"}) {
        counting.counter.ask({typed, "some/model", "plain"});
    }
    QTRY_COMPARE(counting.tokens(), 2);
    QCOMPARE(counting.told.last().first, std::string("a fox"));
    QCOMPARE(counting.asked, QList<TokenQuestion>({{"a fox", "some/model", "plain"}}));
    // The same is no question, another model is.
    counting.counter.ask({"a fox", "some/model", "plain"});
    QTest::qWait(60);
    QCOMPARE(counting.asked.size(), 1);
    counting.counter.ask({"a fox", "another/model", "plain"});
    QTRY_COMPARE(counting.asked.size(), 2);
    // Nor is nothing.
    QTRY_COMPARE(counting.told.size(), 2);
    counting.counter.ask({"", "another/model", "plain"});
    QCOMPARE(counting.tokens(), std::nullopt);
    QTest::qWait(60);
    QCOMPARE(counting.asked.size(), 2);
}

void TestRemoteTokens::nothingIsKnownWithoutAServer() {
    Counting counting;
    counting.counter.ask({"a red fox", {}, {}});
    QCOMPARE(counting.told.size(), 1);
    QCOMPARE(counting.tokens(), std::nullopt);
    counting.link.connectTo(counting.server.url());  // what was asked is told as soon as it can be
    QTRY_COMPARE(counting.tokens(), 3);
    counting.server.stop();
    QTRY_COMPARE(counting.tokens(), std::nullopt);
    counting.server.start();
    QTRY_COMPARE(counting.tokens(), 3);
}

void TestRemoteTokens::anOldServerIsAskedOnce() {
    Counting counting;
    counting.refusal = 404;
    counting.connect();
    counting.counter.ask({"a fox", {}, {}});
    QTRY_COMPARE(counting.told.size(), 1);
    QCOMPARE(counting.tokens(), std::nullopt);
    counting.counter.ask({"a red fox", {}, {}});
    QCOMPARE(counting.told.size(), 2);
    QTest::qWait(60);
    QCOMPARE(counting.asked.size(), 1);
    // Another server may know it.
    Counting other;
    counting.link.connectTo(other.server.url());
    QTRY_COMPARE(counting.tokens(), 3);
}

void TestRemoteTokens::anAnswerThatComesTooLateIsLeft() {
    Counting counting;
    counting.connect();
    counting.answers = false;
    counting.counter.ask({"a fox", {}, {}});
    QTRY_COMPARE(counting.asked.size(), 1);
    counting.counter.ask({"a fox on the moon", {}, {}});
    counting.answers = true;
    QTRY_COMPARE(counting.tokens(), 5);
    QVERIFY(counting.unanswered);
    counting.unanswered->write(jsonAnswer(protocol::toJson(TokenCount())));
    QTest::qWait(60);
    QCOMPARE(counting.told.last().first, std::string("a fox on the moon"));
    QCOMPARE(counting.tokens(), 5);
}

void TestRemoteTokens::aRefusalIsQuiet() {
    Counting counting;
    counting.connect();
    counting.counter.ask({"a fox", {}, {}});
    QTRY_COMPARE(counting.tokens(), 2);
    counting.refusal = 422;
    counting.counter.ask({"(a", {}, {}});
    QTRY_COMPARE(counting.tokens(), std::nullopt);
    QCOMPARE(counting.asked.size(), 2);
    counting.refusal = 0;
    counting.counter.ask({"a b c", {}, {}});
    QTRY_COMPARE(counting.tokens(), 3);
}

QTEST_GUILESS_MAIN(TestRemoteTokens)
#include "test_remote_tokens.moc"
