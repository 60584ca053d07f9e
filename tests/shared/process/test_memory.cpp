// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <QTemporaryDir>
#include <QTest>

#include "shared/process/memory.h"

using namespace easel;

class TestMemory : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    std::filesystem::path root(const char* name) const { return m_folder.filePath(name).toStdString(); }

    static void write(const std::filesystem::path& file, const std::string& text) {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }

    std::filesystem::path machine(const char* name) const {
        write(root(name) / "proc/meminfo",
              "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    9000 kB\nSwapTotal: 5 kB\n");
        return root(name);
    }

private Q_SLOTS:
    void itIsWhatTheSystemSays() {
        const auto memory = process::memoryOfMachine(machine("plain"));
        QCOMPARE(memory.total, std::int64_t{16000} * 1024);
        QCOMPARE(memory.available, std::int64_t{9000} * 1024);
        QVERIFY(process::memoryOfMachine().available > 0);
    }

    void aControlGroupMayHaveLess() {
        const auto grouped = machine("grouped");
        write(grouped / "sys/fs/cgroup/memory.max", "4096000\n");
        write(grouped / "sys/fs/cgroup/memory.current", "1024000\n");
        const auto memory = process::memoryOfMachine(grouped);
        QCOMPARE(memory.total, std::int64_t{4096000});
        QCOMPARE(memory.available, std::int64_t{3072000});
    }

    void aGroupWithoutALimitIsNone() {
        const auto grouped = machine("unlimited");
        write(grouped / "sys/fs/cgroup/memory.max", "max\n");
        write(grouped / "sys/fs/cgroup/memory.current", "1024000\n");
        QCOMPARE(process::memoryOfMachine(grouped).available, std::int64_t{9000} * 1024);
    }

    void aGroupThatHasTooMuchHasNothingLeft() {
        const auto grouped = machine("full");
        write(grouped / "sys/fs/cgroup/memory.max", "1000\n");
        write(grouped / "sys/fs/cgroup/memory.current", "2000\n");
        QCOMPARE(process::memoryOfMachine(grouped).available, std::int64_t{0});
    }

    void whatIsNotSaidIsNothing() {
        QCOMPARE(process::memoryOfMachine(root("nowhere")).total, std::int64_t{0});
    }
};

QTEST_APPLESS_MAIN(TestMemory)
#include "test_memory.moc"
