// SPDX-License-Identifier: Apache-2.0
#include "tests/desktop/studio/fake_easel.h"

#include <QBuffer>
#include <QCryptographicHash>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

#include "shared/protocol/generation_pictures.h"
#include "shared/protocol/json.h"
#include "shared/protocol/log_lines.h"
#include "tests/desktop/gallery/pictures.h"

namespace easel::tests {

using protocol::JobState;

namespace {

QByteArray problemAnswer(const protocol::Problem& problem) {
    const QByteArray retry = problem.retryAfter
                                 ? "Retry-After: " + QByteArray::number(*problem.retryAfter) + "\r\n"
                                 : QByteArray();
    return answer(problem.status, "application/problem+json",
                  QByteArray::fromStdString(protocol::toJson(problem)), retry);
}

}  // namespace

FakeEasel::FakeEasel() : FakeEasel(nullptr) {}

FakeEasel::FakeEasel(const Identity& identity) : FakeEasel(&identity) {}

FakeEasel::FakeEasel(const Identity* identity)
    : m_http([this](const FakeRequest& request, QTcpSocket& socket) { handle(request, socket); }, identity) {
    info.version = "0.1.0";
    info.deviceName = "a pencil";
    info.defaultModel = "starter";
    info.ready = true;
}

int FakeEasel::streamCount(const std::string& id) const {
    const auto streams = m_streams.value(QString::fromStdString(id));
    return static_cast<int>(std::ranges::count_if(streams, [](const QPointer<QTcpSocket>& socket) {
        return socket && socket->state() == QAbstractSocket::ConnectedState;
    }));
}

void FakeEasel::hold(const std::string& id, const protocol::Hold& why) {
    m_jobs.at(id).state = JobState::Held;
    m_jobs.at(id).hold = why;
    tell(id, job(id));
}

void FakeEasel::run(const std::string& id) {
    m_jobs.at(id).hold.reset();
    m_jobs.at(id).state = JobState::Running;
    ++m_jobs.at(id).attempt;
    m_jobs.at(id).progress = {};
    tell(id, job(id));
}

void FakeEasel::step(const std::string& id, int step, int steps) {
    m_jobs.at(id).progress = {protocol::Stage::Denoising, step, steps, 0.5 * (steps - step)};
    tell(id, job(id).progress);
}

void FakeEasel::preview(const std::string& id, int index, const QImage& look) {
    QBuffer file;
    look.save(&file, "png");
    tell(id, protocol::Preview{index, 1, 30, look.width(), look.height(), "image/png",
                               file.data().toStdString()});
}

void FakeEasel::preview(const std::string& id, int index, Qt::GlobalColor color) {
    QImage look(64, 48, QImage::Format_RGB32);
    look.fill(color);
    preview(id, index, look);
}

void FakeEasel::finishImage(const std::string& id) {
    protocol::Job& job = m_jobs.at(id);
    const auto index = static_cast<int>(job.images.size());
    job.images.push_back({index, job.settings.seed + index, job.settings.width, job.settings.height, 1000});
    tell(id, job.images.back());
}

void FakeEasel::finish(const std::string& id, JobState state, std::optional<protocol::Problem> error) {
    m_jobs.at(id).state = state;
    m_jobs.at(id).error = std::move(error);
    tell(id, job(id));
}

void FakeEasel::draw(const std::string& id) {
    run(id);
    for (int i = 0; i < job(id).settings.count; ++i) {
        finishImage(id);
    }
    finish(id, JobState::Succeeded);
}

void FakeEasel::handle(const FakeRequest& request, QTcpSocket& socket) {
    // /v1/jobs/{id}/{what}/{index}
    const QList<QByteArray> parts = request.path.split('/');
    const std::string id = parts.value(3).toStdString();
    const QByteArray what = parts.value(4);
    if (request.path == "/v1/pair") {
        socket.write(pair(request));
    } else if (!letsIn(request)) {
        socket.write(problemAnswer({401, "unauthorized", "A key is needed", "The key is not valid.", {}}));
    } else if (request.path == "/v1/server") {
        socket.write(jsonAnswer(protocol::toJson(info)));
    } else if (request.path == "/v1/log" && log) {
        socket.write(*log ? jsonAnswer(protocol::logLinesToJson(**log)) : problemAnswer(log->error()));
    } else if (request.path == "/v1/tokens") {
        socket.write(tokens ? jsonAnswer(protocol::toJson(*tokens))
                            : problemAnswer(protocol::notFound("route /v1/tokens")));
    } else if (const QByteArray reply = answerOfShelf(request); !reply.isEmpty()) {
        socket.write(reply);
    } else if (request.path == "/v1/addons") {
        socket.write(jsonAnswer(protocol::toJson(addons)));
    } else if (request.path == "/v1/inputs") {
        socket.write(takeInput(request.body));
    } else if (request.method == "POST" && id.empty()) {
        const QByteArray reply = createJob(request);
        if (losesAnswers) {
            socket.abort();
        } else {
            socket.write(reply);
        }
    } else if (!m_jobs.contains(id) || m_owners[id] != key.value_or(QByteArray())) {
        socket.write(problemAnswer(protocol::notFound("job " + id)));
    } else if (what == "events") {
        m_streams[QString::fromStdString(id)].append(&socket);
        socket.write(streamHead() + event(id, job(id)));
    } else if (what == "cancel") {
        if (!protocol::isFinished(job(id).state)) {
            finish(id, JobState::Cancelled);
        }
        socket.write(jsonAnswer(protocol::toJson(job(id))));
    } else if (what == "images") {
        protocol::GenerationSettings settings = job(id).settings;
        settings.seed += parts.value(5).toInt();
        settings.count = 1;
        pictures.answer(request, socket, serverPng(settings), '"' + request.path.mid(1) + '"');
    } else {
        socket.write(jsonAnswer(protocol::toJson(job(id))));
    }
}

bool FakeEasel::letsIn(const FakeRequest& request) const {
    return !key || request.headers.value("authorization") == "Bearer " + *key;
}

QByteArray FakeEasel::pair(const FakeRequest& request) {
    const QJsonObject asked = QJsonDocument::fromJson(request.body).object();
    if (!ticket || asked["ticket"].toString().toLatin1() != *ticket) {
        return problemAnswer({410, "ticket_invalid", "The code has run out", "Make another.", {}});
    }
    ticket.reset();
    const QJsonObject given{{"key", QString::fromLatin1(*key)},
                            {"id", "k_" + QString::fromLatin1(*key).right(4)},
                            {"name", asked["name"]},
                            {"scope", "generate"}};
    return jsonAnswer(QJsonDocument(given).toJson().toStdString(), 201);
}

QByteArray FakeEasel::takeInput(const QByteArray& file) {
    if (inputRefusal) {
        return problemAnswer(*inputRefusal);
    }
    const QByteArray hash = QCryptographicHash::hash(file, QCryptographicHash::Sha256).toHex();
    protocol::InputInfo taken{.id = hash.toStdString(), .bytes = file.size(), .contentType = "image/png"};
    inputs[taken.id] = file;
    ++inputsTaken;
    return jsonAnswer(protocol::toJson(taken), 201);
}

QByteArray FakeEasel::createJob(const FakeRequest& request) {
    if (refusal) {
        return problemAnswer(*refusal);
    }
    const auto wish = protocol::parseRequest(request.body.toStdString()).value();
    std::optional<protocol::Problem> missing;
    protocol::forEachPicture(wish, [&](const char* field, const std::string& input) {
        if (!missing && !inputs.contains(input)) {
            missing = protocol::invalidField(field, "There is no such picture: " + input);
        }
    });
    if (missing) {
        return problemAnswer(*missing);
    }
    std::string& id = m_keys[key.value_or(QByteArray()) + request.headers.value("idempotency-key")];
    if (id.empty()) {
        id = "j_" + std::to_string(++m_made);
        m_owners[id] = key.value_or(QByteArray());
        protocol::Job& job = m_jobs[id];
        job.id = id;
        job.createdAt = 1'790'000'000'000;
        job.settings = settings(wish.prompt, wish.seed.value_or(41));
        job.settings.count = wish.count.value_or(1);
        job.settings.model = wish.model.value_or(job.settings.model);
    }
    return jsonAnswer(protocol::toJson(job(id)), 202,
                      "Location: /v1/jobs/" + QByteArray::fromStdString(id) + "\r\n");
}

QByteArray FakeEasel::answerOfShelf(const FakeRequest& request) {
    const QByteArray& path = request.path;
    const bool isGet = request.method == "GET";
    const bool isShelfs =
        path.startsWith("/v1/models") || path.startsWith("/v1/pulls") || path.startsWith("/v1/hub");
    if (isShelfs && !isGet && shelf.refusal) {
        return problemAnswer(*shelf.refusal);
    }
    if (path == "/v1/models") {
        protocol::ModelInfo first;
        first.id = info.defaultModel;
        protocol::ModelPage page{{first}, {}, shelf.mayPull, shelf.freeBytes};
        page.models.insert(page.models.end(), shelf.models.begin(), shelf.models.end());
        return jsonAnswer(protocol::toJson(page));
    }
    if (path == "/v1/pulls" && isGet) {
        return jsonAnswer(protocol::toJson(shelf.pulls));
    }
    if (path == "/v1/pulls") {
        const auto asked = protocol::parsePullRequest(request.body.toStdString()).value();
        return jsonAnswer(protocol::toJson(addPull(protocol::PullTask::Fetch, asked)), 202);
    }
    if (path.startsWith("/v1/pulls/") && path.endsWith("/cancel")) {
        const std::string id = path.split('/').value(3).toStdString();
        auto& pull = *std::ranges::find(shelf.pulls, id, &protocol::PullInfo::id);
        pull.state = protocol::PullState::Cancelled;
        return jsonAnswer(protocol::toJson(pull));
    }
    if (path.startsWith("/v1/models/")) {
        std::string id = path.mid(11).toStdString();
        if (request.method == "DELETE") {
            std::erase_if(shelf.models, [&id](const auto& model) { return model.id == id; });
            return answer(204, {}, {});
        }
        id = id.substr(0, id.rfind("/verify"));
        return jsonAnswer(protocol::toJson(addPull(protocol::PullTask::Verify, {.model = id})), 202);
    }
    if (path.startsWith("/v1/hub?search=")) {
        return jsonAnswer(protocol::toJson(shelf.hits));
    }
    if (path.startsWith("/v1/hub/")) {
        return shelf.offer ? jsonAnswer(protocol::toJson(*shelf.offer))
                           : problemAnswer(protocol::notFound("model " + path.mid(8).toStdString()));
    }
    return {};
}

protocol::PullInfo FakeEasel::addPull(protocol::PullTask task, const protocol::PullRequest& request) {
    protocol::PullInfo pull;
    pull.id = "p_" + std::to_string(shelf.pulls.size() + 1);
    pull.task = task;
    pull.request = request;
    shelf.pulls.insert(shelf.pulls.begin(), pull);
    return pull;
}

void FakeEasel::tell(const std::string& id, News news) {
    const QByteArray bytes = event(id, std::move(news));
    for (const QPointer<QTcpSocket>& socket : m_streams.value(QString::fromStdString(id))) {
        if (socket) {
            socket->write(bytes);
        }
    }
}

QByteArray FakeEasel::event(const std::string& id, News news) {
    const protocol::JobEvent event{++m_sequence, id, std::move(news)};
    return "id: " + QByteArray::number(static_cast<qulonglong>(m_sequence)) +
           "\nevent: " + QByteArray::fromStdString(std::string(protocol::nameOf(event))) +
           "\ndata: " + QByteArray::fromStdString(protocol::eventData(event)) + "\n\n";
}

}  // namespace easel::tests
