// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "shared/process/standard_streams.h"

class TestStandardStreams : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void noOtherFileTakesTheirPlace_data() {
        QTest::addColumn<QList<int>>("closed");
        QTest::newRow("input") << QList<int>{0};
        QTest::newRow("output") << QList<int>{1};
        QTest::newRow("errors") << QList<int>{2};
        QTest::newRow("all") << QList<int>{0, 1, 2};
        QTest::newRow("none") << QList<int>{};
    }

    void noOtherFileTakesTheirPlace() {
        QFETCH(QList<int>, closed);
        const pid_t child = ::fork();
        if (child == 0) {
            for (const int stream : closed) {
                ::close(stream);
            }
            easel::process::openStandardStreams();
            for (const int stream : closed) {
                if (::fcntl(stream, F_GETFD) != 0) {
                    std::_Exit(1);
                }
            }
            std::_Exit(::open("/", O_RDONLY) > STDERR_FILENO ? 0 : 2);
        }
        int status = -1;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QCOMPARE(status, 0);
    }

#ifdef EASEL_APP
    void theAppSeesToItFirst() {
        const QTemporaryDir home;
        QProcess app;
        auto environment = QProcessEnvironment::systemEnvironment();
        for (const char* folder : {"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"}) {
            environment.insert(folder, home.path());
        }
        app.setProcessEnvironment(environment);
        app.start("/bin/sh", {"-c", R"(exec "$0" <&- >&- 2>&-)", EASEL_APP});
        QVERIFY(app.waitForStarted());
        for (const int stream : {0, 1, 2}) {
            const QString entry = QStringLiteral("/proc/%1/fd/%2").arg(app.processId()).arg(stream);
            QTRY_COMPARE_WITH_TIMEOUT(QFile::symLinkTarget(entry), QString("/dev/null"), 30'000);
        }
        app.kill();
        QVERIFY(app.waitForFinished());
    }
#endif
};

QTEST_GUILESS_MAIN(TestStandardStreams)
#include "test_standard_streams.moc"
