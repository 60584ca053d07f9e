// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/gallery/file_name.h"

using namespace easel;

class TestFileName : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void slugs_data();
    void slugs();
    void makesNamesSafe_data();
    void makesNamesSafe();
    void namesSortByTime();
    void expandsPatterns_data();
    void expandsPatterns();
    void seesMisspeltTokens();
    void findsFreePaths();
};

void TestFileName::slugs_data() {
    QTest::addColumn<QString>("prompt");
    QTest::addColumn<QString>("slug");
    QTest::newRow("words") << "A lighthouse, above the clouds!"
                           << "a-lighthouse-above-the-clouds";
    QTest::newRow("only marks") << "!!! ???"
                                << "";
    QTest::newRow("accents") << "Café  Über"
                             << "café-über";
    QTest::newRow("emoji") << "🐈 cat"
                           << "cat";
    QTest::newRow("whole words") << QString("word ").repeated(20)
                                 << "word-word-word-word-word-word-word-word-word";
    QTest::newRow("one long word") << QString(60, 'x') << QString(48, 'x');
}

void TestFileName::slugs() {
    QFETCH(QString, prompt);
    QFETCH(QString, slug);
    QCOMPARE(gallery::slug(prompt), slug);
}

void TestFileName::makesNamesSafe_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("safe");
    QTest::newRow("plain") << "a cat (1)"
                           << "a cat (1)";
    QTest::newRow("a path") << "../../etc/passwd"
                            << "_.._etc_passwd";
    QTest::newRow("reserved") << "a<b>:c\"|d?*\\#"
                              << "a_b__c__d____";
    QTest::newRow("control characters") << "a\nb\tc"
                                        << "a_b_c";
    QTest::newRow("hidden") << " .hidden. "
                            << "hidden";
    QTest::newRow("a device") << "NUL"
                              << "_NUL";
    QTest::newRow("a device with an extension") << "com1.png"
                                                << "_com1.png";
    QTest::newRow("no device") << "console"
                               << "console";
    QTest::newRow("nothing") << " . "
                             << "picture";
    QTest::newRow("long") << QString(300, 'x') << QString(200, 'x');
    QTest::newRow("long in bytes") << QString("🐈").repeated(100) << QString("🐈").repeated(50);
}

void TestFileName::makesNamesSafe() {
    QFETCH(QString, name);
    QFETCH(QString, safe);
    QCOMPARE(gallery::safeName(name), safe);
}

void TestFileName::namesSortByTime() {
    const QDateTime time(QDate(2026, 11, 22), QTime(14, 25, 30, 123));
    const QString name = gallery::pictureName(time, 41, "A lighthouse: above/below");
    QCOMPARE(name, "2026-11-22_14-25-30-123_41_a-lighthouse-above-below.png");
    QCOMPARE(gallery::timeInName(name).value(), time);
    QCOMPARE(gallery::wordsInName(name), "a lighthouse above below");
    QVERIFY(gallery::pictureName(time.addMSecs(1), 1, "a") > name);

    QVERIFY(!gallery::timeInName("00012-41.png"));
    QCOMPARE(gallery::wordsInName("00012-41.png"), "00012-41");
    QVERIFY(!gallery::timeInName("2026-99-22_14-25-30-123_41_x.png"));
}

void TestFileName::expandsPatterns_data() {
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("name");
    QTest::newRow("all") << "{date} {time} {seed} {prompt} {model} {sampler} {steps} {width}x{height} {index}"
                         << "2026-11-22 14-25-30 41 a-cat acme_starter ddim 12 64x32 007";
    QTest::newRow("twice") << "{seed}{seed}"
                           << "4141";
    QTest::newRow("unknown") << "{seed}_{what}"
                             << "41_{what}";
    QTest::newRow("a folder") << "../{seed}"
                              << "_41";
    QTest::newRow("empty") << ""
                           << "picture";
}

void TestFileName::expandsPatterns() {
    QFETCH(QString, pattern);
    QFETCH(QString, name);
    gallery::Picture picture;
    picture.created = QDateTime(QDate(2026, 11, 22), QTime(14, 25, 30));
    picture.size = {64, 32};
    picture.settings.emplace();
    picture.settings->prompt = "A cat";
    picture.settings->model = "acme/starter";
    picture.settings->sampler = "ddim";
    picture.settings->seed = 41;
    picture.settings->steps = 12;
    QCOMPARE(gallery::expandPattern(pattern, picture, 7), name);

    // A file of other origin leaves no holes where nothing is known.
    picture.settings.reset();
    picture.path = "/x/holiday.png";
    QCOMPARE(gallery::expandPattern("{date}_{seed}_{prompt}", picture, 1), "2026-11-22_holiday");
}

void TestFileName::seesMisspeltTokens() {
    QCOMPARE(gallery::unknownTokens(gallery::patternTokens().join('-')), QStringList());
    QCOMPARE(gallery::unknownTokens("{seed}_{nope}_{Date}_{nope}_{}"),
             (QStringList{"{nope}", "{Date}", "{}"}));
}

void TestFileName::findsFreePaths() {
    const QTemporaryDir dir;
    const auto touch = [](const QString& path) { QVERIFY(QFile(path).open(QIODevice::WriteOnly)); };
    const QString first = gallery::freePath(dir.path(), "a", "png");
    QCOMPARE(first, dir.filePath("a.png"));
    touch(first);
    const QString second = gallery::freePath(dir.path(), "a", "png");
    QCOMPARE(second, dir.filePath("a-1.png"));
    touch(second);
    QCOMPARE(gallery::freePath(dir.path(), "a", "png"), dir.filePath("a-2.png"));
    QCOMPARE(gallery::freePath(dir.path(), "a", "jpg"), dir.filePath("a.jpg"));
}

QTEST_GUILESS_MAIN(TestFileName)
#include "test_file_name.moc"
