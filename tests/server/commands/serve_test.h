// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <QEventLoop>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>
#include <QTest>

#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"
#include "tests/server/commands/program.h"

namespace easel::tests {

/// For tests of a running `easel-server serve`, with a fake worker and a data folder of its own.
class ServeTest : public QObject {
protected:
    static constexpr int kPatienceMs = 60'000;

    struct Answer {
        int status = 0;
        QByteArray body;
    };

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Program> m_server;
    QString m_url;
    QNetworkAccessManager m_network;

    void begin() { m_folder = std::make_unique<QTemporaryDir>(); }
    void end() {
        m_server.reset();
        m_folder.reset();
    }

    QStringList command(const QStringList& more = {}, const QString& model = "good") const {
        return QStringList{"serve",
                           "--port",
                           "0",
                           "--data",
                           m_folder->filePath("data"),
                           "--worker",
                           FAKE_WORKER,
                           "--model",
                           model.startsWith("test-pattern") ? model : modelNamed(model, m_folder->path())} +
               more;
    }

    bool start(const QStringList& more = {}, const QString& model = "good") {
        m_server = std::make_unique<Program>(command(more, model));
        m_url = m_server->waitForLine("Listening on ");
        return !m_url.isEmpty();
    }

    Answer wait(QNetworkReply* reply) {
        QEventLoop loop;
        connect(reply, &QNetworkReply::finished, &loop, &QEventLoop::quit);
        if (!reply->isFinished()) {
            loop.exec();
        }
        reply->deleteLater();
        return {reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply->readAll()};
    }

    QNetworkRequest request(const std::string& path) const {
        QNetworkRequest made(QUrl(m_url + QString::fromStdString(path)));
        made.setTransferTimeout(kPatienceMs);
        return made;
    }

    Answer get(const std::string& path) { return wait(m_network.get(request(path))); }
    Answer post(const std::string& path) { return wait(m_network.post(request(path), QByteArray())); }

    std::string submit(const std::string& prompt, int steps = 4, int side = 64) {
        protocol::GenerationRequest wish;
        wish.prompt = prompt;
        wish.seed = 42;
        wish.width = side;
        wish.height = side;
        wish.steps = steps;
        auto post = request(std::string(protocol::routes::kJobs));
        post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
        const auto answer = wait(m_network.post(post, QByteArray::fromStdString(protocol::toJson(wish))));
        const auto job = protocol::parseJob(answer.body.toStdString());
        return answer.status == 202 && job ? job->id : "";
    }

    protocol::Job job(const std::string& id) {
        return protocol::parseJob(get(protocol::routes::job(id)).body.toStdString())
            .value_or(protocol::Job());
    }

    bool waitForStep(const std::string& id) {
        return QTest::qWaitFor([&] { return job(id).progress.step >= 1; }, kPatienceMs);
    }

    bool waitForState(const std::string& id, protocol::JobState state) {
        return QTest::qWaitFor([&] { return job(id).state == state; }, kPatienceMs);
    }

    bool waitForReady() {
        return QTest::qWaitFor([&] { return get("/readyz").status == 200; }, kPatienceMs);
    }
};

}  // namespace easel::tests
