// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <CLI/CLI.hpp>
#include <QTemporaryDir>
#include <QTest>

#include "server/commands/config_file.h"
#include "server/commands/serve_options.h"

using namespace easel::commands;
using Words = std::vector<std::string>;

namespace {

std::string told(const tl::expected<Words, std::string>& words) {
    return words ? "" : words.error();
}

}  // namespace

class TestConfigFile : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

    std::string path() const { return m_folder.filePath("server.toml").toStdString(); }

    /// `words` after "serve", with a file of this text.
    tl::expected<Words, std::string> with(const std::string& text, Words words = {}) const {
        std::ofstream(path(), std::ios::binary) << text;
        CLI::App app;
        ServeOptions options;
        addServe(app, options);
        words.insert(words.begin(), "serve");
        auto all = withSettings(app, std::move(words), path());
        if (all) {
            all->erase(all->begin());
        }
        return all;
    }

private Q_SLOTS:
    void everyKindOfValueIsTaken() {
        const auto words = with(
            "# where\n"
            "bind = \"0.0.0.0\"\n"
            "port = 8443\n"
            "tls = true\n"
            "require-key = false\n"
            "max-work = 12.5\n"
            "trusted-proxy = [\"10.0.0.0/8\", \"127.0.0.1\"]\n");
        QCOMPARE(told(words), std::string());
        QCOMPARE(*words, (Words{"--bind=0.0.0.0", "--port=8443", "--tls", "--max-work=12.5",
                                "--trusted-proxy=10.0.0.0/8", "--trusted-proxy=127.0.0.1"}));
    }

    void theCommandLineCounts() {
        const auto words = with("port = 1\ntls = true\nbind = \"::1\"\ntrusted-proxy = [\"10.0.0.1\"]\n",
                                {"--port", "2", "--tls", "--trusted-proxy=10.0.0.2"});
        QCOMPARE(told(words), std::string());
        QCOMPARE(*words, (Words{"--port", "2", "--tls", "--trusted-proxy=10.0.0.2", "--bind=::1"}));
    }

    void theFileMayBeEmpty() { QCOMPARE(told(with("\n# nothing\n")), std::string()); }

    void whatIsWrongIsNamed_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("complaint");
        QTest::newRow("unknown") << "port = 1\nprot = 2\n"
                                 << ":2: there is no setting prot";
        QTest::newRow("not for files") << "check-config = true\n"
                                       << ":1: there is no setting check-config";
        QTest::newRow("range") << "\nport = 70000\n"
                               << ":2: port: Value 70000 not in range";
        QTest::newRow("no number") << "port = \"many\"\n"
                                   << ":1: port: ";
        QTest::newRow("no folder") << "models = [\"/nowhere/at/all\"]\n"
                                   << ":1: models: ";
        QTest::newRow("no choice") << "log-format = \"xml\"\n"
                                   << ":1: log-format: ";
        QTest::newRow("flag with a value") << "tls = 1\n"
                                           << ":1: tls is true or false";
        QTest::newRow("value that is a flag") << "port = true\n"
                                              << ":1: port takes a value";
        QTest::newRow("empty") << "bind = \"\"\n"
                               << ":1: bind is to be a text that is not empty";
        QTest::newRow("a date") << "bind = 2026-01-01\n"
                                << ":1: bind is to be a text";
        QTest::newRow("a table") << "[serve]\nport = 1\n"
                                 << ":1: there are no sections";
        QTest::newRow("twice") << "port = 1\nport = 2\n"
                               << ":2: ";
        QTest::newRow("no TOML") << "port 5000\n"
                                 << ":1: ";
        QTest::newRow("half a pair") << "tls-cert = \"/etc/cert.pem\"\n"
                                     << ":1: tls-cert requires --tls-key";
    }
    void whatIsWrongIsNamed() {
        QFETCH(QString, text);
        QFETCH(QString, complaint);
        const auto words = with(text.toStdString());
        const std::string expected = path() + complaint.toStdString();
        QVERIFY2(told(words).starts_with(expected), told(words).c_str());
    }

    /// A file's value that is not used is right all the same, or the next start without the word would fail.
    void halfAPairIsCompletedByTheCommandLine() {
        QCOMPARE(told(with("tls-cert = \"/etc/cert.pem\"\n", {"--tls-key", "/etc/key.pem"})), std::string());
    }

    void whatCannotBeReadIsNamed() {
        CLI::App app;
        ServeOptions options;
        addServe(app, options);
        const auto missing = withSettings(app, {"serve"}, m_folder.filePath("none").toStdString());
        QVERIFY(!missing);
        QVERIFY(missing.error().ends_with("none cannot be read: No such file or directory."));
        QVERIFY(told(with(std::string(300 * 1024, '#'))).ends_with("it is larger than 256 KiB."));
    }

    void theFileIsFoundAmongWords() {
        QCOMPARE(configAmong({"serve", "--config", "a"}).string(), std::string("a"));
        QCOMPARE(configAmong({"--config=b=c"}).string(), std::string("b=c"));
        QCOMPARE(configAmong({"serve", "--config"}).string(), std::string());
        QCOMPARE(configAmong({"--configure", "x"}).string(), std::string());
    }

    void commandsFindTheServersData() {
        std::ofstream(path()) << "port = 1\ndata = \"/srv/easel\"\n";
        QCOMPARE(administeredData({}, path()).value().string(), std::string("/srv/easel"));
        QCOMPARE(administeredData("/srv/other", path()).value().string(), std::string("/srv/other"));
        std::ofstream(path()) << "data = \n";
        QVERIFY(!administeredData({}, path()));
        QVERIFY(!administeredData({}, m_folder.filePath("none").toStdString()));
    }
};

QTEST_GUILESS_MAIN(TestConfigFile)
#include "test_config_file.moc"
