// SPDX-License-Identifier: Apache-2.0
#include "server/http/listener.h"

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/http/connection.h"
#include "server/http/descriptors.h"
#include "server/http/session.h"
#include "server/http/standing.h"
#include "server/tls/reloading.h"

namespace easel::http {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);
/// While so many connections are on their way out that the next one waits before it is taken.
constexpr std::chrono::milliseconds kPauseWhileCrowded{5};
constexpr std::chrono::milliseconds kPauseAfterFailedAccept{100};

std::string describe(const std::string& address, std::uint16_t port, boost::system::error_code error) {
    const std::string where = "port " + std::to_string(port) + " of " + address;
    if (error == net::error::address_in_use) {
        return "Cannot listen: " + where + " is taken by another program.";
    }
    if (error == net::error::access_denied) {
        return "Cannot listen: " + where + " may only be used by the system's administrator.";
    }
    return "Cannot listen on " + where + ": " + error.message() + ".";
}

}  // namespace

class Listener::Impl {
public:
    Impl(ListenerOptions options, Router router)
        : m_context{std::move(options), {}, std::move(router)},
          m_acceptor(net::make_strand(m_io)),
          m_nextLook(m_acceptor.get_executor()) {}

    /// Reads the certificate, if there is to be one. Failure: a sentence.
    tl::expected<void, std::string> prepare() {
        if (!isEncrypted(m_context.options)) {
            return {};
        }
        return tls::Reloading::open(m_context.options.certificate).map([this](tls::Reloading certificate) {
            m_certificate = std::move(certificate);
            tell(m_certificate->current()->certificate());
        });
    }

    boost::system::error_code bind() {
        boost::system::error_code error;
        const std::string& name = m_context.options.address;
        const auto address = net::ip::make_address(name == "localhost" ? "127.0.0.1" : name, error);
        if (error) {
            return error;
        }
        m_context.hosts = {!isLoopback(name) && m_context.options.allowedHosts.empty(),
                           m_context.options.allowedHosts};
        m_context.hosts.names.push_back(address.is_v6() ? "[" + address.to_string() + "]"
                                                        : address.to_string());
        if (auto known = hostName(m_context.options.publicUrl.authority); !known.empty()) {
            m_context.hosts.names.push_back(std::move(known));
        }
        const tcp::endpoint endpoint(address, m_context.options.port);
        m_acceptor.open(endpoint.protocol(), error);
        if (!error) {
            m_acceptor.set_option(net::socket_base::reuse_address(true), error);
        }
        if (!error) {
            m_acceptor.bind(endpoint, error);
        }
        if (!error) {
            m_acceptor.listen(net::socket_base::max_listen_connections, error);
        }
        if (!error) {
            m_port = m_acceptor.local_endpoint(error).port();
        }
        return error;
    }

    void run() {
        net::co_spawn(m_acceptor.get_executor(), accept(), net::detached);
        if (m_certificate) {
            net::co_spawn(m_acceptor.get_executor(), watchCertificate(), net::detached);
        }
        for (int i = 0; i < m_context.options.threads; ++i) {
            m_threads.emplace_back([this] { m_io.run(); });
        }
    }

    void stop(std::chrono::milliseconds grace) {
        if (m_threads.empty()) {
            return;
        }
        net::post(m_acceptor.get_executor(), [this] {
            boost::system::error_code ignored;
            m_acceptor.close(ignored);
            m_nextLook.cancel();
        });
        {
            std::unique_lock lock(m_mutex);
            m_stopping = true;
            for (const auto& session : m_sessions) {
                session->stop();
            }
            m_sessionEnded.wait_for(lock, grace, [this] { return m_sessions.empty(); });
            for (const auto& session : m_sessions) {
                session->abort();
            }
        }
        m_threads.clear();  // each joins when the last coroutine has ended
    }

    std::uint16_t port() const { return m_port; }

