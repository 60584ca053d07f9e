// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/remote/address.h"
#include "desktop/remote/remote.h"

using namespace easel;

class TestAddress : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void understands_data();
    void understands();
    void refuses_data();
    void refuses();
    void namesTheServer();
};

void TestAddress::understands_data() {
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("url");
    QTest::newRow("host") << "gpu-box"
                          << "http://gpu-box:5000";
    QTest::newRow("blanks around") << "  gpu-box \n"
                                   << "http://gpu-box:5000";
    QTest::newRow("host and port") << "10.0.0.4:8080"
                                   << "http://10.0.0.4:8080";
    QTest::newRow("url") << "http://localhost:5000/"
                         << "http://localhost:5000";
    QTest::newRow("from the browser") << "http://gpu-box:5000/?prompt=a+cat#top"
                                      << "http://gpu-box:5000";
    QTest::newRow("https keeps its port") << "https://easel.example.org"
                                          << "https://easel.example.org:443";
    QTest::newRow("below a path") << "https://example.org:8443/easel//"
                                  << "https://example.org:8443/easel";
    QTest::newRow("upper case") << "HTTP://GPU-Box"
                                << "http://gpu-box:5000";
    QTest::newRow("IPv6") << "::1"
                          << "http://[::1]:5000";
    QTest::newRow("IPv6 and port") << "[fe80::1]:81"
                                   << "http://[fe80::1]:81";
}

void TestAddress::understands() {
    QFETCH(QString, typed);
    QFETCH(QString, url);
    const auto parsed = remote::parseAddress(typed);
    QVERIFY2(parsed, parsed ? "" : parsed.error().detail.c_str());
    QCOMPARE(parsed->toString(), url);
}

void TestAddress::refuses_data() {
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("hint");
    QTest::newRow("nothing") << "  "
                             << "Type the server's name";
    QTest::newRow("another scheme") << "ftp://gpu-box"
                                    << "not ftp";
    QTest::newRow("a file") << "file:///etc/passwd"
                            << "not file";
    QTest::newRow("no host") << "http://"
                             << "can't be read";
    QTest::newRow("blank inside") << "gpu box"
                                  << "can't be read";
    QTest::newRow("impossible port") << "gpu-box:70000"
                                     << "can't be read";
    QTest::newRow("a password") << "http://me:secret@gpu-box"
                                << "before the @";
}

void TestAddress::refuses() {
    QFETCH(QString, typed);
    QFETCH(QString, hint);
    const auto parsed = remote::parseAddress(typed);
    QVERIFY(!parsed);
    QCOMPARE(parsed.error().code, std::string(remote::kInvalidAddress));
    const QString detail = QString::fromStdString(parsed.error().detail);
    QVERIFY2(detail.contains(hint), qPrintable(detail));
    QVERIFY(!detail.contains("secret"));
}

void TestAddress::namesTheServer() {
    QCOMPARE(remote::displayName(QUrl("http://gpu-box:5000")), "gpu-box");
    QCOMPARE(remote::displayName(QUrl("http://gpu-box:80")), "gpu-box:80");
    QCOMPARE(remote::displayName(QUrl("https://example.org:443")), "example.org");
    QCOMPARE(remote::displayName(QUrl("http://[::1]:81")), "[::1]:81");
}

QTEST_GUILESS_MAIN(TestAddress)
#include "test_address.moc"
