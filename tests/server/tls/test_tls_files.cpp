// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>

#include "server/tls/openssl.h"
#include "server/tls/reloading.h"

#include <openssl/pem.h>

using namespace easel::tls;

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text;
}

}  // namespace

/// Pairs of files that do not do, and those that change.
class TestTlsFiles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_good = make("good");
        m_other = make("other");
    }

    void aPairIsLoaded() {
        const auto context = Context::load(m_good);
        QVERIFY2(context, context ? "" : context.error().c_str());
        QVERIFY((*context)->certificate().fingerprint ==
                readCertificate(m_good.certificate).value().fingerprint);
    }

    /// Every sentence names the file, and what can be done.
    void whatDoesNotDoIsNamed() {
        const auto file = path("file");
        verifyRefusal({file, m_good.key}, "The certificate FILE cannot be read: No such file",
                      "Give the path");
        verifyRefusal({m_good.certificate, file}, "The key FILE cannot be read: No such file",
                      "Give the path");
        verifyRefusal({m_folder->path().toStdString(), m_good.key}, "cannot be read: Is a directory",
                      "Give the path");
        for (const char* text : {"", "no PEM", "\x30\x82\x01\x01"}) {
            write(file, text);
            verifyRefusal({file, m_good.key}, "The certificate FILE is not in PEM form", "openssl x509");
            verifyRefusal({m_good.certificate, file}, "The key FILE is not in PEM form", "openssl pkey");
        }
        verifyRefusal({m_good.key, m_good.key}, "is not in PEM form", "openssl x509");
        verifyRefusal({m_good.certificate, m_good.certificate}, "is not in PEM form", "openssl pkey");
        write(file, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        verifyRefusal({file, m_good.key}, "The certificate FILE is damaged", "put a whole one");
        write(file, "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
        verifyRefusal({m_good.certificate, file}, "The key FILE is damaged", "put a whole one");
        verifyRefusal({m_good.certificate, m_other.key}, "does not belong to the certificate",
                      "Give the key that it was made with");
    }

    void encryptedKeysAreRefused() {
        const auto file = path("file");
        const KeyHandle key(EVP_EC_gen("P-256"));
        for (const bool isOld : {false, true}) {
            const BioHandle bio(::BIO_new_file(file.c_str(), "w"));
            const auto* const passphrase = reinterpret_cast<const unsigned char*>("secret");
            const auto writePem = isOld ? ::PEM_write_bio_PrivateKey_traditional : ::PEM_write_bio_PrivateKey;
            QCOMPARE(writePem(bio.get(), key.get(), ::EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr), 1);
            BIO_flush(bio.get());
            verifyRefusal({m_good.certificate, file}, "The key FILE is encrypted", "openssl pkey");
        }
    }

    void weakKeysAreRefused() {
        const Files weak = make("weak");
        const KeyHandle key(EVP_RSA_gen(1024));
        const CertificateHandle certificate(::X509_new());
        ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), 0);
        ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), 1000);
        ::X509_set_pubkey(certificate.get(), key.get());
        ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
        ::PEM_write_bio_X509(BioHandle(::BIO_new_file(weak.certificate.c_str(), "w")).get(),
                             certificate.get());
        ::PEM_write_bio_PrivateKey(BioHandle(::BIO_new_file(weak.key.c_str(), "w")).get(), key.get(), nullptr,
                                   nullptr, 0, nullptr, nullptr);
        verifyRefusal(weak, "cannot be used (ee key too small)", "have one made");
    }

    void whatChangesIsLoadedAgain() {
        auto reloading = Reloading::open(m_good).value();
        const auto before = reloading.current();
        QVERIFY(!reloading.look());
        QVERIFY(!reloading.look());
        rename(m_other, m_good);
        QVERIFY(!reloading.look());  // perhaps the other file is still to come
        const auto changed = reloading.look();
        QVERIFY(changed && *changed);
        QVERIFY((**changed).fingerprint != before->certificate().fingerprint);
        QVERIFY(reloading.current() != before);
        QVERIFY(!reloading.look());
    }

    void aPairThatDoesNotFitLeavesTheOldOne() {
        auto reloading = Reloading::open(m_good).value();
        const auto before = reloading.current();
        std::filesystem::rename(m_other.certificate, m_good.certificate);
        QVERIFY(!reloading.look());
        const auto refused = reloading.look();
        QVERIFY(refused && !*refused);
        QVERIFY(refused->error().find("does not belong") != std::string::npos);
        QVERIFY(refused->error().find("stays in use") != std::string::npos);
        QVERIFY(reloading.current() == before);
        QVERIFY(!reloading.look());  // said once

        std::filesystem::rename(m_other.key, m_good.key);
        QVERIFY(!reloading.look());
        QVERIFY(*reloading.look());
        QVERIFY(reloading.current() != before);
    }

    void filesThatGoLeaveTheOldOne() {
        auto reloading = Reloading::open(m_good).value();
        std::filesystem::remove(m_good.key);
        QVERIFY(!reloading.look());
        QVERIFY(!*reloading.look());
        QVERIFY(reloading.current());
    }

private:
    std::filesystem::path path(const QString& name) { return m_folder->filePath(name).toStdString(); }

    Files make(const QString& name) { return ownCertificate(path(name), {"localhost"}).value(); }

    static void rename(const Files& from, const Files& to) {
        std::filesystem::rename(from.certificate, to.certificate);
        std::filesystem::rename(from.key, to.key);
    }

    void verifyRefusal(const Files& files, std::string what, const std::string& remedy) {
        if (const auto place = what.find("FILE"); place != std::string::npos) {
            what.replace(place, 4, path("file").string());
        }
        const auto context = Context::load(files);
        QVERIFY(!context);
        QVERIFY2(context.error().find(what) != std::string::npos, context.error().c_str());
        QVERIFY2(context.error().find(remedy) != std::string::npos, context.error().c_str());
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    Files m_good;
    Files m_other;
};

QTEST_GUILESS_MAIN(TestTlsFiles)
#include "test_tls_files.moc"
