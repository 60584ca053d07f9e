// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "server/image/png.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

namespace {

const std::string kPicture = "Content-Type: image/png\r\n";

std::string file(std::uint8_t shade = 7) {
    const auto bytes = image::encodePng({8, 6, std::vector<std::uint8_t>(8 * 6 * 3, shade)}).value();
    return {bytes.begin(), bytes.end()};
}

/// A request that begins with a picture.
std::string wishFrom(const std::string& picture) {
    return "{\"prompt\":\"fox\",\"init_image\":\"" + picture + "\"}";
}

protocol::InputInfo inputIn(const RawResponse& answer) {
    return protocol::parseInput(answer.body).value();
}

}  // namespace

class TestInputsApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aPictureIsKeptOnce() {
        ApiServer server;
        const auto answer = server.request("POST", "/v1/inputs", kPicture, file());
        QCOMPARE(answer.status, 201);
        const auto input = inputIn(answer);
        QCOMPARE(input.width, 8);
        QCOMPARE(input.height, 6);
        QCOMPARE(input.bytes, std::int64_t(file().size()));
        QCOMPARE(answer.header("location"), "/v1/inputs/" + input.id);
        const auto again = server.request("POST", "/v1/inputs", {}, file());
        QCOMPARE(again.status, 200);
        QVERIFY(inputIn(again) == input);

