// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/input_sender.h"

#include <QPointer>
#include <QTimer>

#include <deque>
#include <memory>
#include <utility>

#include "desktop/gallery/input_folder.h"
#include "desktop/remote/remote.h"
#include "shared/protocol/generation_pictures.h"

namespace easel::studio {

using protocol::Expected;
using protocol::GenerationRequest;
using protocol::Problem;

struct InputSender::Sending {
    std::deque<Picture> left;
    double all = 0;   ///< pictures
    double gone = 0;  ///< of those that are there
    QPointer<QObject> context;
    Done done;
    Progress progress;
};

namespace {

/// What is wrong with a picture is wrong with the field that names it; that there is no room is not.
Problem ofField(Problem problem, const std::string& field) {
    if (problem.status == 400 || problem.status == 413 || problem.status == 415 || problem.status == 422) {
        problem.field = field;
    }
    return problem;
}

}  // namespace

InputSender::InputSender(remote::Remote& remote, const gallery::InputFolder& folder, QObject* parent)
    : QObject(parent), m_remote(remote), m_folder(folder) {
    connect(&m_remote, &remote::Remote::addressChanged, this, [this] { m_sent.clear(); });
}

bool InputSender::mustSend(const GenerationRequest& request) const {
    bool must = false;
    protocol::forEachPicture(request, [&](const char* /*field*/, const std::string& id) {
        must = must || (!m_sent.contains(id) && m_folder.holds(id));
    });
    return must;
}

void InputSender::send(const GenerationRequest& request, QObject* context, const Done& done,
                       const Progress& progress) {
    const auto sending = std::make_shared<Sending>();
    sending->context = context;
    sending->done = done;
    sending->progress = progress;
    protocol::forEachPicture(request, [&](const char* field, const std::string& id) {
        sending->left.push_back({field, id});
    });
    sending->all = double(sending->left.size());
    m_sending.push_back(sending);
    if (m_sending.size() == 1) {
        QTimer::singleShot(0, this, &InputSender::sendNext);
    }
}

void InputSender::sendNext() {
    const std::shared_ptr<Sending> sending = m_sending.front();
    while (sending->context && !sending->left.empty()) {
        const Picture picture = std::move(sending->left.front());
        sending->left.pop_front();
        const auto file = m_folder.read(picture.id);
        if (m_sent.contains(picture.id) || !file) {
            ++sending->gone;
            continue;
        }
        const auto answered = [this, sending, picture](const Expected<protocol::InputInfo>& input) {
            if (!input) {
                return finish(tl::unexpected(ofField(input.error(), picture.field)));
            }
            m_sent.insert(picture.id);
            ++sending->gone;
            sendNext();
        };
        const auto moved = [sending](qint64 bytes, qint64 total) {
            if (sending->context && total > 0) {
                sending->progress((sending->gone + double(bytes) / double(total)) / sending->all);
            }
        };
        m_remote.putInput(*file, this, answered, moved);
        return;
    }
    finish({});
}

void InputSender::finish(const Expected<void>& result) {
    const std::shared_ptr<Sending> sending = m_sending.front();
    m_sending.pop_front();
    if (!m_sending.empty()) {
        QTimer::singleShot(0, this, &InputSender::sendNext);
    }
    if (sending->context) {
        sending->done(result);
    }
}

bool InputSender::forget(const GenerationRequest& request) {
    bool any = false;
    protocol::forEachPicture(
        request, [&](const char* /*field*/, const std::string& id) { any = m_sent.erase(id) > 0 || any; });
    return any;
}

bool InputSender::isMissing(const GenerationRequest& request, const std::string& field) const {
    bool missing = false;
    protocol::forEachPicture(request, [&](const std::string& name, const std::string& id) {
        missing = missing || (name == field && !m_folder.holds(id));
    });
    return missing;
}

}  // namespace easel::studio
