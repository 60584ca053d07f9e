// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "shared/text/secrets.h"

using namespace easel::text;

namespace {

const std::string kOne = "easel_0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF";
const std::string kTwo = "easel_ZYXWVUTSRQPONMLKJIHGFEDCBA-zyxwvutsrqponm_10";

std::string secret(const std::string& text) {
    return text.substr(0, 49);
}

}  // namespace

class TestSecrets : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void knowsASecretByItsShape() {
        const std::string one = secret(kOne);
        QVERIFY(hasSecretsShape(one));
        QVERIFY(!hasSecretsShape(one + "a"));
        QVERIFY(!hasSecretsShape(one.substr(1)));
        QVERIFY(!hasSecretsShape(one.substr(0, 48)));
        QVERIFY(!hasSecretsShape("Easel_" + one.substr(6)));
        QVERIFY(!hasSecretsShape(one.substr(0, 48) + "+"));
        QVERIFY(!hasSecretsShape(""));
        QVERIFY(holdsSecret("a" + one + "b"));
        QVERIFY(!holdsSecret(one.substr(0, 48)));
        QVERIFY(!holdsSecret("easel_worker"));
    }

    void hidesSecrets() {
        const std::string one = secret(kOne);
        const std::string two = secret(kTwo);
        QCOMPARE(withoutSecrets("GET /" + one + "/x?" + two), std::string("GET /easel_***/x?easel_***"));
        QCOMPARE(withoutSecrets(one + two), std::string("easel_***"));
        QCOMPARE(withoutSecrets("easel_" + one), std::string("easel_***"));
        QCOMPARE(withoutSecrets("easel_server, easel_"), std::string("easel_server, easel_"));
        QCOMPARE(withoutSecrets(""), std::string());
    }

    /// What is left of one when it was not copied whole.
    void hidesMostOfASecret() {
        QCOMPARE(withoutSecrets("a " + kOne.substr(0, 22) + " b"), std::string("a easel_*** b"));
        QCOMPARE(withoutSecrets(kOne.substr(0, 21)), kOne.substr(0, 21));
    }

    void hidesTokensOfTheHub() {
        const std::string token = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567";
        QCOMPARE(withoutSecrets("with " + token + ": 401"), std::string("with hf_***: 401"));
        QCOMPARE(withoutSecrets("hf_internal_testing_tiny_pipes"),
                 std::string("hf_internal_testing_tiny_pipes"));
    }

    void hidesTickets() {
        const std::string ticket = "Zm94IG9uIGEgYmx1ZSBi_-";
        QCOMPARE(withoutSecrets("easel://gpu-box:5000?ticket=" + ticket + "&tls=1"),
                 std::string("easel://gpu-box:5000?ticket=***&tls=1"));
        for (const std::string before : {"?ticket%3D", "?ticket%3d", "{\"ticket\":\"", "{\"ticket\": \""}) {
            QCOMPARE(withoutSecrets(before + ticket + "\""), before + "***\"");
        }
        QCOMPARE(withoutSecrets("The ticket is used or too old."),
                 std::string("The ticket is used or too old."));
    }
};

QTEST_APPLESS_MAIN(TestSecrets)
#include "test_secrets.moc"
