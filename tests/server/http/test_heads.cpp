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

/// A request for `target`; with fields, and whatever else is to be odd about it.
std::string get(const std::string& target = "/livez", const std::string& fields = {},
                const std::string& host = kHost, const std::string& version = "HTTP/1.1",
                const std::string& method = "GET") {
    return method + " " + target + " " + version + "\r\n" + host + fields + "\r\n";
}

std::string with(const std::string& fields) {
    return get("/livez", fields);
}

std::string named(const std::string& host) {
    return get("/livez", {}, host);
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

}  // namespace

/// Everything before the body: request line, fields, target and host, well-formed and not.
class TestHeads : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<Listener> m_listener;

private Q_SLOTS:
    void initTestCase() {
        Router router;
        router.addSimple("GET", "/livez", [](const Request&) { return textResponse(200, "alive\n"); });
        router.addSimple("GET", "/", [](const Request&) { return textResponse(200, "root"); });
        router.addSimple("GET", "/v1/server", [](const Request&) { return textResponse(200, "{}"); });
        m_listener = Listener::start(over(chosenTransport()), std::move(router)).value();
    }

    /// In two pieces, cut wherever that is possible.
    void piecesMakeAWhole() {
        const std::string whole = get("/livez", "X-A: b\r\n");
        for (std::size_t cut = 1; cut < whole.size(); ++cut) {
            const std::string wrong =
                disagreement(m_listener->port(), {{whole.substr(0, cut), whole.substr(cut)}, {200}});
            QVERIFY2(wrong.empty(), (std::to_string(cut) + ": " + wrong).c_str());
        }
    }

    void whatIsValidIsAnswered_data() {
        QTest::addColumn<Conversation>("conversation");
        row("plain", get(), {200});
        row("odd case, tab, empty value", named("hoSt:\tlocalhost\r\nempty:\r\n"), {200});
        row("blank value", with("X-Empty: \r\n"), {200});
        row("bytes beyond ASCII in a value", with("X: \xc3\xa4\xff\r\n"), {200});
        row("100 fields", with(repeated(99, "X: y\r\n")), {200});
        row("1.0 without a host", get("/livez", {}, {}, "HTTP/1.0"), {200}, true);
        row("1.0 kept alive", get("/livez", "Connection: keep-alive\r\n", kHost, "HTTP/1.0"), {200});
        row("close", with("Connection: close\r\n"), {200}, true);
        row("close in a list", with("Connection: x, Close\r\n"), {200}, true);
        row("keep-alive and close", with("Connection: keep-alive, close\r\n") + get(), {200}, true);
        row("empty line before", "\r\n" + get(), {200});
        row("empty line between", get() + "\r\n" + get(), {200, 200});
        row("empty line and an end", get() + "\r\n", {200});
        row("host v6", named("Host: [::1]:5000\r\n"), {200});
        row("host in capitals", named("Host: LOCALHOST\r\n"), {200});
        row("absolute form", get("http://127.0.0.1:5000/livez"), {200});
        row("absolute form goes before Host", get("http://localhost/livez", {}, "Host: evil.example\r\n"),
            {200});
        row("absolute form in capitals", get("HTTP://localhost/livez"), {200});
        row("absolute form without a path", get("http://localhost"), {200});
        row("OPTIONS *", get("*", {}, kHost, "HTTP/1.1", "OPTIONS"), {204});
        row("Expect without a body", with("Expect: 100-continue\r\n"), {200});
    }

    void whatIsValidIsAnswered() { check(); }

    void piecesOfAnEmptyLine() {
        const std::string wrong = disagreement(m_listener->port(), {{"\r", "\n", get()}, {200}});
        QVERIFY2(wrong.empty(), wrong.c_str());
    }

    void whatIsNotIsRefused_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto bad = [](const char* name, const std::string& bytes, int status = 400) {
            row(name, bytes, {status}, true);
        };
        bad("two empty lines before", "\r\n\r\n" + get());
        bad("no version", "GET /livez \r\n\r\n");
        bad("no version at all", "GET /livez\r\n\r\n");
        bad("junk before the method", "Extra lineGET /livez HTTP/1.1\r\n" + kHost + "\r\n");
        bad("blank before the method", " " + get());
        bad("two blanks", "GET  /livez HTTP/1.1\r\n" + kHost + "\r\n");
        bad("tabs for blanks", "GET\t/livez\tHTTP/1.1\r\n" + kHost + "\r\n");
        bad("blank at the end of the line", "GET /livez HTTP/1.1 \r\n" + kHost + "\r\n");
        bad("method with a comma", get("/livez", {}, kHost, "HTTP/1.1", "GE,T"));
        for (const char* version : {"http/1.1", "HTTP/1.10", "HTTP/1.", "HTTP/+1.1"}) {
            bad(version, get("/livez", {}, kHost, version));
        }
        bad("version 9.9", get("/livez", {}, kHost, "HTTP/9.9"), 505);
        bad("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
        bad("TLS", "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"s + std::string(190, '\x7e'));
        bad("SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n");
        bad("SOCKS", "\x05\x01\x00"s);

        bad("folded line", with("X: a\r\n b\r\n"));
        bad("folded first line", "GET /livez HTTP/1.1\r\n " + kHost + "\r\n");
        bad("LF for line ends", "GET /livez HTTP/1.1\nHost: localhost\n\n");
        bad("LF in a value", with("X: a\nb: c\r\n"));
        bad("CR in a value", with("X: a\rb\r\n"));
        bad("CR before a name", "GET /livez HTTP/1.1\r\n" + kHost + "\rX: y\r\n\r\n");
        bad("NUL in a value", with("X: a\0b\r\n"s));
        bad("BEL in a value", with("X: te\x07st\r\n"));
        bad("DEL in a value", with("X: \x7f\r\n"));
        bad("NUL in the address", get("/liv\0ez"s));
        bad("no colon", with("Xyz\r\n"));
        bad("no name", with(": x\r\n"));
        bad("blank in a name", with("X Y: z\r\n"));
        bad("blank before the colon", with("X : z\r\n"));
        bad("brackets in a name", with("X-Invalid[]: test\r\n"));
        bad("name beyond ASCII", with("X\xe4: z\r\n"));
        bad("101 fields", with(repeated(100, "X: y\r\n")), 431);
        bad("10,000 fields", with(repeated(10'000, "X: y\r\n")), 431);
        bad("17,000 bytes in a field", with("X: " + std::string(17'000, 'y') + "\r\n"), 431);
        bad("1 MB in a field", with("X: " + std::string(1'000'000, 'y') + "\r\n"), 431);

        bad("no host", named(""));
        bad("two hosts", named(kHost + kHost));
        bad("empty line, then junk",
            get("/livez", "\r\nX").substr(0, get("/livez", "\r\nX").size() - 4) + "\r\n: \r\n\r\n");
    }

    void whatIsNotIsRefused() { check(); }

    /// Only framing that is in doubt ends the connection; whatever else is wrong is one request's affair.
    void wrongRequestsAreRefused_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto bad = [](const char* name, const std::string& bytes, int status) {
            row(name, bytes, {status}, true);
        };
        bad("host with @", named("Host: a@localhost\r\n"), 421);
        bad("host with /", named("Host: localhost/x\r\n"), 421);
        bad("port of letters", named("Host: localhost:http\r\n"), 421);
        bad("empty host", named("Host:\r\n"), 421);
        bad("two in one", named("Host: localhost, evil\r\n"), 421);
        bad("other host", named("Host: evil.example\r\n"), 421);
        bad("host beyond ASCII",
            named("Host: l\xc3\xb6"
                  "calhost\r\n"),
            421);
        bad("host with a dot", named("Host: localhost.\r\n"), 421);
        bad("absolute form of another", get("http://evil.example/livez"), 421);
        bad("https", get("https://localhost/livez"), 400);
        bad("authority form", get("localhost:5000", {}, kHost, "HTTP/1.1", "CONNECT"), 400);
        for (const char* target : {"/livez#a", "/livez%00", "/%2e%2e/livez", "/../livez", "/v1%2fserver",
                                   "/%c0%af", "/\xc0\xaf", "/%ed%a0%80", "/%", "/%zz"}) {
            bad(QByteArray(target).toPercentEncoding().constData(), get(target), 400);
        }
        bad("20,000 bytes", get("/" + std::string(20'000, 'a')), 431);
    }

    void wrongRequestsAreRefused() { check(); }

    void whatIsNotThereIsTold_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto asked = [](const char* name, const std::string& bytes, int status) {
            row(name, bytes, {status});
        };
        asked("GET *", get("*"), 404);
        asked("TRACE", get("/livez", {}, kHost, "HTTP/1.1", "TRACE"), 405);
        asked("lower case", get("/livez", {}, kHost, "HTTP/1.1", "get"), 405);
        asked("method of 8,000 letters", get("/livez", {}, kHost, "HTTP/1.1", std::string(8000, 'A')), 405);
        asked("backslash", get("/..%5clivez"), 404);
        asked("two slashes", get("//livez"), 404);
        asked("slash at the end", get("/livez/"), 404);
        asked("15,000 bytes", get("/" + std::string(15'000, 'a')), 404);
    }

    void whatIsNotThereIsTold() { check(); }

private:
    void check() {
        QFETCH(Conversation, conversation);
        const std::string wrong = disagreement(m_listener->port(), conversation);
        QVERIFY2(wrong.empty(), wrong.c_str());
    }
};

QTEST_GUILESS_MAIN(TestHeads)
#include "test_heads.moc"
