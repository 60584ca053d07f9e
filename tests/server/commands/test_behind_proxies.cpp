// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <memory>
#include <string>

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTemporaryDir>

#include "server/generator/test_pattern.h"
#include "server/image/png.h"
#include "shared/protocol/json.h"
#include "tests/server/commands/program.h"
#include "tests/server/http/raw_client.h"

using namespace easel;
using namespace easel::tests;

namespace {

constexpr int kPatience = 60'000;  // milliseconds

const std::string kJson = "Content-Type: application/json\r\n";

/// One that was free a moment ago.
std::uint16_t freePort() {
    QTcpServer server;
    server.listen(QHostAddress::LocalHost);
    return server.serverPort();
}

QString programNamed(const QString& name) {
    return QStandardPaths::findExecutable(name, {"/usr/sbin", "/usr/bin", "/usr/local/sbin"});
}

}  // namespace

/// The server behind Debian's nginx and haproxy, below a path, as their manuals have it.
class TestBehindProxies : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Program> m_server;
    std::unique_ptr<QProcess> m_proxy;
    std::uint16_t m_port = 0;

    void write(const QString& name, const QString& text) {
        QFile file(m_folder->filePath(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text.toUtf8());
    }

    /// False: there is no such program here.
    bool start(const QString& proxy) {
        const QString program = programNamed(proxy);
        if (program.isEmpty()) {
            return false;
        }
        m_port = freePort();
        const QString url = QString("http://localhost:%1/easel").arg(m_port);
        m_server = std::make_unique<Program>(
            QStringList{"serve", "--port", "0", "--data", m_folder->filePath("data"), "--model",
                        "test-pattern:20", "--public-url", url, "--trusted-proxy", "127.0.0.1"});
        const QString behind = m_server->waitForLine("Listening on http://");
        m_proxy = std::make_unique<QProcess>();
        if (proxy == "nginx") {
            write("nginx.conf", QString(R"(
daemon off; pid %1/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %1/body; proxy_temp_path %1/proxy; fastcgi_temp_path %1/fastcgi;
    uwsgi_temp_path %1/uwsgi; scgi_temp_path %1/scgi;
    server {
        listen 127.0.0.1:%2;
        location /easel/ {
            proxy_pass http://%3/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }
    }
})")
                                    .arg(m_folder->path(), QString::number(m_port), behind.trimmed()));
            m_proxy->start(program, {"-c", m_folder->filePath("nginx.conf"), "-p", m_folder->path()});
        } else {
            write("haproxy.cfg", QString(R"(
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend front
    bind 127.0.0.1:%1
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    default_backend easel
backend easel
    server one %2
)")
                                     .arg(QString::number(m_port), behind.trimmed()));
            m_proxy->start(program, {"-db", "-f", m_folder->filePath("haproxy.cfg")});
        }
        return m_proxy->waitForStarted() &&
               QTest::qWaitFor([&] { return get("/readyz").status == 200; }, kPatience);
    }

    RawResponse ask(const char* method, const std::string& path, const std::string& fields = {},
                    const std::string& body = {}) const {
        return fetch(m_port, method, "/easel" + path, fields, body).value_or(RawResponse());
    }
    RawResponse get(const std::string& path, const std::string& fields = {}) const {
        return ask("GET", path, fields);
    }

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void cleanup() {
        if (m_proxy) {
            m_proxy->terminate();
            m_proxy->waitForFinished(kPatience);
        }
        m_proxy.reset();
        m_server.reset();
        m_folder.reset();
    }

    void allOfItWorks_data() {
        QTest::addColumn<QString>("proxy");
        QTest::newRow("nginx") << "nginx";
        QTest::newRow("haproxy") << "haproxy";
    }

    void allOfItWorks() {
        QFETCH(QString, proxy);
        if (!start(proxy)) {
            QSKIP(qPrintable(proxy + " is not installed or did not start"));
        }
        // The page and what it loads, by addresses that hold below the path.
        const auto page = get("/", "Accept: text/html\r\n");
        QCOMPARE(page.status, 200);
        QVERIFY(page.body.find("href=\"page.css\"") != std::string::npos);
        for (const char* const file : {"/page.css", "/page/start.js", "/favicon.svg", "/page-fields.json"}) {
            QCOMPARE(get(file).status, 200);
        }

        // A page's own request is taken, another's is not.
        const std::string ours = "Origin: http://localhost:" + std::to_string(m_port) + "\r\n";
        const std::string wish = R"({"prompt":"fox","seed":7,"steps":100,"width":64,"height":64})";
        QCOMPARE(ask("POST", "/v1/jobs", kJson + "Origin: http://evil.example\r\n", wish).status, 403);
        const auto accepted = ask("POST", "/v1/jobs", kJson + ours, wish);
        QCOMPARE(accepted.status, 202);
        const std::string id = protocol::parseJob(accepted.body).value().id;
        QCOMPARE(accepted.header("location"), "/easel/v1/jobs/" + id);

        // Events come as they happen: a step is told while most of the others are still to be made.
        RawClient stream(m_port);
        stream.send("GET /easel/v1/jobs/" + id +
                    "/events HTTP/1.1\r\nHost: localhost:" + std::to_string(m_port) + "\r\n\r\n");
        stream.receiveUntil("event: progress");
        const std::string event = stream.receiveUntil("\n\n");
        const auto job = protocol::parseJob(get("/v1/jobs/" + id).body).value();
        QVERIFY2(job.state == protocol::JobState::Running && job.progress.step < 90, event.c_str());
        stream.receiveUntil("event: done");

        const auto image = get("/v1/jobs/" + id + "/images/0");
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.body.data());
        QVERIFY(image::decodePng({bytes, image.body.size()}) == generator::testPattern(64, 64, 7));
        QCOMPARE(get("/?prompt=owl&width=64&height=64&steps=1").header("content-type"),
                 std::string("image/png"));

        // Who asks is who asked the proxy, whatever it says of itself.
        get("/livez", "X-Forwarded-For: 198.51.100.7\r\n");
        QVERIFY(!m_server->errors().contains("198.51.100.7"));
    }
};

QTEST_GUILESS_MAIN(TestBehindProxies)
#include "test_behind_proxies.moc"
