// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QTcpServer>
#include <QTest>

#include "server/image/png.h"
#include "shared/protocol/infotext.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/torture_client.h"
#include "tests/server/commands/program.h"
#include "tests/server/http/raw_client.h"
#include "tests/support/same_picture.h"

using namespace easel;
using protocol::Job;
using protocol::JobState;
namespace routes = protocol::routes;

namespace {

constexpr int kPatienceMs = 600'000;

int setting(const char* name, int otherwise) {
    bool isNumber = false;
    const int value = qEnvironmentVariableIntValue(name, &isNumber);
    return isNumber ? value : otherwise;
}

/// Below those that the system gives to clients: one that tries to connect while no server listens could
/// otherwise be given the server's port, and take it.
int freePort(std::mt19937& random) {
    while (true) {
        const int port = std::uniform_int_distribution<int>(20'000, 32'000)(random);
        QTcpServer server;
        if (server.listen(QHostAddress::LocalHost, static_cast<quint16>(port))) {
            return port;
        }
    }
}

}  // namespace

/// Many clients, and SIGKILL for gateway and worker at random; then every promise is checked: a job that was
/// accepted is finished, once, its pictures are whole and those that it asked for, its events go forward.
class TestTorture : public QObject {
    Q_OBJECT

private:
    const int m_jobs = setting("EASEL_TORTURE_JOBS", 60);
    const int m_kills = setting("EASEL_TORTURE_KILLS", 16);
    const int m_clients = setting("EASEL_TORTURE_CLIENTS", 4);
    const unsigned m_seed = unsigned(setting("EASEL_TORTURE_SEED", int(std::random_device()() >> 1)));
    std::mt19937 m_random{m_seed};
    ServerProcess m_server{freePort(m_random)};
    Ledger m_ledger;
    std::map<std::string, Job> m_stored;
    /// What makes a picture what it is, and its pixels.
    std::map<std::tuple<std::string, std::int64_t, int, int>, image::Image> m_pictures;

    std::uint16_t port() const { return static_cast<std::uint16_t>(m_server.url().port()); }

    std::string get(const std::string& target) const {
        const auto answer = tests::fetch(port(), "GET", target);
        return answer && answer->status == 200 ? answer->body : std::string();
    }

    bool isAtRest() const {
        const auto info = protocol::parseServerInfo(get(std::string(routes::kServer)));
        return info && info->queued == 0 && info->running == 0;
    }

    /// Kills one of the two at random; false with a complaint when something is left that should not.
    void killOne() {
        const qint64 worker = m_server.workerPid();
        if (std::bernoulli_distribution(0.5)(m_random)) {
            if (worker > 0) {
                ::kill(pid_t(worker), SIGKILL);
            }
            return;
        }
        m_server.kill();
        if (worker > 0 && !QTest::qWaitFor([&] { return !isAlive(worker); }, kPatienceMs)) {
            m_ledger.addComplaint("a worker outlived its gateway");
        }
        if (!m_server.listen()) {
            m_ledger.addComplaint("the gateway did not come up again: " + m_server.error.toStdString());
        }
    }

    void list() {
        std::string before;
        do {
            const auto page = protocol::parseJobPage(get(std::string(routes::kJobs) + "?limit=100" + before));
            QVERIFY2(page, "a page of jobs cannot be read");
            for (const Job& job : page->jobs) {
                if (!m_stored.emplace(job.id, job).second) {
                    m_ledger.addComplaint(job.id + " is listed twice");
                }
            }
            before = page->next ? "&before=" + *page->next : "";
        } while (!before.empty());
    }

    /// What is wrong with picture `info` of a job; nothing when it is whole and the right one.
    std::string faultOf(const Job& job, const protocol::ImageInfo& info) {
        const std::string file = get(routes::jobImage(job.id, info.index));
        const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
        const auto picture = image::decodePng(bytes);
        const auto texts = image::readPngTexts(bytes);
        if (std::int64_t(file.size()) != info.bytes || !picture || !texts || texts->empty()) {
            return "is not whole";
        }
        const auto settings = protocol::fromInfotext(texts->front().text);
        if (!settings || settings->prompt != job.settings.prompt || settings->seed != info.seed ||
            picture->width != job.settings.width || picture->height != job.settings.height) {
            return "is of another request";
        }
        const auto [twin, isFirst] = m_pictures.try_emplace(
            {job.settings.prompt, info.seed, job.settings.width, job.settings.steps}, *picture);
        return isFirst || tests::isSamePicture(twin->second, *picture)
                   ? ""
                   : "differs from another of the same request";
    }

