// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/keys/secret.h"
#include "server/keys/tickets.h"
#include "shared/text/hex.h"

using namespace easel;
using keys::Tickets;
using protocol::KeyScope;

class TestTickets : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::int64_t m_now = 1'795'384'489'120;

    Tickets tickets() {
        return Tickets(m_dir->filePath("tickets").toStdString(), [this] { return m_now; });
    }
    int files() const { return int(QDir(m_dir->filePath("tickets")).entryList(QDir::Files).size()); }

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }

    void oneIsGoodOnce() {
        const std::string ticket = tickets().issue(KeyScope::Admin).value();
        QCOMPARE(ticket.size(), std::size_t{22});
        QCOMPARE(files(), 1);
        QVERIFY(tickets().redeem(ticket).value() == KeyScope::Admin);
        QCOMPARE(files(), 0);
        const auto again = tickets().redeem(ticket);
        QVERIFY(!again);
        QCOMPARE(again.error().status, 410);
        QCOMPARE(again.error().code, std::string("ticket_invalid"));
    }

    void nothingInTheFolderTellsTheTicket() {
        const std::string ticket = tickets().issue(KeyScope::Generate).value();
        const auto file = *std::filesystem::directory_iterator(m_dir->filePath("tickets").toStdString());
        QVERIFY(file.path().string().find(ticket) == std::string::npos);
        QFile content(QString::fromStdString(file.path().string()));
        QVERIFY(content.open(QIODevice::ReadOnly));
        QVERIFY(!content.readAll().contains(ticket.c_str()));
        QCOMPARE(file.path().filename().string(), text::toHex(keys::hashOf(ticket)));
        QCOMPARE(int(file.status().permissions()), 0600);
    }

    void itIsGoodForTenMinutes() {
        const std::string first = tickets().issue(KeyScope::Generate).value();
        const std::string second = tickets().issue(KeyScope::Generate).value();
        QVERIFY(first != second);
        m_now += 599'999;
        QVERIFY(tickets().redeem(first));
        m_now += 1;
        QVERIFY(!tickets().redeem(second));
        tickets().issue(KeyScope::Generate).value();  // cleans up
        QCOMPARE(files(), 1);
    }

    void whatIsNoneIsRefused_data() {
        QTest::addColumn<std::string>("text");
        QTest::newRow("nothing") << std::string();
        QTest::newRow("another") << std::string(22, 'A');
        QTest::newRow("a path") << std::string("../../keys.json");
        QTest::newRow("long") << std::string(1'000'000, 'A');
    }

    void whatIsNoneIsRefused() {
        QFETCH(std::string, text);
        const std::string ticket = tickets().issue(KeyScope::Generate).value();
        QVERIFY(!tickets().redeem(text));
        QVERIFY(tickets().redeem(ticket));
    }

    void aHundredMayWait() {
        for (int i = 0; i < 100; ++i) {
            QVERIFY(tickets().issue(KeyScope::Generate));
        }
        const auto refused = tickets().issue(KeyScope::Generate);
        QVERIFY(!refused);
        QCOMPARE(refused.error().status, 409);
        m_now += 600'000;
        QVERIFY(tickets().issue(KeyScope::Generate));
    }

    void ofManyWhoBringItOneIsLetIn() {
        for (int round = 0; round < 20; ++round) {
            const std::string ticket = tickets().issue(KeyScope::Generate).value();
            std::atomic<int> taken = 0;
            {
                std::vector<std::jthread> all;
                for (int i = 0; i < 8; ++i) {
                    all.emplace_back([&, own = tickets()] { taken += own.redeem(ticket).has_value(); });
                }
            }
            QCOMPARE(taken.load(), 1);
        }
    }
};

QTEST_GUILESS_MAIN(TestTickets)
#include "test_tickets.moc"
