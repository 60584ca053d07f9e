// SPDX-License-Identifier: Apache-2.0
// Names, addresses and what is taken from the environment.
#include <QTemporaryDir>
#include <QTest>

#include <fstream>

#include "server/hub/address.h"
#include "server/hub/hashing.h"
#include "server/hub/names.h"
#include "server/hub/settings.h"
#include "shared/protocol/pull_info.h"

using namespace easel;

namespace {

constexpr const char* kVariables[] = {
    "HF_TOKEN",       "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",      "CREDENTIALS_DIRECTORY", "HF_ENDPOINT",
    "HF_HUB_OFFLINE", "CURL_CA_BUNDLE",         "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"};

}  // namespace

class TestHubNames : public QObject {
    Q_OBJECT

private:
    std::filesystem::path write(const char* name, const std::string& text) {
        const std::filesystem::path file = m_folder->filePath(name).toStdString();
        std::ofstream(file) << text;
        return file;
    }

    protocol::Expected<hub::Settings> settings(const std::optional<std::filesystem::path>& file = {}) {
        return hub::settingsFromEnvironment(file, m_folder->path().toStdString());
    }

    std::unique_ptr<QTemporaryDir> m_folder;

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        for (const char* const name : kVariables) {
            qunsetenv(name);
        }
    }

    void hubNames() {
        for (const char* const good : {"a/b", "CompVis/stable-diffusion-v1-4", "x.y_z/1.5", "runwayml/sd"}) {
            QVERIFY2(protocol::isHubName(good), good);
        }
        const std::string longName = "a/" + std::string(97, 'b');
        for (const std::string& bad :
             {std::string("a"), std::string("/b"), std::string("a/"), std::string("a/b/c"),
              std::string("a/../b"), std::string("a/.b"), std::string("a/b."), std::string("ä/b"),
              std::string("a/b\n"), std::string("a--b/c"), longName}) {
            QVERIFY2(!protocol::isHubName(bad), bad.c_str());
        }
    }

    void filesStayInTheirFolder() {
        for (const char* const good : {"a", "a/b.json", "a b/c", "ä", ".gitattributes"}) {
            QVERIFY2(hub::isFilePath(good), good);
        }
        for (const char* const bad : {"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb"}) {
            QVERIFY2(!hub::isFilePath(bad), bad);
        }
        QVERIFY(hub::isBlobName(std::string(64, 'a')));
        for (const std::string& bad :
             {std::string(64, 'A'), std::string(41, 'a'), std::string("../../x"), std::string()}) {
            QVERIFY(!hub::isBlobName(bad));
        }
    }

    void blobsAreNamedAsGitDoes() {
        QCOMPARE(hub::hashAs(std::string(40, '0'), ""),
                 std::string("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"));
        QCOMPARE(hub::hashAs(std::string(64, '0'), "abc"),
                 std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        const auto file = write("file", "hello\n");
        QCOMPARE(hub::hashFileAs(std::string(40, '0'), file).value(),
                 std::string("ce013625030ba8dba906f756967f9e9ca394464a"));
        QVERIFY(!hub::hashFileAs(std::string(40, '0'), file.string() + "x"));
    }

    void filesMayBeKeptWhereTheyAreEncryptedAndTheHubsOwn() {
        const auto may = [](const char* endpoint, const char* storage) {
            const auto to = hub::parseAddress(storage);
            return to && hub::mayBeStorage(hub::parseAddress(endpoint).value(), *to);
        };
        constexpr const char* kHub = "https://huggingface.co";
        for (const char* const good : {"https://us.aws.cdn.hf.co/x?y", "https://huggingface.co/api/x",
                                       "https://cas-bridge.xethub.hf.co/x", "https://cdn-lfs-us-1.hf.co/x"}) {
            QVERIFY2(may(kHub, good), good);
        }
        for (const char* const bad :
             {"http://us.aws.cdn.hf.co/x", "https://hf.co.example/x", "https://nothf.co/x",
              "https://a:b@cdn.hf.co/x", "file:///etc/passwd", "ftp://cdn.hf.co/x"}) {
            QVERIFY2(!may(kHub, bad), bad);
        }
        QVERIFY(may("https://mirror.example", "https://storage.example/x"));
        QVERIFY(!may("https://mirror.example", "http://storage.example/x"));
        QVERIFY(may("http://localhost:8080", "http://localhost:9000/x"));
        QVERIFY(hub::resolveAddress("https://a/b/c", "/d")->url == "https://a/d");
        QVERIFY(hub::parseAddress("https://A:443/x")->origin == hub::parseAddress("https://a/y")->origin);
        QVERIFY(hub::parseAddress("https://a:444/x")->origin != hub::parseAddress("https://a/y")->origin);
        QCOMPARE(hub::escaped("a/b c?#%", true), std::string("a/b%20c%3F%23%25"));
        QCOMPARE(hub::escaped("refs/pr/1", false), std::string("refs%2Fpr%2F1"));
    }

    /// The first that is there: the file, the environment, the service's credential, the hub's login.
    void tokensComeInTheHubsOrder() {
        QCOMPARE(settings()->token, std::string());
        write("token", "hf_login\n");
        QCOMPARE(settings()->token, std::string("hf_login"));
        qputenv("CREDENTIALS_DIRECTORY", m_folder->path().toUtf8());
        QCOMPARE(settings()->token, std::string("hf_login"));
        write("easel.hub-token", "hf_credential\n");
        QCOMPARE(settings()->token, std::string("hf_credential"));
        qputenv("HF_TOKEN_PATH", QByteArray::fromStdString(write("other", " hf_path ").string()));
        QCOMPARE(settings()->token, std::string("hf_path"));
        qputenv("HUGGING_FACE_HUB_TOKEN", "hf_old");
        QCOMPARE(settings()->token, std::string("hf_old"));
        qputenv("HF_TOKEN", "hf_environment");
        QCOMPARE(settings()->token, std::string("hf_environment"));
        QCOMPARE(settings(write("file", "hf_file\r\n"))->token, std::string("hf_file"));
    }

    void whatIsNoTokenIsRefusedWithoutBeingShown() {
        for (const std::string& text :
             {std::string("two words"), std::string(""), std::string("a\nb: c"), std::string(5000, 'x')}) {
            const auto refused = settings(write("file", text));
            QVERIFY(!refused);
            QVERIFY(text.empty() || refused.error().detail.find(text) == std::string::npos);
        }
        QVERIFY(!settings(std::filesystem::path("/nowhere/token")));
        qputenv("HF_TOKEN", "hf_secret with a blank");
        QVERIFY(!settings());
        QVERIFY(settings().error().detail.find("secret") == std::string::npos);
    }

    void aTokenIsNeverSentInTheClear() {
        qputenv("HF_ENDPOINT", "http://mirror.example/");
        QCOMPARE(settings()->endpoint, std::string("http://mirror.example"));
        qputenv("HF_TOKEN", "hf_x");
        QVERIFY(!settings());
        qputenv("HF_ENDPOINT", "http://localhost:8080");
        QVERIFY(settings().has_value());
        for (const char* const bad : {"mirror", "file:///x", "https://me:secret@mirror.example", "ftp://x"}) {
            qputenv("HF_ENDPOINT", bad);
            QVERIFY2(!settings(), bad);
        }
    }

    void offlineIsOffline() {
        qputenv("HF_HUB_OFFLINE", "1");
        QVERIFY(!settings());
        qputenv("HF_HUB_OFFLINE", "0");
        QVERIFY(settings().has_value());
    }
};

QTEST_GUILESS_MAIN(TestHubNames)
#include "test_hub_names.moc"
