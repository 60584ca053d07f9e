// SPDX-License-Identifier: Apache-2.0
#include "server/commands/bench_client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include <fmt/core.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "server/http/origin.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::commands {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace routes = protocol::routes;
using asio::ip::tcp;
using protocol::Expected;

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr std::string_view kScheme = "http://";

protocol::Problem unreachable(const ServerAddress& server, const std::string& why) {
    return protocol::unavailable(fmt::format("No answer from {}:{} ({}).", server.host, server.port, why));
}

/// A connection with a request on its way; throws boost::system::system_error.
tcp::socket send(asio::io_context& context, const ServerAddress& server, const std::string& method,
                 const std::string& target, const std::string& body) {
    tcp::socket socket(context);
    asio::connect(socket, tcp::resolver(context).resolve(server.host, server.port));
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.version(11);
    request.set(http::field::host, server.host + ":" + server.port);
    request.set(http::field::connection, "close");
    if (!body.empty()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body;
    }
    request.prepare_payload();
    http::write(socket, request);
    return socket;
}

/// How far the event says that the job is.
int stepOf(const protocol::JobEvent& event) {
    return std::visit(protocol::Overloaded{[](const protocol::Job& job) { return job.progress.step; },
                                           [](const protocol::Progress& progress) { return progress.step; },
                                           [](const auto&) { return 0; }},
                      event.news);
}

/// Takes events out of a stream as its text grows.
class EventReader {
public:
    /// Calls `event(type, data)` for each that is complete in `text`, and takes it off.
    void read(std::string& text, const std::function<void(std::string_view, std::string_view)>& event) {
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
            const std::string_view line(text.data() + begin, end - begin);
            if (line.empty()) {
                event(m_type, m_data);
                m_type.clear();
                m_data.clear();
            } else if (line.starts_with("event: ")) {
                m_type = line.substr(7);
            } else if (line.starts_with("data: ")) {
                m_data += line.substr(6);
            }
        }
        text.erase(0, begin);
    }

private:
    std::string m_type;
    std::string m_data;
};

}  // namespace

std::optional<ServerAddress> serverAddress(std::string_view url) {
    if (!url.starts_with(kScheme)) {
        return {};
    }
    url.remove_prefix(kScheme.size());
    url = url.substr(0, url.find('/'));
    // The colons of an IPv6 address stand in brackets.
    const auto colon = url.find(':', url.starts_with('[') ? std::min(url.find(']'), url.size()) : 0);
    ServerAddress server{std::string(easel::http::withoutBrackets(url.substr(0, colon))),
                         std::to_string(routes::kDefaultPort)};
    if (colon != std::string_view::npos) {
        server.port = url.substr(colon + 1);
    }
    std::uint16_t port = 0;
    const char* const end = server.port.data() + server.port.size();
    const bool isPort = std::from_chars(server.port.data(), end, port).ptr == end && port > 0;
    return !server.host.empty() && isPort ? std::optional(server) : std::nullopt;
}

Expected<BenchClient::Answer> BenchClient::ask(const std::string& method, const std::string& target,
                                               const std::string& body) const {
    try {
        asio::io_context context;
        tcp::socket socket = send(context, m_server, method, target, body);
        boost::beast::flat_buffer buffer;
        http::response<http::string_body> response;
        http::read(socket, buffer, response);
        Answer answer{static_cast<int>(response.result_int()), std::move(response.body()), 0};
        const auto seconds = response[http::field::retry_after];
        std::from_chars(seconds.data(), seconds.data() + seconds.size(), answer.retryAfter);
        return answer;
    } catch (const boost::system::system_error& error) {
        return tl::unexpected(unreachable(m_server, error.code().message()));
    }
}

Expected<protocol::ServerInfo> BenchClient::server() const {
    return ask("GET", std::string(routes::kServer)).and_then([](const Answer& answer) {
        return protocol::parseServerInfo(answer.body);
    });
}

Expected<protocol::ModelInfo> BenchClient::model(const std::string& id) const {
    return ask("GET", std::string(routes::kModels)).and_then([&](const Answer& answer) {
        return protocol::parseModelPage(answer.body)
            .and_then([&](const auto& page) -> Expected<protocol::ModelInfo> {
                const auto found = std::ranges::find(page.models, id, &protocol::ModelInfo::id);
                if (found == page.models.end()) {
                    return tl::unexpected(protocol::notFound("model " + id));
                }
                return *found;
            });
    });
}

Expected<protocol::Job> BenchClient::draw(const protocol::GenerationRequest& request,
                                          const std::function<void()>& firstStep) const {
    return handIn(request).and_then([&](const protocol::Job& job) {
        auto ended = follow(job.id, firstStep);
        if (m_stop) {
            static_cast<void>(ask("POST", routes::jobCancel(job.id)));
        }
        return ended;
    });
}

Expected<protocol::Job> BenchClient::handIn(const protocol::GenerationRequest& request) const {
    while (true) {
        const auto answer = ask("POST", std::string(routes::kJobs), protocol::toJson(request));
        if (!answer) {
            return tl::unexpected(answer.error());
        }
        if (answer->status == 202) {
            return protocol::parseJob(answer->body);
        }
        if (answer->status != 429) {
            return protocol::parseProblem(answer->body).and_then([](auto problem) -> Expected<protocol::Job> {
                return tl::unexpected(std::move(problem));
            });
        }
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::seconds(std::max(answer->retryAfter, 1));
        while (std::chrono::steady_clock::now() < until) {
            if (m_stop) {
                return tl::unexpected(protocol::unavailable("Interrupted."));
            }
            std::this_thread::sleep_for(kPause);
        }
    }
}

Expected<protocol::Job> BenchClient::follow(const std::string& id,
                                            const std::function<void()>& firstStep) const {
    try {
        asio::io_context context;
        tcp::socket socket = send(context, m_server, "GET", routes::jobEvents(id), {});
        boost::beast::flat_buffer buffer;
        http::response_parser<http::string_body> parser;
        parser.body_limit(boost::none);
        http::read_header(socket, buffer, parser);
        EventReader reader;
        std::optional<protocol::Job> ended;
        bool hasStepped = false;
        while (!ended && !parser.is_done() && !m_stop) {
            http::read_some(socket, buffer, parser);
            reader.read(parser.get().body(), [&](std::string_view type, std::string_view data) {
                const auto event = protocol::parseEvent(type, data);
                if (!event) {
                    return;
                }
                if (!hasStepped && stepOf(*event) > 0) {
                    hasStepped = true;
                    firstStep();
                }
                if (protocol::isLast(*event)) {
                    ended = std::get<protocol::Job>(event->news);
                }
            });
        }
        if (ended) {
            return std::move(*ended);
        }
        return tl::unexpected(
            protocol::unavailable(m_stop ? "Interrupted." : "The stream of events ended early."));
    } catch (const boost::system::system_error& error) {
        return tl::unexpected(unreachable(m_server, error.code().message()));
    }
}

}  // namespace easel::commands
