// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include <QTemporaryDir>
#include <QTest>

#include "server/commands/background_writer.h"

using easel::commands::BackgroundWriter;

namespace {

std::atomic<int> brokenPipes = 0;

/// A pipe of 4 KiB.
struct Pipe {
    Pipe() {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0 || ::fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0) {
            qFatal("no pipe");
        }
    }
    ~Pipe() {
        closeReader();
        closeWriter();
    }
    void closeReader() { close(ends[0]); }
    void closeWriter() { close(ends[1]); }

    /// Everything until the writer has closed.
    QByteArray readAll() const {
        QByteArray all;
        std::array<char, 4096> part;
        for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;) {
            all.append(part.data(), got);
        }
        return all;
    }

    std::array<int, 2> ends{};

private:
    static void close(int& end) {
        if (end >= 0) {
            ::close(end);
        }
        end = -1;
    }
};

}  // namespace

class TestBackgroundWriter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        brokenPipes = 0;
        ::signal(SIGPIPE, [](int) { ++brokenPipes; });
    }

    void writesInOrderToTheLast() {
        Pipe pipe;
        QByteArray expected;
        {
            BackgroundWriter writer(pipe.ends[1]);
            for (int i = 0; i < 100; ++i) {
                const std::string line = "line " + std::to_string(i) + "\n";
                expected += QByteArray::fromStdString(line);
                writer.write(line);
            }
        }
        pipe.closeWriter();
        QCOMPARE(pipe.readAll(), expected);
    }

    void nobodyWaitsForAPipeThatIsNotRead() {
        Pipe pipe;
        constexpr int kLines = 30'000;
        const std::string line(99, 'x');
        std::optional<BackgroundWriter> writer(pipe.ends[1]);
        for (int i = 0; i < kLines; ++i) {
            writer->write(line + "\n");  // 3 MB
        }
        QByteArray all;
        std::thread reader([&] { all = pipe.readAll(); });
        writer.reset();
        pipe.closeWriter();
        reader.join();

        qsizetype written = 0;
        qsizetype missing = 0;
        for (const QByteArray& each : all.split('\n')) {
            if (each == QByteArray::fromStdString(line)) {
                ++written;
            } else if (!each.isEmpty()) {
                QVERIFY2(each.endsWith(" lines are missing here: they could not be written."), each);
                missing += each.left(each.indexOf(' ')).toInt();
            }
        }
        QVERIFY(written >= 10'000);
        QVERIFY(missing > 0);
        QCOMPARE(written + missing, qsizetype{kLines});
    }

    void leavesWithoutAReader() {
        Pipe pipe;
        {
            BackgroundWriter writer(pipe.ends[1]);
            writer.write(std::string(10'000, 'x') + "\n");  // more than the pipe takes
        }
        pipe.closeReader();
        // Its thread was still in there, and tried the rest; a late signal would be the next test's.
        QTRY_COMPARE(brokenPipes.load(), 2);
    }

    void tellsWhatIsMissingWhenAReaderIsBack() {
        const QTemporaryDir folder;
        const std::string name = folder.filePath("fifo").toStdString();
        QCOMPARE(::mkfifo(name.c_str(), 0600), 0);
        const int first = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        const int written = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
        ::close(first);
        int second = -1;
        {
            BackgroundWriter writer(written);
            writer.write("nobody hears this\n");
            QTRY_VERIFY(brokenPipes.load() >= 1);
            second = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            writer.write("back\n");
        }
        ::close(written);
        std::array<char, 200> text{};
        const auto size = ::read(second, text.data(), text.size());
        ::close(second);
        QCOMPARE(QByteArray(text.data(), size),
                 QByteArray("1 lines are missing here: they could not be written.\nback\n"));
    }
};

QTEST_APPLESS_MAIN(TestBackgroundWriter)
#include "test_background_writer.moc"
