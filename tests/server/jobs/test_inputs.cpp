// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include <QTemporaryDir>
#include <QTest>

#include "server/image/png.h"
#include "server/jobs/input_store.h"
#include "server/jobs/sqlite_job_store.h"

using namespace easel;
using namespace easel::jobs;

namespace {

using Bytes = std::vector<std::uint8_t>;

const std::string kAnna = "key:anna";
const std::string kBen = "key:ben";
constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60 * 1000;

/// The file of a small picture, another for each shade.
Bytes file(std::uint8_t shade, int side = 8) {
    return image::encodePng({side, side, Bytes(std::size_t{3} * side * side, shade)}).value();
}

}  // namespace

/// Pictures that clients sent, on the disk.
class TestInputs : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<JobStore> m_store;
    std::unique_ptr<DiskRoom> m_room;
    std::unique_ptr<InputStore> m_inputs;
    InputOptions m_options;
    std::int64_t m_uptime = 0;
    std::int64_t m_free = std::int64_t{1} << 40;

    std::filesystem::path folder() const { return m_folder->path().toStdString(); }

    /// As a server does when it starts.
    void open() {
        m_inputs.reset();
        m_store.reset();
        m_store = openSqliteJobStore(folder() / "jobs.sqlite").value();
        m_room = std::make_unique<DiskRoom>(
            DiskOptions{.minFreeBytes = 1 << 20, .freeBytes = [this] { return m_free; }, .reserve = {}});
        m_inputs =
            std::make_unique<InputStore>(m_store->inputs(), InputFolder::open(folder() / "inputs").value(),
                                         *m_room, protocol::Limits(), m_options, [this] { return m_uptime; });
        m_inputs->takeUp();
    }

    std::string add(const std::string& owner, const Bytes& bytes) {
        const auto added = m_inputs->add(owner, bytes);
        return added ? added->info.id : added.error().code;
    }

    std::string use(const std::string& job, const std::string& owner,
                    const std::vector<std::string>& inputs) {
        JobRecord record;
        record.job.id = job;
        record.owner = owner;
        record.inputs = inputs;
        const auto added = m_store->add(record);
        return added ? "" : added.error().code;
    }

    bool sees(const std::string& owner, const std::string& id) {
        return m_inputs->find(id, {owner}).has_value();
    }

    std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() / "inputs")) {
            if (entry.is_regular_file()) {
                names.insert(entry.path().filename().string());
            }
        }
        return names;
    }

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_options = {};
        m_uptime = 0;
        m_free = std::int64_t{1} << 40;
        open();
    }
    void cleanup() {
        m_inputs.reset();
        m_store.reset();
    }

    void theSameFileIsTheSameInput() {
        const auto first = m_inputs->add(kAnna, file(1)).value();
        QVERIFY(first.isNew);
        QVERIFY(protocol::isInputId(first.info.id));
        QCOMPARE(first.info.width, 8);
        QCOMPARE(first.info.bytes, std::int64_t(file(1).size()));
        QCOMPARE(first.info.contentType, std::string("image/png"));
        const auto again = m_inputs->add(kAnna, file(1)).value();
        QVERIFY(!again.isNew);
        QVERIFY(again.info == first.info);
        QVERIFY(m_inputs->add(kBen, file(1)).value().isNew);
        QCOMPARE(files(), std::set<std::string>{first.info.id});
        open();
        const auto stored = m_inputs->find(first.info.id, {kAnna}).value();
        QVERIFY(stored.info == first.info);
        QCOMPARE(stored.path.parent_path().filename().string(), first.info.id.substr(0, 2));
        std::ifstream stream(stored.path, std::ios::binary);
        QVERIFY(Bytes(std::istreambuf_iterator<char>(stream), {}) == file(1));
    }

    void othersInputsAreNotThere() {
        const std::string id = add(kAnna, file(1));
        QVERIFY(sees(kAnna, id));
        QVERIFY(!sees(kBen, id));
        QCOMPARE(m_inputs->find(id, {kBen}).error().status, 404);
        QCOMPARE(m_inputs->remove(id, {kBen}).error().status, 404);
        QVERIFY(m_inputs->find(id, {.owner = kBen, .seesAll = true}));
        QVERIFY(sees(kAnna, id));
        // The file goes with the last who has it.
        add(kBen, file(1));
        QVERIFY(m_inputs->remove(id, {kAnna}));
        QVERIFY(!sees(kAnna, id) && sees(kBen, id));
        QCOMPARE(files().size(), std::size_t{1});
        QVERIFY(m_inputs->remove(id, {.owner = kAnna, .seesAll = true}));
        QVERIFY(files().empty());
    }

    void whatIsNoPictureIsNotKept() {
        QCOMPARE(add(kAnna, {1, 2, 3}), std::string("unsupported_media_type"));
        Bytes cut = file(1);
        cut.resize(cut.size() / 2);
        QCOMPARE(add(kAnna, cut), std::string("malformed"));
        QVERIFY(files().empty());
    }

    void unusedOnesGoAfterADay() {
        const std::string id = add(kAnna, file(1));
        m_uptime = kDay - 1;
        QVERIFY(m_inputs->sweep());
        QVERIFY(sees(kAnna, id));
        add(kAnna, file(1));  // sent again: the day begins anew
        m_uptime = kDay + 1;
        QVERIFY(m_inputs->sweep());
        QVERIFY(sees(kAnna, id));
        m_uptime = 2 * kDay;
        QVERIFY(m_inputs->sweep());
        QVERIFY(!sees(kAnna, id));
        QVERIFY(files().empty());
    }

    void usedOnesStayWithTheirJobs() {
        const std::string id = add(kAnna, file(1));
        const std::string other = add(kAnna, file(2));
        QCOMPARE(use("a", kAnna, {id, other}), std::string());
        QCOMPARE(use("b", kAnna, {id}), std::string());
        for (m_uptime = kDay; m_uptime <= 5 * kDay; m_uptime += kDay) {
            QVERIFY(m_inputs->sweep());
        }
        QVERIFY(sees(kAnna, id) && sees(kAnna, other));
        QCOMPARE(m_inputs->remove(id, {kAnna}).error().status, 409);
        QVERIFY(m_store->remove("a").value());
        QVERIFY(m_inputs->remove(other, {kAnna}));
        QCOMPARE(m_inputs->remove(id, {kAnna}).error().status, 409);
        QVERIFY(m_store->remove("b").value());
        QVERIFY(m_inputs->sweep());  // from now on nobody uses it
        QVERIFY(sees(kAnna, id));
        m_uptime += kDay;
        QVERIFY(m_inputs->sweep());
        QVERIFY(!sees(kAnna, id));
    }

    void aJobWithoutItsInputIsNotTaken() {
        const std::string id = add(kAnna, file(1));
        QCOMPARE(use("a", kAnna, {id, std::string(64, '0')}), std::string("conflict"));
        QVERIFY(!m_store->find("a").value());
        QVERIFY(m_inputs->remove(id, {kAnna}));  // nothing is left of the half of it
    }

    void eachMaySendSoMuch() {
        m_options.maxOwnerBytes = std::int64_t(file(1).size() + file(2).size());
        open();
        const std::string id = add(kAnna, file(1));
        add(kAnna, file(2));
        const auto refused = m_inputs->add(kAnna, file(3));
        QVERIFY(!refused);
        QCOMPARE(refused.error().status, 429);
        QCOMPARE(refused.error().code, std::string("inputs_full"));
        QVERIFY(m_inputs->add(kAnna, file(1)));  // no more of it
        QVERIFY(m_inputs->add(kBen, file(3)));
        QVERIFY(m_inputs->remove(id, {kAnna}));
        QVERIFY(m_inputs->add(kAnna, file(3)));
    }

    void allTogetherMaySendSoMuch() {
        m_options.maxBytes = std::int64_t(file(1).size() + file(2).size());
        open();
        const std::string id = add(kAnna, file(1));
        add(kBen, file(1));  // the same file, once on the disk
        add(kBen, file(2));
        const auto refused = m_inputs->add(kAnna, file(3));
        QVERIFY(!refused);
        QCOMPARE(refused.error().status, 507);
        QVERIFY(m_inputs->add(kAnna, file(2)));  // which is there
        QVERIFY(m_inputs->remove(id, {kAnna}));
        QCOMPARE(add(kAnna, file(3)), std::string("no_space"));  // it is still his
        QVERIFY(m_inputs->remove(id, {kBen}));
        QVERIFY(m_inputs->add(kAnna, file(3)));
    }

    void aFullDiskTakesNone() {
        const std::string id = add(kAnna, file(1));
        m_free = 0;
        QCOMPARE(add(kAnna, file(2)), std::string("no_space"));
        QVERIFY(m_inputs->remove(id, {kAnna}));
        QVERIFY(files().empty());
    }

    void whatIsMissingIsWrittenAgain() {
        const std::string id = add(kAnna, file(1));
        std::filesystem::remove_all(folder() / "inputs");
        QCOMPARE(add(kAnna, file(1)), id);
        QCOMPARE(files(), std::set<std::string>{id});
    }

    void aStartRemovesWhatHasNoRecord() {
        const std::string id = add(kAnna, file(1));
        const auto shelf = folder() / "inputs" / "00";
        std::filesystem::create_directory(shelf);
        const std::string stray = "00" + std::string(62, 'a');
        for (const std::string& name :
             {stray, stray + ".part", std::string("notes.txt"), "11" + stray.substr(2)}) {
            std::ofstream(shelf / name) << "x";
        }
        open();
        QCOMPARE(files(), (std::set<std::string>{id, "notes.txt", "11" + stray.substr(2)}));
        QVERIFY(sees(kAnna, id));
    }

    /// What was answered is there, whole, whenever the process is killed; what was not leaves nothing behind.
    void outlivesBeingKilled() {
        m_inputs.reset();
        m_store.reset();
        for (int round = 0; round < 12; ++round) {
            int told[2];
            QCOMPARE(::pipe(told), 0);
            const pid_t child = ::fork();
            if (child == 0) {
                open();
                for (int i = 0; i < 200; ++i) {
                    const std::string id = add(kAnna, file(std::uint8_t(i), 64 + round));
                    if (::write(told[1], id.data(), id.size()) < 0) {
                        break;
                    }
                }
                ::_exit(0);
            }
            ::close(told[1]);
            std::string ids;
            char buffer[64];
            while (ids.size() < std::size_t(64 * (1 + 3 * round))) {
                const auto count = ::read(told[0], buffer, sizeof buffer);
                QVERIFY(count > 0);
                ids.append(buffer, std::size_t(count));
            }
            ::kill(child, SIGKILL);
            for (auto count = ::read(told[0], buffer, sizeof buffer); count > 0;
                 count = ::read(told[0], buffer, sizeof buffer)) {
                ids.append(buffer, std::size_t(count));
            }
            ::close(told[0]);
            ::waitpid(child, nullptr, 0);
            open();
            for (std::size_t at = 0; at + 64 <= ids.size(); at += 64) {
                const auto stored = m_inputs->find(ids.substr(at, 64), {kAnna});
                QVERIFY(stored);
                QCOMPARE(std::int64_t(std::filesystem::file_size(stored->path)), stored->info.bytes);
            }
            for (const std::string& name : files()) {
                QVERIFY2(sees(kAnna, name), name.c_str());
            }
            m_inputs.reset();
            m_store.reset();
        }
    }
};

QTEST_APPLESS_MAIN(TestInputs)
#include "test_inputs.moc"
