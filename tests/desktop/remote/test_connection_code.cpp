// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/remote/connection_code.h"

using namespace easel;

namespace {

const QString kPrint = QString("0123456789abcdef").repeated(4);
const QString kTicket = "dGlja2V0LW9mLXRlbg";

}  // namespace

/// What `easel-server pair` prints, as people paste it.
class TestConnectionCode : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsAll();
    void readsWhichMachineItIs();
    void takesTheAddressFromIt_data();
    void takesTheAddressFromIt();
    void forgivesWhatPastingDoes();
    void saysWhatIsWrong_data();
    void saysWhatIsWrong();
    void tellsKeysFromTheRest();
};

void TestConnectionCode::readsAll() {
    const auto code =
        remote::parseCode("easel://gpu-box:5000/draw?ticket=" + kTicket + "&fingerprint=" + kPrint.toUpper() +
                          "&name=The%20big%20%22one%22%2B&later=x");
    QVERIFY(code);
    QCOMPARE(code->address, QUrl("https://gpu-box:5000/draw"));
    QCOMPARE(code->ticket, kTicket.toLatin1());
    QCOMPARE(code->fingerprint, kPrint.toLatin1());
    QCOMPARE(code->name, "The big \"one\"+");
}

void TestConnectionCode::readsWhichMachineItIs() {
    const QString link = "easel://10.128.0.2:5000?ticket=" + kTicket + "&fingerprint=" + kPrint;
    QVERIFY(!remote::parseCode(link)->gcp);
    const protocol::GcpPlace place{"example.com:my-project", "us-central1-a", "easel"};
    for (const char* const spelling :
         {"example.com:my-project/us-central1-a/easel", "example.com%3Amy-project%2Fus-central1-a%2Feasel"}) {
        const auto code = remote::parseCode(link + "&gcp=" + spelling);
        QVERIFY(code);
        QVERIFY(code->gcp == place);
    }
}

void TestConnectionCode::takesTheAddressFromIt_data() {
    QTest::addColumn<QString>("link");
    QTest::addColumn<QUrl>("address");
    const QString ticket = "?ticket=" + kTicket;
    QTest::newRow("plain") << "easel://127.0.0.1:5000" + ticket << QUrl("http://127.0.0.1:5000");
    QTest::newRow("without a port") << "easel://gpu-box" + ticket << QUrl("http://gpu-box:5000");
    QTest::newRow("tls") << "easel://gpu-box" + ticket + "&tls=1" << QUrl("https://gpu-box:443");
    QTest::newRow("IPv6") << "easel://[fd00::7]:5000/" + ticket << QUrl("http://[fd00::7]:5000");
    QTest::newRow("sub-path") << "easel://example.org/a/b/" + ticket + "&tls=1"
                              << QUrl("https://example.org:443/a/b");
}

void TestConnectionCode::takesTheAddressFromIt() {
    QFETCH(QString, link);
    const auto code = remote::parseCode(link);
    QVERIFY2(code, code ? "" : code.error().detail.c_str());
    QTEST(code->address, "address");
    QVERIFY(code->fingerprint.isEmpty());
}

void TestConnectionCode::forgivesWhatPastingDoes() {
    const QString link = "easel://gpu-box:5000?ticket=" + kTicket + "&fingerprint=" + kPrint;
    QString broken = "  " + link + " \n";
    broken.insert(40, "\n  ");
    QVERIFY(remote::looksLikeCode(broken));
    const auto code = remote::parseCode(broken);
    QVERIFY(code);
    QCOMPARE(*code, *remote::parseCode(link));
    QVERIFY(remote::parseCode("EASEL" + link.mid(5)));
    // A name is a line of text, whatever is in it.
    const auto odd = remote::parseCode(link + "&name=a%0Ab%E2%80%AEc%1B" + QString(200, 'x'));
    QVERIFY(odd);
    QVERIFY2(odd->name.startsWith("a bc"), qPrintable(odd->name));
    QCOMPARE(odd->name.size(), 80);
}

void TestConnectionCode::saysWhatIsWrong_data() {
    QTest::addColumn<QString>("link");
    QTest::addColumn<QString>("words");
    QTest::newRow("cut short") << "easel://"
                               << "not complete";
    QTest::newRow("no slashes") << "easel:gpu-box?ticket=" + kTicket << "not complete";
    QTest::newRow("no ticket") << "easel://gpu-box"
                               << "holds no ticket";
    QTest::newRow("half a ticket") << "easel://gpu-box?ticket=abc"
                                   << "holds no ticket";
    QTest::newRow("odd ticket") << "easel://gpu-box?ticket=%22%0d%0aabcdefgh"
                                << "holds no ticket";
    QTest::newRow("half a fingerprint")
        << "easel://gpu-box?ticket=" + kTicket + "&fingerprint=" + kPrint.left(60) << "64 digits";
    QTest::newRow("no fingerprint at all") << "easel://gpu-box?ticket=" + kTicket + "&fingerprint="
                                           << "64 digits";
    QTest::newRow("half a machine") << "easel://10.128.0.2:5000?ticket=" + kTicket +
                                           "&fingerprint=" + kPrint + "&gcp=my-project/us-central1-a"
                                    << "which machine";
    QTest::newRow("an option as a machine")
        << "easel://10.128.0.2:5000?ticket=" + kTicket + "&fingerprint=" + kPrint +
               "&gcp=my-project/us-central1-a/-x"
        << "which machine";
    QTest::newRow("a machine without a certificate")
        << "easel://10.128.0.2:5000?ticket=" + kTicket + "&gcp=my-project/us-central1-a/easel"
        << "names no certificate";
    QTest::newRow("a person in it") << "easel://me@gpu-box?ticket=" + kTicket << "before the @";
}

void TestConnectionCode::saysWhatIsWrong() {
    QFETCH(QString, link);
    QFETCH(QString, words);
    QVERIFY(remote::looksLikeCode(link));
    const auto code = remote::parseCode(link);
    QVERIFY(!code);
    const QString detail = QString::fromStdString(code.error().detail);
    QVERIFY2(detail.contains(words), qPrintable(detail));
    QVERIFY2(!detail.contains(kTicket), qPrintable(detail));
}

void TestConnectionCode::tellsKeysFromTheRest() {
    QVERIFY(remote::looksLikeKey(" easel_abc\n"));
    QVERIFY(!remote::looksLikeKey("easel-box"));
    QCOMPARE(remote::parseKey(" easel_0123456789abcdef-_\n"), "easel_0123456789abcdef-_");
    QVERIFY(remote::parseKey("easel_abc").isEmpty());
    QVERIFY(remote::parseKey("easel_0123456789abcdef\r\nX: y").isEmpty());
}

QTEST_GUILESS_MAIN(TestConnectionCode)
#include "test_connection_code.moc"
