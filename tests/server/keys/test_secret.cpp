// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <QFile>
#include <QTest>

#include "server/keys/secret.h"
#include "shared/text/secrets.h"

using namespace easel::keys;

class TestSecret : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hashesAsOthersDo() {
        // FIPS 180-4's example.
        constexpr Hash kAbc{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                            0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                            0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
        QVERIFY(hashOf("abc") == kAbc);
        QVERIFY(areSame(hashOf("abc"), kAbc));
        for (std::size_t i = 0; i < kAbc.size(); ++i) {
            Hash other = kAbc;
            other[i] ^= 1;
            QVERIFY(!areSame(other, kAbc));
        }
    }

    /// Nobody can measure that reliably here, so the code is read: hashes are compared by OpenSSL's function,
    /// each of them, and by nothing else.
    void comparesInConstantTime() {
        const auto source = [](const char* name) {
            QFile file(QStringLiteral(EASEL_SOURCE_DIR "/server/keys/") + name);
            return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const QByteArray secret = source("secret.cpp");
        const auto at = secret.indexOf("bool areSame(");
        QVERIFY(secret.mid(at, 150).contains("CRYPTO_memcmp("));
        const QByteArray store = source("key_store.cpp");
        const auto begin = store.indexOf("KeyStore::recognise(");
        const QByteArray recognise = store.mid(begin, store.indexOf("\n}\n", begin) - begin);
        QVERIFY(recognise.contains("areSame("));
        QVERIFY(!recognise.contains("break"));
        QVERIFY(!store.contains("hash =="));
    }

    void isNewEachTime() {
        std::set<std::string> secrets;
        std::set<std::string> ids;
        for (int i = 0; i < 1'000; ++i) {
            const std::string secret = newSecret();
            QVERIFY(easel::text::hasSecretsShape(secret));
            QCOMPARE(secret.size(), std::size_t{49});
            QVERIFY(secrets.insert(secret).second);
            QVERIFY(ids.insert(newKeyId()).second);
        }
        // Every letter of base64url comes, so no bits are lost.
        std::set<char> letters;
        for (const std::string& secret : secrets) {
            letters.insert(secret.begin() + 6, secret.end());
        }
        QCOMPARE(letters.size(), std::size_t{64});
    }

    void writesBase64url() {
        QCOMPARE(randomText(0).size(), std::size_t{0});
        QCOMPARE(randomText(1).size(), std::size_t{2});
        QCOMPARE(randomText(2).size(), std::size_t{3});
        QCOMPARE(randomText(3).size(), std::size_t{4});
    }
};

QTEST_APPLESS_MAIN(TestSecret)
#include "test_secret.moc"
