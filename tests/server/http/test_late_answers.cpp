// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "tests/server/http/listener_test.h"

using namespace easel::http;
using namespace easel::tests;
using namespace std::chrono_literals;

/// Answers that come later or bit by bit, and clients that go before.
class TestLateAnswers : public ListenerTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { beginAll(); }
    void init() { begin(); }
    void cleanup() { end(); }

    void answersMayComeLater() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
        kept().send(textResponse(200, "at last"));
        QCOMPARE(client.receive()->body, std::string("at last"));
        QCOMPARE(m_gone.load(), 0);

        QCOMPARE(fetch(listener->port(), "GET", "/forgets")->status, 500);
        QCOMPARE(fetch(listener->port(), "GET", "/throws")->status, 500);
        QCOMPARE(fetch(listener->port(), "GET", "/inject?name=a%0d%0aX-Evil:%20b")->header("x-evil"),
                 std::string());
    }

    void handlersLearnThatTheClientHasGone() {
        const auto listener = start();
        {
            RawClient client(listener->port());
            client.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
            QTRY_VERIFY_WITH_TIMEOUT((std::lock_guard(m_mutex), m_kept.has_value()), 30'000);
        }
        QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
        const Responder late = kept();
        late.send(textResponse(200, "too late"));
        std::promise<void> told;
        late.onDisconnect([&] { told.set_value(); });
        QCOMPARE(told.get_future().wait_for(30s), std::future_status::ready);
    }

    /// What was sent ahead waits its turn, and must not hide that nobody waits for the answer.
    void handlersLearnThatABusyClientHasGone() {
        const auto listener = start();
        for (const std::size_t ahead : {10, 5'000, 100'000}) {
            m_gone = 0;
            RawClient client(listener->port());
            client.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
            const Responder responder = kept();
            client.send("POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 1000000\r\n\r\n" +
                        std::string(ahead, 'a'));
            client.reset();
            QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
        }
    }

    /// `printf … | nc -N` ends its half of the connection as soon as it has asked.
    void clientsThatOnlyReadAreAnswered() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /later HTTP/1.1\r\n" + kHost + "\r\nGET /hello HTTP/1.1\r\n" + kHost + "\r\n");
        client.endSending();
        const Responder responder = kept();
        responder.send(textResponse(200, "at last"));
        QCOMPARE(client.receive()->body, std::string("at last"));
        QCOMPARE(client.receive()->body, std::string("hello you"));
        QVERIFY(client.isClosedByServer());
        QCOMPARE(m_gone.load(), 0);
    }

    /// The answer's first byte comes early, as a question whether anybody is there.
    void clientsThatOnlyReadAreAskedWhetherTheyDo() {
        const auto listener = start();
        for (const bool stays : {true, false}) {
            RawClient client(listener->port());
            client.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
            const Responder responder = kept();
            client.endSending();
            QCOMPARE(client.receiveUntil("H"), std::string("H"));
            if (stays) {
                responder.send(textResponse(200, "at last"));
                QVERIFY(client.receiveUntil("\r\n\r\nat last").starts_with("TTP/1.1 200 OK\r\n"));
                QCOMPARE(m_gone.load(), 0);
            } else {
                client.close();
                QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
            }
        }
    }

    void followersThatOnlyReadAreTold() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        client.endSending();
        EventStream events = stream();
        QVERIFY(!client.receiveUntil(":\n\n").empty());
        QVERIFY(events.send("state", "still"));
        QVERIFY(!client.receiveUntil("data: still\n\n").empty());
        events.close();
        QVERIFY(client.isClosedByServer());
    }

    void eventsAreStreamed() {
        ListenerOptions options;
        options.heartbeat = 50ms;
        const auto listener = start(options);
        RawClient client(listener->port());
        client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        const std::string head = client.receiveUntil("\r\n\r\n");
        QVERIFY(head.find("Content-Type: text/event-stream") != std::string::npos);
        QCOMPARE(client.receiveUntil("\n\n"), std::string("retry: 2000\n\n"));
        EventStream events = stream();
        QVERIFY(events.send("state", "{\"a\":1}\nb", "7"));
        QVERIFY(!client.receiveUntil("id: 7\nevent: state\ndata: {\"a\":1}\ndata: b\n\n").empty());
        QVERIFY(!client.receiveUntil(":\n\n").empty());  // the heartbeat
        events.close();
        QVERIFY(!events.send("state", "late"));
        client.receiveUntil("nothing more");
        QVERIFY(client.isClosedByServer() || m_gone.load() == 1);
        QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
    }

    void followersThatGoAreNoticed() {
        const auto listener = start();
        {
            RawClient client(listener->port());
            client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
            client.receiveUntil("retry");
        }
        QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
        QVERIFY(!stream().send("state", "nobody hears"));
    }

    void followersThatDoNotReadAreCutOff() {
        ListenerOptions options;
        options.writeTimeout = 200ms;
        const auto listener = start(options);
        RawClient client(listener->port());
        client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        EventStream events = stream();
        const std::string data(32 * 1024, 'd');
        int sent = 0;
        while (sent < 10'000 && events.send("progress", data)) {
            ++sent;
        }
        QVERIFY(sent < 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
    }

    /// What may get lost is at most the newest of its kind, goes first, and cuts nobody off.
    void followersThatLagAreNotSentWhatMayGetLost() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        EventStream events = stream();
        constexpr int kMany = 8000;
        constexpr int kSlots = 8;
        const auto offer = [&](int number, const std::string& filler) {
            events.offer("preview", "p" + std::to_string(number) + filler,
                         "a" + std::to_string(number % kSlots));
        };
        const std::string filler(4UL * 1024, '.');
        for (int number = 1; number <= kMany; ++number) {
            offer(number, filler);
        }
        const std::string newest = client.receiveUntil("data: p" + std::to_string(kMany) + ".");
        QVERIFY(newest.size() < kMany * filler.size() / 2);
        for (int number = kMany - kSlots + 1; number <= kMany; ++number) {
            QVERIFY(newest.find("event: preview\ndata: p" + std::to_string(number) + ".") !=
                    std::string::npos);
        }

        const std::string much(64UL * 1024, '.');
        for (int number = 1; number <= kMany; ++number) {
            offer(number, much);
        }
        // More than there is room for beside the offers that wait.
        for (int number = 1; number <= 3; ++number) {
            QVERIFY(events.send("image", "i" + std::to_string(number) + much, std::to_string(number)));
        }
        events.close();
        for (const char* const image : {"i1", "i2", "i3"}) {
            QVERIFY(!client.receiveUntil("event: image\ndata: " + std::string(image) + ".").empty());
        }
    }

    /// What was not sent when it was overtaken is left out, and nothing else.
    void followersThatLagAreToldTheNewest() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        EventStream events = stream();
        const std::string filler(1000, '.');
        constexpr int kSteps = 10'000;
        int number = 0;
        const auto tell = [&](const std::string& type, const std::string& data, const std::string& slot) {
            return events.send(type, data + filler, std::to_string(++number), slot);
        };
        for (int step = 1; step <= kSteps; ++step) {
            QVERIFY(tell("progress", "a" + std::to_string(step), "a"));
            QVERIFY(tell("progress", "b" + std::to_string(step), "b"));
            if (step % 1000 == 0) {
                QVERIFY(tell("image", "i" + std::to_string(step), ""));
            }
        }
        QVERIFY(tell("done", "", ""));
        events.close();

        std::vector<std::string> told;
        std::vector<int> numbers;
        std::size_t bytes = 0;
        while (told.empty() || !told.back().empty()) {
            const std::string event = client.receiveUntil(filler + "\n\n");
            bytes += event.size();
            numbers.push_back(std::stoi(event.substr(event.find("id: ") + 4)));
            const std::size_t data = event.find("data: ") + 6;
            told.push_back(event.substr(data, event.find('.', data) - data));
        }
        QVERIFY(std::ranges::is_sorted(numbers, std::less_equal()));
        for (const char* last : {"a10000", "b10000"}) {
            QCOMPARE(std::ranges::count(told, last), 1);
        }
        for (int image = 1000; image <= kSteps; image += 1000) {
            QCOMPARE(std::ranges::count(told, "i" + std::to_string(image)), 1);
        }
        // The system keeps little of what would be late.
        QVERIFY2(bytes < 1'000'000, std::to_string(bytes).c_str());
    }

    void stopLetsAnswersOut() {
        const auto listener = start();
        RawClient idle(listener->port());
        idle.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
        idle.receive();
        RawClient follower(listener->port());
        follower.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        follower.receiveUntil("retry: 2000\n\n");
        RawClient waiting(listener->port());
        waiting.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
        const Responder responder = kept();

        auto stopped = std::async(std::launch::async, [&] { listener->stop(30s); });
        QVERIFY(idle.isClosedByServer());
        QVERIFY(follower.isClosedByServer());
        responder.send(textResponse(200, "still"));
        const auto answer = waiting.receive();
        QVERIFY(answer);
        QCOMPARE(answer->body, std::string("still"));
        QCOMPARE(answer->header("connection"), std::string("close"));
        stopped.get();
        QVERIFY(!fetch(listener->port(), "GET", "/hello"));
    }

    void stopEndsWhatIsNotAnswered() {
        auto listener = start();
        RawClient waiting(listener->port());
        waiting.send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
        const Responder responder = kept();
        listener.reset();
        QVERIFY(waiting.isClosedByServer());
        QCOMPARE(m_gone.load(), 1);
        responder.send(textResponse(200, "to nobody"));  // after the listener's end: ignored
    }
};

QTEST_GUILESS_MAIN(TestLateAnswers)
#include "test_late_answers.moc"