    bool isAlive(std::chrono::milliseconds patience) {
        auto turn = std::make_shared<std::promise<void>>();
        auto done = turn->get_future();
        net::post(m_io, [turn] { turn->set_value(); });
        return done.wait_for(patience) == std::future_status::ready;
    }

private:
    net::awaitable<void> accept() {
        net::steady_timer pause(m_acceptor.get_executor());
        while (m_acceptor.is_open()) {
            if (isCrowded()) {
                pause.expires_after(kPauseWhileCrowded);
                co_await pause.async_wait(kAwait);
                continue;
            }
            auto [error, socket] = co_await m_acceptor.async_accept(net::make_strand(m_io), kAwait);
            if (!error) {
                welcome(std::move(socket));
            } else if (error != net::error::operation_aborted) {
                // Out of descriptors, most likely: trying again at once would only spin.
                pause.expires_after(kPauseAfterFailedAccept);
                co_await pause.async_wait(kAwait);
            }
        }
    }

    net::awaitable<void> watchCertificate() {
        while (m_acceptor.is_open()) {
            m_nextLook.expires_after(m_context.options.certificateLooks);
            co_await m_nextLook.async_wait(kAwait);
            if (const auto news = m_certificate->look()) {
                tell(*news);
            }
        }
    }

    void tell(const tl::expected<tls::Certificate, std::string>& certificate) const {
        if (m_context.options.onCertificate) {
            m_context.options.onCertificate(certificate);
        }
    }

    bool isCrowded() {
        const std::lock_guard lock(m_mutex);
        const std::size_t places = m_context.options.maxConnections;
        return m_sessions.size() >= places + surplusOf(places);
    }

    void welcome(tcp::socket socket) {
        const auto executor = socket.get_executor();
        const auto session = std::make_shared<Session>(
            std::make_shared<Connection>(std::move(socket),
                                         m_certificate ? m_certificate->current() : nullptr),
            m_context);
        std::optional<net::awaitable<void>> serving;
        {
            const std::lock_guard lock(m_mutex);
            if (m_stopping) {
                return;
            }
            serving = findRoom(session->standing().client) ? session->run() : session->turnAway();
            m_sessions.insert(session);
        }
        net::co_spawn(executor, std::move(*serving),
                      [this, session](const std::exception_ptr&) { forget(session); });
    }

    /// Whether one more of `client` can be served; another may have to go for it. Under the lock.
    bool findRoom(std::string_view client) {
        std::vector<Session*> staying;
        std::vector<Standing> standings;
        for (const auto& session : m_sessions) {
            if (!session->isLeaving()) {
                staying.push_back(session.get());
                standings.push_back(session->standing());
            }
        }
        const Admission admission = admit(client, standings, m_context.options.maxConnections);
        if (admission.leaves) {
            staying[*admission.leaves]->makeRoom();
        }
        return admission.isAdmitted;
    }

    void forget(const std::shared_ptr<Session>& session) {
        const std::lock_guard lock(m_mutex);
        m_sessions.erase(session);
        m_sessionEnded.notify_all();
    }

    SessionContext m_context;
    net::io_context m_io;
    tcp::acceptor m_acceptor;
    std::uint16_t m_port = 0;
    std::optional<tls::Reloading> m_certificate;  // on the acceptor's strand, as soon as it listens
    net::steady_timer m_nextLook;
    std::vector<std::jthread> m_threads;

    std::mutex m_mutex;
    std::condition_variable m_sessionEnded;
    std::set<std::shared_ptr<Session>> m_sessions;
    bool m_stopping = false;
};

Listener::Listener(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}

Listener::~Listener() {
    stop();
}

tl::expected<std::unique_ptr<Listener>, std::string> Listener::start(ListenerOptions options, Router router) {
    const std::string address = options.address;
    const std::uint16_t port = options.port;
    auto impl = std::make_unique<Impl>(std::move(options), std::move(router));
    if (const auto prepared = impl->prepare(); !prepared) {
        return tl::unexpected(prepared.error());
    }
    if (const auto error = impl->bind()) {
        return tl::unexpected(describe(address, port, error));
    }
    impl->run();
    return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

std::uint16_t Listener::port() const {
    return m_impl->port();
}

bool Listener::isAlive(std::chrono::milliseconds patience) {
    return m_impl->isAlive(patience);
}

void Listener::stop(std::chrono::milliseconds grace) {
    m_impl->stop(grace);
}

}  // namespace easel::http
