// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <QCoreApplication>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

#include "server/commands/port_holder.h"

using namespace easel::commands;

namespace {

constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n"
    "   1: 0100007F:1389 0100007F:1388 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0\n"
    "   2: nonsense\n";

}  // namespace

class TestPortHolder : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    std::filesystem::path root() const { return m_folder.path().toStdString(); }

private Q_SLOTS:
    void initTestCase() {
        const auto process = root() / "proc/123";
        std::filesystem::create_directories(process / "fd");
        std::filesystem::create_directories(root() / "proc/net");
        std::filesystem::create_directories(root() / "proc/12x/fd");
        std::ofstream(root() / "proc/net/tcp") << kTable;
        std::ofstream(process / "comm") << "baker\n";
        for (const char* const inode : {"4711", "4712"}) {
            std::filesystem::create_symlink(std::string("socket:[") + inode + "]", process / "fd" / inode);
        }
    }

    void whoListensIsFound() {
        const auto holder = whoListensOn(5000, root());
        QVERIFY(holder.has_value());
        QCOMPARE(holder->process, 123);
        QCOMPARE(holder->program, std::string("baker"));
    }

    void whoIsConnectedDoesNotListen() { QVERIFY(!whoListensOn(5001, root())); }

    void whoCannotBeSeenIsNotGuessed() {
        QVERIFY(!whoListensOn(5002, root()));
        QVERIFY(!whoListensOn(5000, root() / "nowhere"));
        std::filesystem::remove(root() / "proc/123/fd/4711");
        QVERIFY(!whoListensOn(5000, root()));
    }

    void thisProcessIsFoundOnThisMachine() {
        for (const auto address : {QHostAddress::LocalHost, QHostAddress::Any}) {
            QTcpServer server;
            QVERIFY(server.listen(address));
            const auto holder = whoListensOn(server.serverPort());
            QVERIFY(holder.has_value());
            QCOMPARE(holder->process, static_cast<int>(QCoreApplication::applicationPid()));
        }
    }
};

QTEST_GUILESS_MAIN(TestPortHolder)
#include "test_port_holder.moc"
