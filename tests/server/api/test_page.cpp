// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/image/png.h"
#include "shared/protocol/infotext.h"
#include "shared/protocol/json.h"
#include "tests/server/api/api_server.h"

using namespace easel;
using namespace easel::tests;

namespace {

const std::string kBrowser = "Accept: text/html,application/xhtml+xml,image/webp,*/*;q=0.8\r\n";

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::unique_ptr<generator::TestPattern> pattern() {
    return std::make_unique<generator::TestPattern>();
}

}  // namespace

/// `GET /`: the picture itself for programs, the page for people.
class TestPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anAddressIsAPicture() {
        ApiServer server(pattern());
        const auto answer = server.get(
            "/?prompt=a+red+fox&negative_prompt=blur&width=72&height=64&steps=3&guidance=2.5&seed=41"
            "&sampler=euler&schedule=karras&model=tiny&count=1");
        QCOMPARE(answer.status, 200);
        QCOMPARE(answer.header("content-type"), std::string("image/png"));
        QCOMPARE(answer.header("x-easel-seed"), std::string("41"));
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(answer.body.data());
        QVERIFY(image::decodePng({bytes, answer.body.size()}) == generator::testPattern(72, 64, 41));

        const auto job =
            protocol::parseJob(server.get("/v1/jobs/" + answer.header("x-easel-job")).body).value();
        QCOMPARE(job.settings.prompt, std::string("a red fox"));
        QCOMPARE(job.settings.negativePrompt, std::string("blur"));
        QCOMPARE(job.settings.guidance, 2.5);
        QCOMPARE(job.settings.sampler, std::string("euler"));
        QCOMPARE(job.settings.schedule, std::string("karras"));
        const auto texts = image::readPngTexts({bytes, answer.body.size()}).value();
        QCOMPARE(texts.front().keyword, std::string(protocol::kInfotextKeyword));
        QVERIFY(protocol::fromInfotext(texts.front().text)->prompt == "a red fox");
    }

    void seedsAreDrawnAndTold() {
        ApiServer server(pattern());
        const std::string first = server.get("/?prompt=fox").header("x-easel-seed");
        const std::string second = server.get("/?prompt=fox&seed=-1").header("x-easel-seed");
        QVERIFY(!first.empty() && !second.empty());
        QVERIFY(first != second);  // one in four thousand million
    }

    void withoutAPromptItSaysSo() {
        ApiServer server;
        for (const char* target :
             {"/", "/?prompt=", "/?prompt=+%0A", "/?prompt=%E3%80%80+%C2%A0", "/?steps=3"}) {
            const auto answer = server.get(target);
            QCOMPARE(answer.status, 400);
            const auto problem = protocol::parseProblem(answer.body).value();
            QVERIFY(problem.detail.starts_with("Please specify a prompt parameter"));
            QCOMPARE(problem.field.value_or(""), std::string("prompt"));
            QCOMPARE(answer.header("content-type"), std::string("application/problem+json"));
        }
        // What else is wrong is not hidden behind it.
        QCOMPARE(protocol::parseProblem(server.get("/?stepz=3").body)->field.value_or(""),
                 std::string("stepz"));
        QCOMPARE(protocol::parseProblem(server.get("/?prompt=&prompt=fox").body)->field.value_or(""),
                 std::string("prompt"));
    }

    void mistakesAreNamed_data() {
        QTest::addColumn<QByteArray>("query");
        QTest::addColumn<QByteArray>("field");
        QTest::newRow("text") << QByteArray("steps=many") << QByteArray("steps");
        QTest::newRow("fraction") << QByteArray("width=64.5") << QByteArray("width");
        QTest::newRow("too many") << QByteArray("steps=501") << QByteArray("steps");
        QTest::newRow("huge") << QByteArray("seed=99999999999999999999") << QByteArray("seed");
        QTest::newRow("not finite") << QByteArray("guidance=nan") << QByteArray("guidance");
        QTest::newRow("several") << QByteArray("count=2") << QByteArray("count");
        QTest::newRow("unknown") << QByteArray("stepz=3") << QByteArray("stepz");
        QTest::newRow("sampler") << QByteArray("sampler=magic") << QByteArray("sampler");
        QTest::newRow("twice") << QByteArray("seed=1&seed=2") << QByteArray("seed");
        QTest::newRow("twice the same") << QByteArray("steps=2&steps=2") << QByteArray("steps");
        QTest::newRow("another prompt") << QByteArray("prompt=owl") << QByteArray("prompt");
    }

    void mistakesAreNamed() {
        QFETCH(QByteArray, query);
        QFETCH(QByteArray, field);
        ApiServer server;
        const auto answer = server.get("/?prompt=fox&" + query.toStdString());
        QCOMPARE(answer.status, 422);
        QCOMPARE(protocol::parseProblem(answer.body)->field.value_or(""), field.toStdString());

        // A person sees the same sentence on the page.
        if (field != "count") {
            const auto page = server.get("/?prompt=fox&" + query.toStdString(), kBrowser);
            QCOMPARE(page.status, 422);
            QVERIFY(contains(page.body, "data-field=\"" + field.toStdString() + "\">"));
        }
        QVERIFY(server.generator().isIdle());
    }

    void clientsThatLeaveCancelTheirPicture() {
        ApiServer server;
        std::string id;
        {
            RawClient client(server.port());
            client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n\r\n");
            id = server.generator().take()->id;
        }
        QTRY_VERIFY_WITH_TIMEOUT(server.generator().wasCancelled(id), 30'000);
    }

    void failuresAreAnswered() {
        ApiServer server;
        RawClient client(server.port());
        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ManualGenerator::finish(*server.generator().take(), protocol::generationFailed("Not finite."));
        const auto failed = client.receive();
        QCOMPARE(failed->status, 422);
        QCOMPARE(protocol::parseProblem(failed->body)->detail, std::string("Not finite."));

        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n\r\n");
        QVERIFY(server.queue().cancel(server.generator().take()->id));
        server.listener().stop();  // whoever still waits is let go
        QVERIFY(!client.receive());
    }

    void otherPagesMayNotDrawHere_data() {
        QTest::addColumn<QByteArray>("fields");
        const auto row = [](const char* name, const std::string& fields) {
            QTest::newRow(name) << QByteArray::fromStdString(fields);
        };
        row("image", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n");
        row("frame", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n" + kBrowser);
        row("another port", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n");
        row("a word of tomorrow", "Sec-Fetch-Site: near-site\r\n");
        row("script of an old browser", "Origin: http://evil.example\r\n");
        row("script on another port", "Origin: http://localhost:8888\r\n");
        row("script over TLS", "Origin: https://localhost\r\n");
        row("sandboxed script", "Origin: null\r\n");
        row("script, but a click", "Origin: null\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-User: ?1\r\n");
    }

    void otherPagesMayNotDrawHere() {
        QFETCH(QByteArray, fields);
        ApiServer server;
        QCOMPARE(server.get("/?prompt=fox", fields.toStdString()).status, 403);
        QVERIFY(server.generator().isIdle());
    }

    void ourPagesAndPeopleMayDrawHere_data() {
        QTest::addColumn<QByteArray>("fields");
        QTest::newRow("no browser") << QByteArray();
        QTest::newRow("typed") << QByteArray("Sec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n");
        QTest::newRow("our page") << QByteArray(
            "Sec-Fetch-Site: same-origin\r\nOrigin: http://localhost\r\n");
        QTest::newRow("followed link") << QByteArray("Sec-Fetch-Site: cross-site\r\nSec-Fetch-User: ?1\r\n");
        QTest::newRow("link nearby") << QByteArray("Sec-Fetch-Site: same-site\r\nSec-Fetch-User: ?1\r\n");
    }

    void ourPagesAndPeopleMayDrawHere() {
        QFETCH(QByteArray, fields);
        ApiServer server(pattern());
        QCOMPARE(server.get("/?prompt=fox", fields.toStdString()).status, 200);
    }

    void headDrawsNothing() {
        ApiServer server;
        const auto head = fetch(server.port(), "HEAD", "/?prompt=fox");
        QCOMPARE(head->header("content-type"), std::string("image/png"));
        QVERIFY(server.generator().isIdle());
    }

    void peopleGetTheForm() {
        ApiServer server;
        const auto page = server.get("/", kBrowser);
        QCOMPARE(page.status, 200);
        QVERIFY(page.header("content-type").starts_with("text/html"));
        const std::string policy = page.header("content-security-policy");
        QVERIFY(contains(policy, "default-src 'none'") && !contains(policy, "unsafe"));
        for (const char* name : {"prompt", "negative_prompt", "width", "height", "steps", "guidance", "seed",
                                 "count", "model", "sampler", "schedule", "clip_skip"}) {
            QVERIFY2(contains(page.body, std::string("name=\"") + name + "\""), name);
        }
        QVERIFY(!contains(page.body, "{{"));
        QVERIFY(!contains(page.body, "style=") && !contains(page.body, "onclick"));
        QVERIFY(contains(page.body, "Tiny &lt;model&gt;"));
        QVERIFY(contains(page.body, "href=\"/?prompt=an%20%22owl%22%20%26%20a%20cat\""));
        QVERIFY(contains(page.body, "<option value=\"ddim\" selected>"));
        QVERIFY(contains(page.body,
                         "name=\"width\" type=\"number\" value=\"64\" min=\"64\" max=\"2048\" step=\"8\""));
        QVERIFY(contains(page.body, "name=\"clip_skip\" type=\"number\" value=\"1\" min=\"1\" max=\"4\""));
        for (const char* asset : {"/page.css", "/page.js", "/favicon.svg"}) {
            const auto first = server.get(asset);
            QCOMPARE(first.status, 200);
            QVERIFY(first.body.size() > 100);
            QCOMPARE(server.get(asset, "If-None-Match: " + first.header("etag") + "\r\n").status, 304);
        }
    }

    void peopleSeeTheirPicture() {
        ApiServer server(pattern());
        const auto page = server.get(
            "/?prompt=a+%3Cscript%3E+fox%0D%0Aand+a+unicorn&negative_prompt=&seed=&steps=2&count=2",
            kBrowser);
        QCOMPARE(page.status, 200);
        const auto jobs = protocol::parseJobPage(server.get("/v1/jobs").body).value().jobs;
        QCOMPARE(jobs.size(), std::size_t{1});
        QCOMPARE(jobs[0].settings.prompt, std::string("a <script> fox\nand a unicorn"));
        for (const char* index : {"0", "1"}) {
            const std::string source = "/v1/jobs/" + jobs[0].id + "/images/" + index;
            QVERIFY(contains(page.body, "<img src=\"" + source + "\""));
            QCOMPARE(server.get(source).status, 200);
        }
        QVERIFY(contains(page.body, ">a &lt;script&gt; fox\nand a unicorn</textarea>"));
        QVERIFY(!contains(page.body, "<script> fox"));
        QVERIFY(contains(page.body, "name=\"steps\" type=\"number\" value=\"2\""));
        QVERIFY(contains(page.body, "has not learned: script, and, unicorn"));
        QVERIFY(contains(page.body, "<p id=\"known_names\" class=\"note\">fox, owl, cat</p>"));
        QVERIFY(contains(server.get("/", kBrowser).body, "data-job=\"" + jobs[0].id + "\""));
    }

    void peopleSeeWhatFailed() {
        ApiServer server;
        RawClient client(server.port());
        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n" + kBrowser + "\r\n");
        ManualGenerator::finish(*server.generator().take(), protocol::generationFailed("It is <odd>."));
        const auto page = client.receive();
        QCOMPARE(page->status, 422);
        QVERIFY(contains(page->body, "It is &lt;odd&gt;."));
    }
};

QTEST_GUILESS_MAIN(TestPage)
#include "test_page.moc"
