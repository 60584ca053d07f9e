// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/libtorch/index_page.h"

using namespace easel;
using libtorch::IndexFile;

namespace {

const std::string kHash = std::string(63, 'a') + "7";
const std::string kPage = "https://index.example/root/simple/torch/";

std::vector<IndexFile> html(const std::string& body) {
    return libtorch::parseIndexPage("text/html; charset=utf-8", body, kPage)
        .value_or(std::vector<IndexFile>());
}

}  // namespace

class TestIndexPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void linksAreRead_data() {
        QTest::addColumn<QString>("link");
        QTest::addColumn<QString>("url");
        const QString hash = "#sha256=" + QString::fromStdString(kHash);
        const auto row = [](const char* name, const QString& link, const char* url) {
            QTest::newRow(name) << link << url;
        };
        row("absolute", "<a href=\"https://files.example/t.whl" + hash + "\">t</a>",
            "https://files.example/t.whl");
        row("relative", "<a href=\"../../files/t.whl" + hash + "\">t</a>",
            "https://index.example/root/files/t.whl");
        row("from the root", "<a href=\"/t.whl" + hash + "\">t</a>", "https://index.example/t.whl");
        row("single quotes", "<a href='t.whl" + hash + "'>t</a>",
            "https://index.example/root/simple/torch/t.whl");
        row("no quotes", "<a href=/t.whl" + hash + ">t</a>", "https://index.example/t.whl");
        row("capitals", "<A\n  HREF = \"/t.whl" + hash.toUpper().replace("SHA256", "sha256") + "\">t</A>",
            "https://index.example/t.whl");
        row("other attributes",
            "<a data-x=\"a>b\" rel=internal data-yanked href=\"/t.whl" + hash + "\">t</a>",
            "https://index.example/t.whl");
        row("references", "<a href=\"/t.whl?a=1&amp;b=2&#38;c=3&#x26;d" + hash + "\">t</a>",
            "https://index.example/t.whl?a=1&b=2&c=3&d");
        row("more in the fragment", "<a href=\"/t.whl" + hash + "&amp;egg=torch\">t</a>",
            "https://index.example/t.whl");
    }

    void linksAreRead() {
        QFETCH(QString, link);
        QFETCH(QString, url);
        const auto files = html("<!doctype html><html><body>" + link.toStdString() + "</body></html>");
        QCOMPARE(files.size(), std::size_t{1});
        QCOMPARE(files[0], (IndexFile{url.toStdString(), kHash}));
    }

    void whatIsNoUsableLinkIsPassedOver() {
        for (const char* const link :
             {"<a>t</a>", "<a href>t</a>", "<a href=", "<a href=\"", "<a href=\"t.whl\">t</a>", "<a", "<", "",
              "<a href=\"t.whl#md5=d41d8cd98f00b204e9800998ecf8427e\">t</a>",
              "<a href=\"t.whl#sha256=abc\">t</a>", "<a href=\"t.whl#sha256=\">t</a>",
              "<a href=\"#sha256=HASH\">t</a>", "<abbr href=\"t.whl#sha256=HASH\">t</abbr>",
              "<a href=\"javascript:alert(1)#sha256=HASH\">t</a>",
              "<a href=\"file:///etc/passwd#sha256=HASH\">t</a>",
              "<a href=\"&#0;&#x;&#99999999999;&nosuch;\">t</a>"}) {
            std::string text = link;
            if (const auto at = text.find("HASH"); at != std::string::npos) {
                text.replace(at, 4, kHash);
            }
            QVERIFY2(html(text).empty(), link);
        }
    }

    void jsonIsRead() {
        const std::string hashes = "\"hashes\": {\"sha256\": \"" + kHash + "\"}";
        const std::string body =
            "{\"files\": ["
            "{\"url\": \"../../t.whl\", \"size\": 530604548, " +
            hashes +
            "}, "
            "{\"url\": \"https://files.example/u.whl\", " +
            hashes +
            "}, "
            "{\"url\": \"v.whl\", \"size\": -5, " +
            hashes +
            "}, "
            "{\"url\": \"https://files.example/no-hash.whl\", \"hashes\": {}}, "
            "{" +
            hashes + "}, {\"hashes\": 7}, 7, null]}";
        const auto files = libtorch::parseIndexPage("application/vnd.pypi.simple.v1+json", body, kPage);
        QVERIFY(files);
        QCOMPARE(files->size(), std::size_t{3});
        QCOMPARE((*files)[0], (IndexFile{"https://index.example/root/t.whl", kHash, 530'604'548}));
        QCOMPARE((*files)[1], (IndexFile{"https://files.example/u.whl", kHash}));
        QCOMPARE((*files)[2], (IndexFile{"https://index.example/root/simple/torch/v.whl", kHash}));
    }

    void jsonThatIsNoPageIsRefused() {
        for (const char* const body : {"", "{", "[]", "7", "{}", "{\"files\": 7}", "<!doctype html>"}) {
            const auto files = libtorch::parseIndexPage("application/json", body, kPage);
            QVERIFY2(!files && files.error().code == "download_untrue", body);
        }
    }
};

QTEST_GUILESS_MAIN(TestIndexPage)
#include "test_index_page.moc"
