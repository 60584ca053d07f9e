// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/image/png.h"
#include "shared/protocol/infotext.h"
#include "shared/protocol/json.h"
#include "tests/server/api/api_server.h"
#include "tests/server/api/page_checks.h"

using namespace easel;
using namespace easel::tests;

namespace {

std::unique_ptr<generator::TestPattern> pattern() {
    return std::make_unique<generator::TestPattern>();
}

const std::uint8_t* bytesOf(const RawResponse& answer) {
    return reinterpret_cast<const std::uint8_t*>(answer.body.data());
}

}  // namespace

/// `GET /?prompt=`: an address with a prompt in it is a picture, whoever asks.
class TestAddressPictures : public QObject {
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
        QCOMPARE(answer.header("cache-control"), std::string("no-store"));
        const auto* bytes = bytesOf(answer);
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

    /// The same contract for a browser, be it from its address line or from the form without a script.
    void peopleGetThePictureToo() {
        ApiServer server(pattern());
        const auto answer = server.get(
            "/?prompt=a+%3Cscript%3E+fox%0D%0Aand+an+owl&negative_prompt=&width=&height=&steps=2&guidance="
            "&seed=7",
            kBrowser);
        QCOMPARE(answer.status, 200);
        QCOMPARE(answer.header("content-type"), std::string("image/png"));
        QCOMPARE(answer.header("cache-control"), std::string("no-store"));
        QCOMPARE(answer.header("x-easel-seed"), std::string("7"));
        QVERIFY(image::decodePng({bytesOf(answer), answer.body.size()}) == generator::testPattern(64, 64, 7));
        const auto jobs = protocol::parseJobPage(server.get("/v1/jobs").body).value().jobs;
        QCOMPARE(jobs.size(), std::size_t{1});
        QCOMPARE(jobs[0].id, answer.header("x-easel-job"));
        QCOMPARE(jobs[0].settings.prompt, std::string("a <script> fox\nand an owl"));
        QCOMPARE(jobs[0].settings.steps, 2);
        QCOMPARE(jobs[0].settings.guidance, 3.5);  // the model's own, as for each field that was left empty
        QCOMPARE(jobs[0].settings.sampler, std::string("ddim"));
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

        QCOMPARE(answer.header("content-type"), std::string("application/problem+json"));
        const auto detail = protocol::parseProblem(answer.body)->detail;

        // A person sees the same sentence on a page.
        const auto page = server.get("/?prompt=fox&" + query.toStdString(), kBrowser);
        QCOMPARE(page.status, 422);
        verifyIsProblemPage(page, QString::fromStdString(detail).toHtmlEscaped().toStdString(),
                            field.toStdString());
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

        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n" + kBrowser + "\r\n");
        ManualGenerator::finish(*server.generator().take(), protocol::generationFailed("It is <odd>."));
        const auto page = client.receive();
        QCOMPARE(page->status, 422);
        verifyIsProblemPage(*page, "It is &lt;odd&gt;.");

        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n\r\n");
        QVERIFY(server.queue().cancel(server.generator().take()->id));
        server.listener().stop();  // whoever still waits is let go
        QVERIFY(!client.receive());
    }

    void cancelledPicturesAreAConflict() {
        ApiServer server;
        QVERIFY(!server.post(R"({"prompt":"owl"})").body.empty());  // is drawn, so that the others wait
        for (const std::string& accept : {std::string(), kBrowser}) {
            RawClient client(server.port());
            client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n" + accept + "\r\n");
            const auto newest = [&] { return server.queue().list(1).value().jobs.front(); };
            QTRY_VERIFY_WITH_TIMEOUT(
                newest().settings.prompt == "fox" && newest().state == protocol::JobState::Queued, 30'000);
            QVERIFY(server.queue().cancel(newest().id));
            const auto answer = client.receive();
            QCOMPARE(answer->status, 409);
            QVERIFY(contains(answer->body, "The job was cancelled before its picture was made."));
            QVERIFY(
                answer->header("content-type").starts_with(accept.empty() ? "application/" : "text/html"));
        }
    }

    void fullQueuesSayWhenToComeBack() {
        ApiServer server(1);
        QCOMPARE(server.post(R"({"prompt":"fox"})").status, 202);
        QVERIFY(server.generator().take());  // it runs, and takes no place
        QCOMPARE(server.post(R"({"prompt":"fox"})").status, 202);
        const auto answer = server.get("/?prompt=fox");
        QCOMPARE(answer.status, 429);
        const auto page = server.get("/?prompt=fox", kBrowser);
        QCOMPARE(page.status, 429);
        QVERIFY(std::stoi(page.header("retry-after")) >= 1);
        verifyIsProblemPage(page, protocol::parseProblem(answer.body)->detail);
    }

    /// An address is a stranger's text.
    void problemPagesAreEscaped() {
        ApiServer server;
        const auto page = server.get("/?prompt=fox&%3Cscript%3E%22%27%26%3C/p%3E=1", kBrowser);
        QCOMPARE(page.status, 422);
        QVERIFY(contains(page.body, "no field &quot;&lt;script&gt;&quot;&#39;&amp;&lt;/p&gt;&quot; here"));
        QVERIFY(contains(page.body, "data-field=\"&lt;script&gt;&quot;&#39;&amp;&lt;/p&gt;\">"));
        QVERIFY(!contains(page.body, "<script"));
        verifyIsGuarded(page);
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
        for (const std::string& accept : {std::string(), kBrowser}) {
            const auto answer = server.get("/?prompt=fox", fields.toStdString() + accept);
            QCOMPARE(answer.status, 403);
            QVERIFY(contains(answer.body, "Other pages may not have pictures drawn here."));
            const auto head = fetch(server.port(), "HEAD", "/?prompt=fox", fields.toStdString() + accept);
            QCOMPARE(head->status, 403);
        }
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
        for (const std::string& accept : {std::string(), kBrowser}) {
            const auto head = fetch(server.port(), "HEAD", "/?prompt=fox", accept);
            QCOMPARE(head->status, 200);
            QCOMPARE(head->header("content-type"), std::string("image/png"));
        }
        QVERIFY(server.queue().list(1)->jobs.empty());
        QVERIFY(server.generator().isIdle());
    }
};

QTEST_GUILESS_MAIN(TestAddressPictures)
#include "test_address_pictures.moc"
