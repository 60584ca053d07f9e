// SPDX-License-Identifier: Apache-2.0
// Setups that cannot end well: what the person is told, and that nothing wrong stays.
#include "tests/server/libtorch/setup_test.h"

#include <fstream>

#include "server/libtorch/index.h"

using namespace easel;
using namespace easel::tests;

class TestSetupFailures : public SetupTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_index = std::make_unique<StandInIndex>(); }
    void init() { QVERIFY(begin()); }

    void thePersonIsToldWhy_data() {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<QString>("code");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* fault, const char* code, const char* words) {
            QTest::newRow(fault) << fault << code << words;
        };
        row("wrong", "download_untrue", "has another hash than was announced");
        row("missing", "not_on_index", "does not have torch 2.0.0");
        row("other", "not_on_index", "with the hash that this version of Easel wants");
        row("nonsense", "download_untrue", "does not speak as a package index does");
        row("private", "refused_by_index", "PIP_INDEX_URL");
        row("to-http", "download_untrue", "not encrypted");
        row("in-circles", "index_unavailable", "from one place to the next");
        row("ill", "index_unavailable", "answers with 500");
        row("no-size", "download_untrue", "does not say how long");
    }

    void thePersonIsToldWhy() {
        QFETCH(QString, fault);
        QFETCH(QString, code);
        QFETCH(QString, words);
        const auto done = setUp(m_index->encrypted(fault.toStdString()));
        QVERIFY(!done);
        const QString detail = QString::fromStdString(done.error().detail);
        qInfo().noquote() << detail;
        QCOMPARE(QString::fromStdString(done.error().code), code);
        QVERIFY2(detail.contains(words), qPrintable(detail));
        QVERIFY(!std::filesystem::exists(home()));
        QVERIFY(!libtorch::find({.given = {}, .folders = {into()}, .names = {home().filename(), ""}}));
        for (const std::string& file : filesIn(work())) {
            QVERIFY2(!file.starts_with(".wheel-") || file.find(".easel.") != std::string::npos, file.c_str());
        }
    }

    void whatWasWrongIsNotTakenUp() {
        QVERIFY(!setUp(m_index->plain("wrong")));
        const auto done = setUp(m_index->plain("json"));
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
        QCOMPARE(std::filesystem::file_size(home() / "torch/lib/libtorch_cpu.so"), 400'000U);
    }

    void hostileWheelsAreNotUnpacked_data() {
        QTest::addColumn<QString>("list");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* list, const char* words) { QTest::newRow(list) << list << words; };
        row("dots", "leads out of its folder");
        row("absolute", "leads out of its folder");
        row("backslash", "leads out of its folder");
        row("control", "leads out of its folder");
        row("link", "holds a link");
        row("truncated", "cannot be unpacked");
        row("no-zip", "cannot be unpacked");
        row("checksum", "cannot be unpacked");
        row("length", "torch 2.0.0");
    }

    /// Their hashes are right, as if the list itself were wrong.
    void hostileWheelsAreNotUnpacked() {
        QFETCH(QString, list);
        QFETCH(QString, words);
        const std::string name = list.toStdString();
        const auto done = setUpFrom(name);
        QVERIFY(!done);
        const QString detail = QString::fromStdString(done.error().detail);
        qInfo().noquote() << detail;
        QCOMPARE(done.error().code, std::string("download_untrue"));
        QVERIFY2(detail.contains(words), qPrintable(detail));
        QVERIFY(!std::filesystem::exists(home(name)));
        QVERIFY(!std::filesystem::exists("/tmp/easel-evil.so"));
        for (const std::string& file : filesIn(m_folder->path().toStdString())) {
            QVERIFY2(file.find("evil") == std::string::npos, file.c_str());
        }
    }

    void aDiskWithoutRoomIsSaidBeforeTheFirstByte() {
        const auto done = setUp(m_index->plain("json"), "good", [](auto& options) {
            options.freeBytes = [] { return (std::int64_t{64} << 20) + 700'000; };
        });
        QVERIFY(!done);
        QVERIFY(protocol::isNoSpace(done.error()));
        const std::string& detail = done.error().detail;
        QVERIFY2(detail.find("libtorch needs about 1.3 MB more") != std::string::npos, detail.c_str());
        QVERIFY2(detail.find("67.8 MB are free") != std::string::npos, detail.c_str());
        QVERIFY2(detail.find("Nothing was fetched.") != std::string::npos, detail.c_str());
        QCOMPARE(filesIn(work()), std::vector<std::string>());
    }

    void roomIsAskedForAgainWhenTheWheelsAreOpen() {
        const auto done = setUp(m_index->plain("json"), "good", [this](auto& options) {
            options.from = m_index->wheels("good");
            options.freeBytes = [] { return (std::int64_t{64} << 20) + 600'000; };
        });
        QVERIFY(!done && protocol::isNoSpace(done.error()));
        const auto fits = setUp(m_index->plain("json"), "good", [this](auto& options) {
            options.from = m_index->wheels("good");
            options.freeBytes = [] { return (std::int64_t{64} << 20) + 650'000; };
        });
        QVERIFY2(fits, fits ? "" : fits.error().detail.c_str());
    }

    void wheelsThatAreNotInTheFolderAreNamed() {
        const std::filesystem::path folder = m_folder->path().toStdString();
        const auto missing = setUpFrom("good", folder);
        QVERIFY(!missing && missing.error().field == "from");
        QVERIFY2(missing.error().detail.find("Missing: torch 2.0.0, nvidia-cuda-runtime 13.0.") !=
                     std::string::npos,
                 missing.error().detail.c_str());
        const std::string wheel = "torch-2.0.0-cp311-cp311-manylinux_2_28_x86_64.whl";
        std::filesystem::copy(m_index->wheels("dots") / wheel, folder / wheel);
        const auto wrong = setUpFrom("good", folder);
        QVERIFY(!wrong);
        QVERIFY2(wrong.error().detail.find(
                     "With another hash than this version of Easel wants: torch 2.0.0.") != std::string::npos,
                 wrong.error().detail.c_str());
        const auto nowhere = setUpFrom("good", folder / "nowhere");
        QVERIFY(!nowhere && nowhere.error().field == "from");
    }

    void aFolderThatCannotBeWrittenIsSaid() {
        std::ofstream(m_folder->filePath("libtorch").toStdString()) << "a file";
        const auto done = setUp(m_index->plain("json"));
        QVERIFY(!done);
        QVERIFY2(done.error().detail.find("cannot be written") != std::string::npos,
                 done.error().detail.c_str());
    }

    void anIndexThatIsNotTrustedIsSaid() {
        hub::Settings settings = m_index->settings(m_index->encrypted("json"));
        settings.certificates.clear();
        libtorch::SetupOptions options;
        options.list = m_index->pins("good");
        options.into = into();
        const auto done = libtorch::setUp(settings, options, [](const auto&) {}, {});
        QVERIFY(!done && done.error().code == "index_unavailable");
        QVERIFY2(done.error().detail.find("is not trusted") != std::string::npos,
                 done.error().detail.c_str());
    }

    void addressesThatAreNoIndexAreRefused() {
        for (const char* const address :
             {"", "index.example/simple ", "ftp://index.example/simple", "file:///etc", "https://",
              "https://index.example/simple?x=1", "http://me:secret@index.example/simple"}) {
            const auto settings = libtorch::indexSettings(address);
            QVERIFY2(!settings && settings.error().field == "index", address);
            QVERIFY(settings.error().detail.find("secret") == std::string::npos);
        }
        const auto slashes = libtorch::indexSettings("https://me:secret@index.example/simple//");
        QVERIFY(slashes);
        QCOMPARE(slashes->endpoint, std::string("https://index.example/simple"));
        QCOMPARE(slashes->token, std::string("bWU6c2VjcmV0"));
        QVERIFY(libtorch::indexSettings("http://me:secret@127.0.0.1:1/simple"));
        QVERIFY(libtorch::indexSettings("http://mirror.example/simple"));
    }
};

QTEST_GUILESS_MAIN(TestSetupFailures)
#include "test_setup_failures.moc"
