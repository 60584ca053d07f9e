// SPDX-License-Identifier: Apache-2.0
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>
#include <QSet>
#include <QTest>
#include <algorithm>

#include "shared/protocol/generation_fields.h"
#include "tests/server/api/api_server.h"
#include "tests/server/api/page_checks.h"

using namespace easel;
using namespace easel::tests;

namespace {

std::unique_ptr<generator::TestPattern> pattern() {
    return std::make_unique<generator::TestPattern>();
}

QSet<QString> setOf(const QStringList& list) {
    return {list.begin(), list.end()};
}

/// What `/page-fields.json` has for each number.
QMap<QString, QJsonObject> numbersOf(ApiServer& server) {
    QMap<QString, QJsonObject> numbers;
    const auto json =
        QJsonDocument::fromJson(QByteArray::fromStdString(server.get("/page-fields.json").body));
    const QJsonArray fields = json.object()["fields"].toArray();
    for (const auto& field : fields) {
        numbers[field.toObject()["name"].toString()] = field.toObject();
    }
    return numbers;
}

/// The ids of what is hidden without a script: elements of the class `scripted`, and what is in them.
QSet<QString> scriptedIds(const std::string& page) {
    static const QRegularExpression tag("<(/?)(\\w+)([^>]*)>");
    static const QRegularExpression id(" id=\"(\\w+)\"");
    static const QRegularExpression scripted(" class=\"([^\"]* )?scripted( [^\"]*)?\"");
    static const QSet<QString> empty{"meta", "link", "input", "img"};
    QSet<QString> ids;
    QList<bool> within{false};
    for (auto tags = tag.globalMatch(QString::fromStdString(page)); tags.hasNext();) {
        const auto found = tags.next();
        const QString words = found.captured(3);
        if (!found.captured(1).isEmpty()) {
            within.removeLast();
            continue;
        }
        const bool isHidden = within.last() || scripted.match(words).hasMatch();
        if (isHidden && id.match(words).hasMatch()) {
            ids << id.match(words).captured(1);
        }
        if (!empty.contains(found.captured(2)) && !words.endsWith('/')) {
            within << isHidden;
        }
    }
    return within.size() == 1 ? ids : QSet<QString>();  // else the tags do not match up
}

/// The page's scripts: the first one and what it imports, and what that imports, each once.
std::string scripts(ApiServer& server) {
    QStringList names{"start.js"};
    std::string all;
    for (qsizetype i = 0; i < names.size(); ++i) {
        const auto script = server.get("/page/" + names[i].toStdString(), kBrowser);
        if (script.status != 200) {
            return {};
        }
        all += script.body;
        for (const QString& imported : allIn(script.body, "from \"\\./(\\w+\\.js)\"")) {
            if (!names.contains(imported)) {
                names << imported;
            }
        }
    }
    return all;
}

}  // namespace

