// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <sstream>

#include "server/http/listener.h"
#include "tests/server/http/conversation.h"
#include "tests/server/http/transport.h"

using namespace easel::http;
using namespace easel::tests;
using namespace std::string_literals;

Q_DECLARE_METATYPE(Conversation)

namespace {

const std::string kHost = "Host: localhost\r\n";

std::string get(const std::string& path = "/livez") {
    return "GET " + path + " HTTP/1.1\r\n" + kHost + "\r\n";
}

std::string post(const std::string& fields, const std::string& body = {}) {
    return "POST /echo HTTP/1.1\r\n" + kHost + fields + "\r\n" + body;
}

std::string chunked(const std::string& chunks) {
    return post("Transfer-Encoding: chunked\r\n", chunks);
}

std::string repeated(int times, const std::string& text) {
    std::ostringstream all;
    for (int i = 0; i < times; ++i) {
        all << text;
    }
    return all.str();
}

void row(const char* name, const std::string& bytes, std::vector<int> statuses, bool ends = false) {
    QTest::newRow(name) << Conversation{{bytes}, std::move(statuses), ends};
}

void refused(const char* name, const std::string& bytes, int status = 400) {
    row(name, bytes, {status}, true);
}

}  // namespace

/// Where a body begins and ends, and that nothing in it is ever taken for a request (request smuggling).
class TestFraming : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<Listener> m_listener;