        const auto back = server.get("/v1/inputs/" + input.id);
        QCOMPARE(back.status, 200);
        QVERIFY(back.body == file());
        QCOMPARE(back.header("content-type"), std::string("image/png"));
        QCOMPARE(back.header("x-content-type-options"), std::string("nosniff"));
        const auto part = server.get("/v1/inputs/" + input.id, "Range: bytes=0-7\r\n");
        QCOMPARE(part.status, 206);
        QVERIFY(part.body == file().substr(0, 8));
        QCOMPARE(server.request("DELETE", "/v1/inputs/" + input.id).status, 204);
        QCOMPARE(server.get("/v1/inputs/" + input.id).status, 404);
        QCOMPARE(server.request("DELETE", "/v1/inputs/" + input.id).status, 404);
    }

    void theContentSaysWhatItIs() {
        ApiServer server;
        const auto answer = server.request("POST", "/v1/inputs", "Content-Type: image/webp\r\n", file());
        QCOMPARE(inputIn(answer).contentType, std::string("image/png"));
    }

    void whatIsNoPictureIsRefused_data() {
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("word");
        const QByteArray png = QByteArray::fromStdString(file());
        const QByteArray type = QByteArray::fromStdString(kPicture);
        QTest::newRow("nothing") << type << QByteArray() << 415 << "empty";
        QTest::newRow("text") << type << QByteArray("a fox") << 415 << "PNG, JPEG or WebP";
        QTest::newRow("cut") << type << png.left(png.size() / 2) << 400 << "PNG";
        QTest::newRow("form") << QByteArray("Content-Type: multipart/form-data; boundary=x\r\n") << png << 415
                              << "--data-binary";
    }

    void whatIsNoPictureIsRefused() {
        QFETCH(QByteArray, fields);
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        QFETCH(QString, word);
        ApiServer server;
        const auto answer = server.request("POST", "/v1/inputs", fields.toStdString(), body.toStdString());
        QCOMPARE(answer.status, status);
        const auto problem = problemIn(answer);
        QVERIFY2(QString::fromStdString(problem.detail).contains(word), problem.detail.c_str());
    }

    void aBodyThatIsTooLargeIsNotRead() {
        ApiServer server;
        const auto refused = [&](const std::string& target, std::size_t bytes) {
            RawClient client(server.port());
            client.send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + kPicture +
                        "Content-Length: " + std::to_string(bytes) + "\r\nExpect: 100-continue\r\n\r\n");
            return client.receiveUntil("\r\n\r\n").starts_with("HTTP/1.1 413 ");
        };
        const std::size_t most = std::size_t{32} << 20;
        QVERIFY(refused("/v1/inputs", most + 1));
        QVERIFY(!refused("/v1/inputs", most));
        QVERIFY(refused("/v1/jobs", 2 * most + 1));
        QVERIFY(!refused("/v1/jobs", 2 * most));
        QVERIFY(refused("/v1/queue/pause", std::size_t{2} << 20));
    }

    void othersPicturesAreNotThere() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const std::string admin = server.makeKey("root", KeyScope::Admin);
        const auto input = inputIn(server.request("POST", "/v1/inputs", anna + kPicture, file()));
        const std::string target = "/v1/inputs/" + input.id;
        QCOMPARE(server.get(target, ben).status, 404);
        QCOMPARE(server.request("DELETE", target, ben).status, 404);
        QCOMPARE(server.get(target).status, 401);
        QCOMPARE(server.get(target, admin).status, 200);
        QCOMPARE(server.get(target, anna).status, 200);
        // Who has the same file himself learns nothing from sending it.
        QCOMPARE(server.request("POST", "/v1/inputs", ben + kPicture, file()).status, 201);
        QCOMPARE(server.request("DELETE", target, ben).status, 204);
        QCOMPARE(server.get(target, anna).status, 200);
    }

    void jobsAreDrawnFromPictures() {
        ApiServer server;
        const auto input = inputIn(server.request("POST", "/v1/inputs", kPicture, file()));
        const auto answer = server.post(wishFrom(input.id));
        QVERIFY2(answer.status == 202, answer.body.c_str());
        QCOMPARE(jobIn(answer).settings.initImage, input.id);
        QCOMPARE(server.request("DELETE", "/v1/inputs/" + input.id).status, 409);
        QCOMPARE(server.request("DELETE", "/v1/jobs/" + jobIn(answer).id).status, 204);
        QCOMPARE(server.request("DELETE", "/v1/inputs/" + input.id).status, 204);
    }

    void picturesMayStandInTheRequest() {
        ApiServer server;
        const std::string base64 = QByteArray::fromStdString(file()).toBase64().toStdString();
        const std::string other = QByteArray::fromStdString(file(9)).toBase64().toStdString();
        const std::string start = "data:image/png;base64," + base64;
        const auto answer = server.post(wishFrom(start + "\",\"mask\":\"" + other));
        QVERIFY2(answer.status == 202, answer.body.c_str());
        const auto settings = jobIn(answer).settings;
        QVERIFY(protocol::isInputId(settings.initImage) && protocol::isInputId(settings.mask));
        QVERIFY(server.get("/v1/inputs/" + settings.initImage).body == file());
        QVERIFY(server.get("/v1/inputs/" + settings.mask).body == file(9));
        QCOMPARE(answer.header("location"), "/v1/jobs/" + jobIn(answer).id);
    }

    void noMorePicturesAreTakenInThanCanBeDrawnFrom() {
        ApiServer server;
        std::string controls;
        for (int i = 0; i < 5; ++i) {
            const auto picture = QByteArray::fromStdString(file(std::uint8_t(i))).toBase64().toStdString();
            controls += (i == 0 ? "" : ",") + ("{\"model\":\"canny\",\"image\":\"" + picture + "\"}");
        }
        const auto answer = server.post("{\"prompt\":\"fox\",\"controls\":[" + controls + "]}");
        QCOMPARE(answer.status, 422);
        QCOMPARE(problemIn(answer).field, std::optional<std::string>("controls"));
        // Nothing of it was kept.
        QCOMPARE(server.request("POST", "/v1/inputs", kPicture, file(0)).status, 201);
    }

    void whoseRequestThrowsIsAnsweredAndNobodyElseLosesAnything() {
        ApiServer server;
        const std::string picture = QByteArray::fromStdString(file()).toBase64().toStdString();
        const auto refused = server.post("{\"model\":\"" + std::string(ApiServer::kOutOfMemory) +
                                         "\",\"prompt\":\"fox\",\"init_image\":\"" + picture + "\"}");
        QVERIFY2(refused.status == 503, refused.body.c_str());
        QVERIFY(QString::fromStdString(problemIn(refused).detail).contains("memory"));
        QCOMPARE(server.post(wishFrom(picture)).status, 202);
        QCOMPARE(server.request("POST", "/v1/inputs", kPicture, file(9)).status, 201);
    }

    void aPictureThatIsNotThereNamesItsField_data() {
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<QByteArray>("picture");
        const QByteArray jobs = "/v1/jobs";
        const QByteArray png = QByteArray::fromStdString(file());
        QTest::newRow("unknown") << jobs << QByteArray(64, '0');
        QTest::newRow("no base64") << jobs << QByteArray("fox!");
        QTest::newRow("no picture") << jobs << QByteArray("fox").toBase64();
        QTest::newRow("cut") << jobs << png.left(png.size() / 2).toBase64();
        QTest::newRow("no base64 URI") << jobs << QByteArray("data:image/png,fox");
        QTest::newRow("estimate") << QByteArray("/v1/estimate") << QByteArray(64, '0');
        QTest::newRow("inline in an estimate") << QByteArray("/v1/estimate") << png.toBase64();
    }

    void aPictureThatIsNotThereNamesItsField() {
        QFETCH(QByteArray, target);
        QFETCH(QByteArray, picture);
        ApiServer server;
        const auto answer =
            server.post(wishFrom(picture.toStdString()), {}, "127.0.0.1", target.toStdString());
        QVERIFY2(answer.status == 422, answer.body.c_str());
        QCOMPARE(problemIn(answer).field, std::optional<std::string>("init_image"));
    }

    void othersPicturesCannotBeDrawnFrom() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const auto input = inputIn(server.request("POST", "/v1/inputs", anna + kPicture, file()));
        const std::string wish = wishFrom(input.id);
        const auto refused = server.post(wish, ben);
        QCOMPARE(refused.status, 422);
        QVERIFY(QString::fromStdString(problemIn(refused).detail).contains("POST /v1/inputs"));
        QVERIFY2(server.post(wish, anna).status == 202, "her own");
    }

    void whatNobodySentIsNotFound() {
        ApiServer server;
        for (const char* id : {"x", "0000000000000000000000000000000000000000000000000000000000000000"}) {
            QCOMPARE(server.get(std::string("/v1/inputs/") + id).status, 404);
        }
    }
};

QTEST_GUILESS_MAIN(TestInputsApi)
#include "test_inputs_api.moc"
