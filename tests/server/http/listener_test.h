// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "server/http/listener.h"
#include "tests/server/http/raw_client.h"

namespace easel::tests {

inline const std::string kHost = "Host: localhost\r\n";

/// For tests of a real listener on a free port, with a client that sends whatever bytes a test wants.
class ListenerTest : public QObject {
protected:
    /// Before the first test, and before and after each.
    void beginAll() {
        m_file = m_folder.filePath("bytes").toStdString();
        std::ofstream(m_file) << "0" << std::string(200'000, 'x') << "end";
    }
    void begin() { m_gone = 0; }
    void end() {
        m_kept.reset();
        m_stream.reset();
    }

    http::Router makeRouter() {
        http::Router router;
        router.addSimple("GET", "/hello", [](const http::Request& request) {
            return http::textResponse(200,
                                      "hello " + std::string(request.query.find("name").value_or("you")));
        });
        router.addSimple("POST", "/echo",
                         [](const http::Request& request) { return http::textResponse(200, request.body); });
        router.addSimple("GET", "/throws",
                         [](const http::Request&) -> http::Response { throw std::runtime_error("odd"); });
        router.addSimple("GET", "/inject", [](const http::Request& request) {
            http::Response response = http::textResponse(200, "");
            response.headers.set("X-Name", std::string(*request.query.find("name")));
            return response;
        });
        router.addSimple("GET", "/file", [this](const http::Request&) {
            const auto file = http::File::open(m_file);
            return http::Response{
                200, {{"Content-Type", "image/png"}}, http::FileRange{file, 1, file->size() - 1}};
        });
        router.add("GET", "/forgets", [](const http::Request&, const http::Responder&) {});
        router.add("GET", "/later", [this](const http::Request&, const http::Responder& responder) {
            responder.onDisconnect([this] { ++m_gone; });
            const std::lock_guard lock(m_mutex);
            m_kept = responder;
        });
        router.add("GET", "/events", [this](const http::Request&, const http::Responder& responder) {
            http::EventStream stream = responder.stream();
            stream.onClosed([this] { ++m_gone; });
            const std::lock_guard lock(m_mutex);
            m_stream = stream;
        });
        router.add("GET", "/named", [this](const http::Request& request, const http::Responder& responder) {
            const std::lock_guard lock(m_mutex);
            m_named.insert_or_assign(std::string(*request.query.find("name")), responder.stream());
        });
        return router;
    }

    std::unique_ptr<http::Listener> start(http::ListenerOptions options = {}) {
        auto listener = http::Listener::start(over(chosenTransport(), std::move(options)), makeRouter());
        if (!listener) {
            qFatal("%s", listener.error().c_str());
        }
        return std::move(*listener);
    }

    http::Responder kept() {
        [&] { QTRY_VERIFY_WITH_TIMEOUT((std::lock_guard(m_mutex), m_kept.has_value()), 30'000); }();
        const std::lock_guard lock(m_mutex);
        return *std::exchange(m_kept, std::nullopt);
    }

    http::EventStream stream() {
        [&] { QTRY_VERIFY_WITH_TIMEOUT((std::lock_guard(m_mutex), m_stream.has_value()), 30'000); }();
        const std::lock_guard lock(m_mutex);
        return *std::exchange(m_stream, std::nullopt);
    }

    /// What a handler that answers later has kept.
    std::mutex m_mutex;
    std::optional<http::Responder> m_kept;
    std::optional<http::EventStream> m_stream;
    std::map<std::string, http::EventStream> m_named;
    std::atomic<int> m_gone = 0;
    QTemporaryDir m_folder;
    std::string m_file;
};

}  // namespace easel::tests