private Q_SLOTS:
    void initTestCase() {
        Router router;
        router.addSimple("GET", "/livez", [](const Request&) { return textResponse(200, "alive\n"); });
        router.addSimple("DELETE", "/thing", [](const Request&) { return textResponse(200, "gone"); });
        router.addSimple("POST", "/echo",
                         [](const Request& request) { return textResponse(200, request.body); });
        m_listener = Listener::start(over(chosenTransport()), std::move(router)).value();
    }

    void bodiesEndWhereTheySay_data() {
        QTest::addColumn<Conversation>("conversation");
        const std::string hidden = get("/hidden");
        const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
        const auto doubtful = [&](const char* name, const std::string& fields) {
            refused(name, post(fields, "0\r\n\r\n" + hidden));
        };
        doubtful("length and chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n");
        doubtful("chunked and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n");
        doubtful("length 0 and chunked", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n");
        doubtful("two lengths, the same", "Content-Length: 2\r\nContent-Length: 2\r\n");
        doubtful("two lengths", "Content-Length: 2\r\nContent-Length: 5\r\n");
        doubtful("list of lengths", "Content-Length: 2, 2\r\n");
        for (const char* odd :
             {"+2", "-0", "-1234", "-123456789123456789123456789", "0x2", "2.0", "2 2", "1e1", "abc", "",
              "18446744073709551616", "18446744073709551618", "\xd9\xa2", "\v2"}) {
            doubtful(qPrintable("length " + QString::fromUtf8(odd).toHtmlEscaped()),
                     "Content-Length: " + std::string(odd) + "\r\n");
        }
        doubtful("blank before the colon of length", "Content-Length : 2\r\n");
        doubtful("blank before the colon of encoding", "Transfer-Encoding : chunked\r\n");
        doubtful("tab before the colon of encoding", "Transfer-Encoding\t: chunked\r\n");
        doubtful("encoding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
        for (const char* odd :
             {"identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;q=1", "xchunked",
              "\"chunked\"", "\vchunked", "chunked,", "", "\r\n chunked"}) {
            doubtful(qPrintable("encoding " + QString(odd).simplified()),
                     "Transfer-Encoding: " + std::string(odd) + "\r\n");
        }
        doubtful("encoding after a NUL", "X: a\0Transfer-Encoding: chunked\r\n"s);
        refused("chunked over 1.0",
                "POST /echo HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");

        row("chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "2\r\n{}\r\n0\r\n\r\n"), {200});
        row("leading zeros", post("Content-Length: 00000002\r\n", "{}"), {200});
        row("a request after a body", post("Content-Length: 2\r\n", "{}" + get()), {200, 200});
        row("a request after chunks", chunked("2\r\n{}\r\n0\r\n\r\n" + get()), {200, 200});
        row("GET with a body", "GET /livez HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\nhello" + get(),
            {200, 200});
        // Answered before the body is read, so the connection cannot go on.
        refused("body of a 404", "GET /nothing HTTP/1.1\r\n" + kHost + length + "\r\n" + hidden, 404);
        refused("body of a 405", "PUT /livez HTTP/1.1\r\n" + kHost + length + "\r\n" + hidden, 405);
        row("body of OPTIONS", "OPTIONS /livez HTTP/1.1\r\n" + kHost + length + "\r\n" + hidden, {204});
        row("body of DELETE", "DELETE /thing HTTP/1.1\r\n" + kHost + length + "\r\n" + hidden, {200});
        QTest::newRow("body of HEAD") << Conversation{
            {"HEAD /livez HTTP/1.1\r\n" + kHost + length + "\r\n" + hidden}, {200}, false, true};
    }

    void bodiesEndWhereTheySay() { check(); }

    void chunksAreReadStrictly_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto odd = [](const char* name, const std::string& chunks) { refused(name, chunked(chunks)); };
        odd("extension", "2;a=b\r\n{}\r\n0\r\n\r\n");
        odd("extension without a value", "2;a\r\n{}\r\n0\r\n\r\n");
        odd("extension with LF", "2;\nxx\r\n{}\r\n0\r\n\r\n");
        odd("extension on the last", "2\r\n{}\r\n0;a\r\n\r\n");
        odd("size 0x2", "0x2\r\n{}\r\n0\r\n\r\n");
        odd("size +2", "+2\r\n{}\r\n0\r\n\r\n");
        odd("size -2", "-2\r\n{}\r\n0\r\n\r\n");
        odd("no size", "\r\n{}\r\n0\r\n\r\n");
        odd("size g", "g\r\n{}\r\n0\r\n\r\n");
        odd("size 2^64 + 2", "10000000000000002\r\n{}\r\n0\r\n\r\n");
        odd("size of 40 digits", std::string(40, 'f') + "\r\n{}\r\n0\r\n\r\n");
        odd("no line end after the data", "2\r\n{}0\r\n\r\n");
        odd("LF after the size", "2\n{}\r\n0\r\n\r\n");
        odd("LF after the data", "2\r\n{}\n0\r\n\r\n");
        odd("CR after the size", "2\r{}\r\n0\r\n\r\n");
        odd("blank before the size", " 2\r\n{}\r\n0\r\n\r\n");
        odd("blank after the size", "2 \r\n{}\r\n0\r\n\r\n");
        odd("more data than its size", "1\r\n{}\r\n0\r\n\r\n");
        odd("NUL in a trailer", "2\r\n{}\r\n0\r\nX: a\0b\r\n\r\n"s);
        odd("trailer without a colon", "2\r\n{}\r\n0\r\nXYZ\r\n\r\n");
        odd("trailer that ends with LF", "2\r\n{}\r\n0\r\nX: a\n\r\n" + get("/hidden"));
        odd("framing in a trailer",
            "2\r\n{}\r\n0\r\nContent-Length: 60\r\nHost: evil\r\n\r\n" + get("/hidden"));

        row("leading zeros", chunked("0000000002\r\n{}\r\n00\r\n\r\n"), {200});
        row("capitals", chunked("A\r\n{}        \r\n0\r\n\r\n"), {200});
        row("one byte each", chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), {200});
        row("trailer", chunked("2\r\n{}\r\n0\r\nX-After: 1\r\n\r\n"), {200});
        row("5,000 chunks", chunked(repeated(5000, "1\r\n \r\n") + "0\r\n\r\n"), {200});
    }

    void chunksAreReadStrictly() { check(); }

    void largeChunksAreRefused_data() {
        QTest::addColumn<Conversation>("conversation");
        refused("2 MiB in one", chunked("200000\r\n" + std::string(0x200000, ' ') + "\r\n0\r\n\r\n"), 413);
        refused("1.5 MiB in 24",
                chunked(repeated(24, "10000\r\n" + std::string(0x10000, ' ') + "\r\n") + "0\r\n\r\n"), 413);
        refused("120 kB of trailers", chunked("2\r\n{}\r\n0\r\n" + repeated(20'000, "X: y\r\n") + "\r\n"));
    }

    void largeChunksAreRefused() { check(); }

private:
    void check() {
        QFETCH(Conversation, conversation);
        const std::string wrong = disagreement(m_listener->port(), conversation);
        QVERIFY2(wrong.empty(), wrong.c_str());
    }
};

QTEST_GUILESS_MAIN(TestFraming)
#include "test_framing.moc"
