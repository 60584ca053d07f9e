// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/protocol/gcp_place.h"

using namespace easel;

/// Names of Google Cloud's, which end up on a command line.
class TestGcpPlace : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsWhatItWrites_data();
    void readsWhatItWrites();
    void refusesTheRest_data();
    void refusesTheRest();
};

void TestGcpPlace::readsWhatItWrites_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("plain") << "my-project-123/us-central1-a/easel";
    QTest::newRow("of a domain") << "example.com:my-project/europe-west4-b/easel-2";
    QTest::newRow("shortest") << "abcdef/a-1/e";
    QTest::newRow("longest") << "a" + QString(29, '1') + "/us-central1-ai1a/e" + QString(62, '9');
}

void TestGcpPlace::readsWhatItWrites() {
    QFETCH(QString, text);
    const auto place = protocol::parseGcpPlace(text.toStdString());
    QVERIFY2(place, place ? "" : place.error().detail.c_str());
    QCOMPARE(QString::fromStdString(protocol::toString(*place)), text);
}

void TestGcpPlace::refusesTheRest_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("words");
    const QString whole = "PROJECT/ZONE/NAME";
    const QString project = "The project";
    const QString zone = "The zone";
    const QString name = "The machine's name";
    QTest::newRow("nothing") << "" << whole;
    QTest::newRow("two parts") << "my-project/us-central1-a" << whole;
    QTest::newRow("four parts") << "my-project/us-central1-a/easel/x" << name;
    QTest::newRow("short project") << "abcde/us-central1-a/easel" << project;
    QTest::newRow("long project") << QString(31, 'a') + "/us-central1-a/easel" << project;
    QTest::newRow("capital") << "My-project/us-central1-a/easel" << project;
    QTest::newRow("digit first") << "1project/us-central1-a/easel" << project;
    QTest::newRow("hyphen last") << "my-project-/us-central1-a/easel" << project;
    QTest::newRow("option") << "--project/us-central1-a/easel" << project;
    QTest::newRow("no domain") << "example:my-project/us-central1-a/easel" << project;
    QTest::newRow("empty domain") << ":my-project/us-central1-a/easel" << project;
    QTest::newRow("two colons") << "a.b:c.d:my-project/us-central1-a/easel" << project;
    QTest::newRow("no zone") << "my-project//easel" << zone;
    QTest::newRow("one word as zone") << "my-project/zone/easel" << zone;
    QTest::newRow("shell in the zone") << "my-project/us-central1-a;id/easel" << zone;
    QTest::newRow("no name") << "my-project/us-central1-a/" << name;
    QTest::newRow("option as name") << "my-project/us-central1-a/-x" << name;
    QTest::newRow("space in the name") << "my-project/us-central1-a/ea sel" << name;
    QTest::newRow("line in the name") << "my-project/us-central1-a/easel\n" << name;
    QTest::newRow("long name") << "my-project/us-central1-a/" + QString(64, 'e') << name;
}

void TestGcpPlace::refusesTheRest() {
    QFETCH(QString, text);
    QFETCH(QString, words);
    const auto place = protocol::parseGcpPlace(text.toStdString());
    QVERIFY(!place);
    QCOMPARE(place.error().field, "gcp");
    QVERIFY2(QString::fromStdString(place.error().detail).contains(words), place.error().detail.c_str());
}

QTEST_GUILESS_MAIN(TestGcpPlace)
#include "test_gcp_place.moc"
