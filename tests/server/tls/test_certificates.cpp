// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "server/tls/certificate.h"

using namespace easel::tls;
using namespace std::chrono_literals;

namespace {

QByteArray contentsOf(const std::filesystem::path& file) {
    QFile opened(QString::fromStdString(file.string()));
    return opened.open(QIODevice::ReadOnly) ? opened.readAll() : QByteArray();
}

}  // namespace

/// The certificate that a server makes for itself.
class TestCertificates : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsMadeOnceAndKept() {
        const QTemporaryDir parent;
        const std::filesystem::path folder = parent.filePath("tls").toStdString();
        const Files files = ownCertificate(folder, ownNames("127.0.0.1")).value();
        const auto made = readCertificate(files.certificate).value();
        const auto again = ownCertificate(folder, {"another.example"}).value();
        QCOMPARE(again.certificate, files.certificate);
        QVERIFY(readCertificate(again.certificate).value().fingerprint == made.fingerprint);

        const QTemporaryDir other;
        const auto another = ownCertificate(other.filePath("tls").toStdString(), {"localhost"}).value();
        QVERIFY(readCertificate(another.certificate).value().fingerprint != made.fingerprint);
    }

    void theKeyIsItsOwnersAlone() {
        const QTemporaryDir parent;
        const std::filesystem::path folder = parent.filePath("tls").toStdString();
        const Files files = ownCertificate(folder, {"localhost"}).value();
        using std::filesystem::perms;
        const auto othersMay = [](const std::filesystem::path& place) {
            return std::filesystem::status(place).permissions() & (perms::group_all | perms::others_all);
        };
        QCOMPARE(othersMay(files.key), perms::none);
        QCOMPARE(othersMay(folder), perms::none);
        QVERIFY(contentsOf(files.key).startsWith("-----BEGIN PRIVATE KEY-----"));
        QVERIFY(!contentsOf(files.certificate).contains("PRIVATE"));
    }

    /// Neither a certificate without its key nor one with another's is of use.
    void halfOfAPairIsMadeAnew() {
        const QTemporaryDir parent;
        const std::filesystem::path folder = parent.filePath("tls").toStdString();
        const Files files = ownCertificate(folder, {"localhost"}).value();
        for (const auto& lost : {files.key, files.certificate}) {
            const QByteArray certificate = contentsOf(files.certificate);
            const QByteArray key = contentsOf(files.key);
            std::filesystem::remove(lost);
            QVERIFY(ownCertificate(folder, {"localhost"}));
            QVERIFY(contentsOf(files.certificate) != certificate);
            QVERIFY(contentsOf(files.key) != key);
        }
    }

    void aFolderThatCannotBeMadeIsNamed() {
        const auto files = ownCertificate("/nowhere/at/all/tls", {"localhost"});
        QVERIFY(!files);
        QVERIFY(files.error().find("/nowhere/at/all/tls") != std::string::npos);
    }

    void itLastsForTenYears() {
        const QTemporaryDir parent;
        const Files files = ownCertificate(parent.filePath("tls").toStdString(), {"localhost"}).value();
        const auto certificate = readCertificate(files.certificate).value();
        const auto now = std::chrono::system_clock::now();
        QVERIFY(certificate.notBefore < now - 1h);
        QVERIFY(certificate.notAfter > now + std::chrono::days(3650));
        QCOMPARE(complaintAbout(certificate), std::string());
    }

    void whatIsOverIsSaid() {
        const Time start = Time() + std::chrono::days(20'000);
        const Certificate year{{}, start, start + std::chrono::days(365)};
        QCOMPARE(complaintAbout(year, start + std::chrono::days(300)), std::string());
        QVERIFY(
            complaintAbout(year, start - 1h).starts_with("The certificate is not valid before 2024-10-04 "));
        QVERIFY(complaintAbout(year, start + std::chrono::days(360))
                    .starts_with("The certificate ends at 2025-10-04 "));
        QVERIFY(complaintAbout(year, start + std::chrono::days(365))
                    .starts_with("The certificate is over since 2025-10-04 "));
        // One that lasts six days, as some authorities give them, is renewed in time by a program.
        const Certificate week{{}, start, start + std::chrono::days(6)};
        QCOMPARE(complaintAbout(week, start + std::chrono::days(5)), std::string());
    }

    void namesAreThoseByWhichItIsReached() {
        const auto names = ownNames("192.0.2.7");
        for (const char* name : {"localhost", "127.0.0.1", "::1", "192.0.2.7"}) {
            QVERIFY2(std::ranges::find(names, name) != names.end(), name);
        }
        for (const char* bind : {"127.0.0.1", "0.0.0.0", "::"}) {
            const auto fewer = ownNames(bind);
            QCOMPARE(fewer.size(), names.size() - 1);
            QVERIFY(std::ranges::find(fewer, "0.0.0.0") == fewer.end());
        }
    }
};

QTEST_GUILESS_MAIN(TestCertificates)
#include "test_certificates.moc"
