// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <QTest>

#include "server/commands/locations.h"

using namespace easel::commands;
using std::filesystem::path;

class TestLocations : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theDataFolder_data() {
        QTest::addColumn<QByteArray>("xdg");
        QTest::addColumn<QByteArray>("home");
        QTest::addColumn<QByteArray>("expected");
        const passwd* account = ::getpwuid(::geteuid());
        const QByteArray own = account && std::filesystem::is_directory(account->pw_dir)
                                   ? account->pw_dir + QByteArray("/.local/share/easel/server")
                                   : QByteArray();
        QTest::newRow("XDG") << QByteArray("/data") << QByteArray("/home/fox")
                             << QByteArray("/data/easel/server");
        QTest::newRow("relative XDG") << QByteArray("data") << QByteArray("/home/fox")
                                      << QByteArray("/home/fox/.local/share/easel/server");
        QTest::newRow("HOME") << QByteArray() << QByteArray("/home/fox")
                              << QByteArray("/home/fox/.local/share/easel/server");
        QTest::newRow("neither: the account's") << QByteArray() << QByteArray() << own;
    }

    void theDataFolder() {
        QFETCH(QByteArray, xdg);
        QFETCH(QByteArray, home);
        QFETCH(QByteArray, expected);
        const auto set = [](const char* name, const QByteArray& value) {
            return value.isEmpty() ? qunsetenv(name) : qputenv(name, value);
        };
        const QByteArray xdgBefore = qgetenv("XDG_DATA_HOME");
        const QByteArray homeBefore = qgetenv("HOME");
        set("XDG_DATA_HOME", xdg);
        set("HOME", home);
        const path found = dataFolder();
        set("XDG_DATA_HOME", xdgBefore);
        set("HOME", homeBefore);
        QCOMPARE(QByteArray(found.c_str()), expected);
    }

    void theHubsCacheIsWhereTheHubSays() {
        const auto with = [](const char* cache, const char* home, const char* xdg) {
            for (const auto& [name, value] :
                 {std::pair{"HF_HUB_CACHE", cache}, {"HF_HOME", home}, {"XDG_CACHE_HOME", xdg}}) {
                value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
            }
            return hubCache().string();
        };
        const auto before = std::pair(qgetenv("HOME"), qgetenv("XDG_CACHE_HOME"));
        ::setenv("HOME", "/home/somebody", 1);
        ::setenv("HUGGINGFACE_HUB_CACHE", "/old", 1);
        QCOMPARE(with("/a", "/b", "/c"), std::string("/a"));
        QCOMPARE(with("", "/b", "/c"), std::string("/old"));
        ::unsetenv("HUGGINGFACE_HUB_CACHE");
        QCOMPARE(with("/a", "/b", "/c"), std::string("/a"));
        QCOMPARE(with("", "/b", "/c"), std::string("/b/hub"));
        QCOMPARE(with(nullptr, nullptr, "/c"), std::string("/c/huggingface/hub"));
        QCOMPARE(with(nullptr, nullptr, nullptr), std::string("/home/somebody/.cache/huggingface/hub"));
        QCOMPARE(hubHome().string(), std::string("/home/somebody/.cache/huggingface"));
        QCOMPARE(kernelsCache().string(), std::string("/home/somebody/.cache/easel/kernels"));
        qputenv("HOME", before.first);
        before.second.isEmpty() ? qunsetenv("XDG_CACHE_HOME") : qputenv("XDG_CACHE_HOME", before.second);
    }

    void theTestPatternIsKnown() {
        QCOMPARE(testPatternIn("test-pattern"), std::optional(0));
        QCOMPARE(testPatternIn("test-pattern:20"), std::optional(20));
        for (const char* const other :
             {"test-pattern:", "test-pattern:x", "test-pattern:-1", "test-pattern:60001", "./test-pattern",
              "test-patterns", "test-pattern:1 ", ""}) {
            QVERIFY2(!testPatternIn(other), other);
        }
    }

    void aListOfDevicesIsTakenApart() {
        QCOMPARE(devicesIn("cpu"), std::vector<std::string>{"cpu"});
        QCOMPARE(devicesIn("cuda:0,cuda:1"), (std::vector<std::string>{"cuda:0", "cuda:1"}));
        QCOMPARE(devicesIn("cpu,,"), (std::vector<std::string>{"cpu", "", ""}));
    }
};

QTEST_APPLESS_MAIN(TestLocations)
#include "test_locations.moc"