    void check(const std::string& id, const protocol::GenerationRequest& request) {
        const auto found = m_stored.find(id);
        if (found == m_stored.end()) {
            return m_ledger.addComplaint(id + " was accepted and is lost");
        }
        const Job& job = found->second;
        // Who is running when its worker or the gateway dies for the third time fails, as documented.
        const bool isLost = job.state == JobState::Failed && job.error && job.error->code == "worker_lost";
        if (job.state != JobState::Succeeded && !isLost) {
            return m_ledger.addComplaint(id + " is " + std::string(toString(job.state)) +
                                         (job.error ? ": " + job.error->detail : ""));
        }
        if (job.settings.prompt != request.prompt || job.settings.steps != *request.steps) {
            m_ledger.addComplaint(id + " is not what was asked for");
        }
        if (!isLost && int(job.images.size()) != *request.count) {
            m_ledger.addComplaint(id + " has " + std::to_string(job.images.size()) + " pictures");
        }
        for (std::size_t i = 0; i < job.images.size(); ++i) {
            if (job.images[i].index != int(i) || job.images[i].seed != *request.seed + std::int64_t(i)) {
                m_ledger.addComplaint(id + ": pictures are missing or doubled");
            } else if (const std::string fault = faultOf(job, job.images[i]); !fault.empty()) {
                m_ledger.addComplaint(id + ": picture " + std::to_string(i) + ' ' + fault);
            }
        }
    }

    void checkEvents(const std::string& id, const std::vector<Ledger::Event>& events) {
        std::optional<std::uint64_t> last;
        int attempt = 0;
        std::optional<JobState> ended;
        for (const auto& [number, event] : events) {
            if (last && number <= *last) {
                m_ledger.addComplaint(id + ": event " + std::to_string(number) + " came after " +
                                      std::to_string(*last));
            }
            last = number;
            if (event.job != id) {
                m_ledger.addComplaint(id + ": an event of " + event.job + " was told");
            }
            const Job* job = std::get_if<Job>(&event.news);
            if (job && job->attempt < attempt) {
                m_ledger.addComplaint(id + ": the attempt went backwards");
            }
            attempt = job ? job->attempt : attempt;
            ended = job ? std::optional(job->state) : ended;
        }
        if (ended && m_stored.contains(id) && *ended != m_stored[id].state) {
            m_ledger.addComplaint(id + " ended otherwise to its follower");
        }
    }

private Q_SLOTS:
    void promisesAreKept() {
        qInfo("EASEL_TORTURE_SEED=%u, %d jobs of %d clients, %d kills", m_seed, m_jobs, m_clients, m_kills);
        QVERIFY2(m_server.start(), qPrintable(m_server.error));
        {
            std::vector<std::jthread> clients;
            for (int i = 0; i < m_clients; ++i) {
                const int jobs = m_jobs / m_clients + (i < m_jobs % m_clients ? 1 : 0);
                clients.emplace_back([this, i, jobs, seed = m_random()] {
                    TortureClient(m_ledger, port(), "c" + std::to_string(i), unsigned(seed)).run(jobs);
                });
            }
            for (int i = 0; i < m_kills; ++i) {
                QTest::qWait(std::uniform_int_distribution<int>(100, 2000)(m_random));
                killOne();
            }
        }
        QVERIFY(QTest::qWaitFor([this] { return isAtRest(); }, kPatienceMs));
        list();
        for (const auto& [id, request] : m_ledger.accepted()) {
            check(id, request);
        }
        for (const auto& [id, events] : m_ledger.streams()) {
            checkEvents(id, events);
        }
        QCOMPARE(m_stored.size(), m_ledger.accepted().size());
        QCOMPARE(int(m_stored.size()), m_jobs);
        const auto succeeded = std::ranges::count(m_stored, JobState::Succeeded,
                                                  [](const auto& entry) { return entry.second.state; });
        QVERIFY(succeeded > m_jobs / 2);
        for (const std::string& complaint : m_ledger.complaints()) {
            qWarning("%s", complaint.c_str());
        }
        QVERIFY(m_ledger.complaints().empty());
        qInfo("%d succeeded, %d pictures differ, %d were followed", int(succeeded), int(m_pictures.size()),
              int(m_ledger.streams().size()));

        const qint64 worker = m_server.workerPid();
        QCOMPARE(m_server.terminate(), 0);
        QVERIFY(worker == 0 || !isAlive(worker));
    }
};

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QTEST_FUNCTION_TIMEOUT")) {
        qputenv("QTEST_FUNCTION_TIMEOUT", "86400000");  // a day: it may be told to run long
    }
    const QCoreApplication application(argc, argv);
    TestTorture test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_torture.moc"