/// `GET /` without a prompt: the page for people, which its script fills.
class TestPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// The page is the same for everybody, whatever stands in the address: its script reads that.
    void peopleGetThePage() {
        ApiServer server;
        const auto page = server.get("/", kBrowser);
        QCOMPARE(page.status, 200);
        QCOMPARE(page.header("content-type"), std::string("text/html; charset=utf-8"));
        verifyIsGuarded(page);
        QVERIFY(!contains(page.body, "{{") && !contains(page.body, "Tiny"));
        for (const char* target : {"/?width=256", "/?prompt=", "/?prompt=+%0A", "/?seed=-1&%3Cb%3E=1"}) {
            QVERIFY(server.get(target, kBrowser).body == page.body);
        }
        QVERIFY(server.queue().list(1)->jobs.empty());
    }

    void thePageIsKeptUntilItChanges_data() {
        QTest::addColumn<QByteArray>("path");
        for (const char* path : {"/", "/page.css", "/page/start.js", "/favicon.svg"}) {
            QTest::newRow(path) << QByteArray(path);
        }
    }

    void thePageIsKeptUntilItChanges() {
        QFETCH(QByteArray, path);
        ApiServer server;
        const auto first = server.get(path.toStdString(), kBrowser);
        QCOMPARE(first.status, 200);
        QVERIFY(first.body.size() > 100);
        QCOMPARE(first.header("cache-control"), std::string("no-cache"));
        const std::string known = "If-None-Match: " + first.header("etag") + "\r\n";
        QCOMPARE(server.get(path.toStdString(), kBrowser + known).status, 304);
        QCOMPARE(server.get(path.toStdString(), kBrowser + "If-None-Match: \"old\"\r\n").status, 200);
    }

    /// A field of the table is on the page, or is a number that the script makes a row for.
    void everyFieldHasAPlace() {
        ApiServer server;
        const QStringList placed = allIn(server.get("/", kBrowser).body, " name=\"(\\w+)\" *[^>]*>");
        const auto numbers = numbersOf(server);
        for (const std::string_view field : protocol::fieldNames()) {
            const auto name = QString::fromUtf8(field.data(), qsizetype(field.size()));
            QVERIFY2(placed.contains(name) || numbers.contains(name), qPrintable(name));
        }
        QVERIFY(numbers.contains("clip_skip") && !placed.contains("clip_skip"));
    }

    void numbersAreDescribed() {
        ApiServer server;
        const auto numbers = numbersOf(server);
        int count = 0;
        protocol::forEachNumber([&](const auto& row) {
            using Value = typename std::remove_cvref_t<decltype(row)>::Value;
            const QJsonObject number = numbers[row.name];
            const auto range = row.range(protocol::Limits());
            QCOMPARE(number["title"].toString(), QString(row.title));
            QCOMPARE(number["help"].toString(), QString(row.help));
            QCOMPARE(number["min"].toDouble(-1), range.least);
            QCOMPARE(number["max"].toDouble(-1), range.most);
            QCOMPARE(number["whole"].toBool(), std::is_integral_v<Value>);
            QCOMPARE(number.contains("default"), row.preset == nullptr);
            ++count;
        });
        const auto isNumber = [](const QJsonObject& field) { return field.contains("min"); };
        QCOMPARE(std::ranges::count_if(numbers, isNumber), count);
        QCOMPARE(numbers["clip_skip"]["default"].toInt(), 1);
        // What has no default of its own has the model's, under the same name.
        const auto models =
            QJsonDocument::fromJson(QByteArray::fromStdString(server.get("/v1/models").body)).object();
        for (const char* name : {"width", "height", "steps", "guidance"}) {
            QVERIFY(!numbers[name].contains("default"));
            QVERIFY(models["models"].toArray()[0].toObject().contains(name));
        }
    }

    /// Without a script: every field that the page would send, left as it is, gives a picture.
    void theFormWorksWithoutAScript() {
        ApiServer server(pattern());
        const std::string page = server.get("/", kBrowser).body;
        QVERIFY(contains(page, "action=\"./\" method=\"get\""));
        std::string target = "/?prompt=fox";
        for (const QString& tag : allIn(page, "<((?:input|textarea) [^>]*)>")) {
            const QStringList name = allIn(tag.toStdString(), "name=\"(\\w+)\"");
            if (!name.isEmpty() && name[0] != "prompt" && !tag.contains(" disabled")) {
                target += "&" + name[0].toStdString() + "=";
            }
        }
        QVERIFY(contains(target, "&width=&height=") && contains(target, "&seed="));
        QVERIFY(!contains(target, "count"));  // one picture is the answer
        const auto answer = server.get(target, kBrowser);
        QCOMPARE(answer.status, 200);
        QCOMPARE(answer.header("content-type"), std::string("image/png"));
    }

    /// What only a script fills is hidden without one.
    void nothingUselessShowsWithoutAScript() {
        ApiServer server;
        QVERIFY(contains(server.get("/page.css").body, "html:not(.script) .scripted {\n    display: none;"));
        QVERIFY(contains(server.get("/page/start.js").body, "classList.add(\"script\")"));
        QVERIFY(contains(server.get("/", kBrowser).body, "src=\"page/start.js\" type=\"module\""));
        const std::string page = server.get("/", kBrowser).body;
        const QSet<QString> hidden = scriptedIds(page);
        for (const char* id : {"server", "presets", "count", "model", "sampler", "schedule", "random",
                               "figure", "jobs", "history", "examples", "empty", "init_image", "mask",
                               "group_start", "group_additions", "mask_editor"}) {
            QVERIFY2(hidden.contains(id), id);
        }
        for (const char* id : {"prompt", "negative_prompt", "width", "height", "steps", "guidance", "seed"}) {
            QVERIFY2(!hidden.contains(id), id);
        }
        QVERIFY(contains(page, "<details id=\"known\" hidden>"));
        for (const QString& slider : allIn(page, "(<input [^>]*type=\"range\"[^>]*>)")) {
            QVERIFY(slider.contains("scripted"));
        }
    }

    /// Each element that the script looks for is there, and each route that it asks.
    void theScriptFitsThePage() {
        ApiServer server;
        const std::string page = server.get("/", kBrowser).body;
        const std::string script = scripts(server);
        const QSet<QString> sought = setOf(allIn(script, "byId\\(\"(\\w+)\"\\)"));
        QVERIFY(sought.size() > 10);
        const QSet<QString> missing = sought - setOf(allIn(page, " id=\"(\\w+)\""));
        QVERIFY2(missing.isEmpty(), qPrintable(QStringList(missing.values()).join(", ")));
        const QSet<QString> targets = setOf(allIn(script, "\"((?:v1/|page-)[\\w/.?=-]+)\""));
        QVERIFY(targets.contains("page-fields.json"));
        for (const QString& target : targets) {
            const std::string asked = "/" + target.toStdString();
            const int status = server.get(asked).status;
            // What is only sent to cannot be asked for.
            QVERIFY2(status == 200 || (status == 405 && !target.contains('?')), asked.c_str());
        }
    }

    void theScriptFollowsAJobsEvents() {
        ApiServer server;
        const QSet<QString> heard = setOf(allIn(scripts(server), "\\bon\\(\"(\\w+)\""));
        QCOMPARE(heard, (QSet<QString>{"state", "progress", "preview", "image", "done"}));
    }

    /// The page draws previews and masks on canvases, since its policy lets no other addresses in.
    void scriptsMakeNoAddresses() {
        ApiServer server;
        const std::string script = scripts(server);
        for (const char* word :
             {"createObjectURL", "data:image", "innerHTML", "eval(", "setAttribute(\"style"}) {
            QVERIFY2(!contains(script, word), word);
        }
    }

    void whatIsNoScriptIsNotServedAsOne() {
        ApiServer server;
        for (const char* path : {"/page/page.html", "/page/none.js", "/page/openapi.json"}) {
            QCOMPARE(server.get(path, kBrowser).status, 404);
        }
    }
};

QTEST_GUILESS_MAIN(TestPage)
#include "test_page.moc"
