// SPDX-License-Identifier: Apache-2.0
#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/libtorch/choice.h"
#include "server/libtorch/loader.h"
#include "server/libtorch/pins.h"
#include "server/libtorch/place.h"
#include "server/libtorch/wheel.h"
#include "shared/process/spawn.h"

using namespace easel;
using libtorch::Kind;

namespace {

const std::string kHash = std::string(63, 'a') + "7";

void makeLibtorch(const std::filesystem::path& folder, bool isComplete = true) {
    std::filesystem::create_directories(folder / "torch" / "lib");
    std::ofstream(folder / "torch" / "lib" / libtorch::kMainLibrary).flush();
    if (isComplete) {
        std::ofstream(folder / libtorch::kComplete).flush();
    }
}

}  // namespace

/// The lists, the driver, and where a libtorch is found.
class TestLibtorchParts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theListsThatAreBuiltInAreThoseOfThePackaging() {
        for (const Kind kind : {Kind::Cpu, Kind::Cuda}) {
            const QString name = QString::fromLatin1(toString(kind).data());
            const QString other = kind == Kind::Cpu ? "cuda12-cpu" : "cuda12";
            QFile file(EASEL_SOURCE_DIR "/packaging/libtorch-" + (libtorch::kCuda == 12 ? other : name) +
                       ".txt");
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray text = file.readAll();
            QCOMPARE(libtorch::listOf(kind), std::string_view(text.constData(), text.size()));
            const auto& list = libtorch::pinsOf(kind);
            const QByteArray hash = QCryptographicHash::hash(text, QCryptographicHash::Sha256).toHex();
            QCOMPARE(QString::fromStdString(list.name), name + "-" + hash.left(12));
            QVERIFY(std::ranges::count(list.pins, "torch", &libtorch::Pin::project) == 1);
            QVERIFY(libtorch::isListName(list.name));
            QVERIFY(libtorch::kindFrom(toString(kind)) == kind);
        }
    }

    void allListsOfThePackagingAreLists() {
        const QDir folder(EASEL_SOURCE_DIR "/packaging");
        const QStringList names = folder.entryList({"libtorch-*.txt"});
        QVERIFY(names.size() >= 4);
        for (const QString& name : names) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray text = file.readAll();
            const auto list = libtorch::parsePins(Kind::Cpu, text.toStdString());
            QVERIFY2(list, qPrintable(name));
            QCOMPARE(static_cast<int>(list->pins.size()), text.count("--hash=sha256:"));
        }
    }

    void linesThatAreNoPinsAreRefused() {
        for (const std::string& line : std::vector<std::string>{
                 "torch", "torch==2.11.0", "torch --hash=sha256:" + kHash,
                 "torch>=2.11.0 --hash=sha256:" + kHash, "torch==2.11.0 --hash=sha256:" + kHash + "0",
                 "torch==2.11.0 --hash=sha256:" + kHash + " \\", "torch==2.11.0 --hash=sha1:" + kHash,
                 "==2.11.0 --hash=sha256:" + kHash, "torch== --hash=sha256:" + kHash,
                 "../torch==1 --hash=sha256:" + kHash, "..==1 --hash=sha256:" + kHash,
                 "torch==1 --hash=sha256:" + std::string(64, 'G')}) {
            QVERIFY2(!libtorch::parsePins(Kind::Cpu, line + "\n"), line.c_str());
        }
        QVERIFY(!libtorch::parsePins(Kind::Cpu, ""));
        QVERIFY(!libtorch::parsePins(Kind::Cpu, "# nothing\n\n"));
        const auto list = libtorch::parsePins(Kind::Cuda, "# one\n\ntorch==2.11.0 --hash=sha256:" + kHash);
        QVERIFY(list && list->name.starts_with("cuda-"));
        QVERIFY(list->pins == (std::vector<libtorch::Pin>{{"torch", "2.11.0", kHash}}));
    }

    void namesOfListsAreKnown() {
        for (const char* const name : {"cpu-0123456789ab", "cuda-000000000000"}) {
            QVERIFY2(libtorch::isListName(name), name);
        }
        for (const char* const name :
             {"", "cpu", "cpu-", "cpu-0123456789a", "cpu-0123456789abc", "rocm-0123456789ab",
              "cpu-0123456789aB", "cpu-../../../etc", "-0123456789ab"}) {
            QVERIFY2(!libtorch::isListName(name), name);
        }
    }

    void theKindFollowsTheDriver_data() {
        QTest::addColumn<QByteArray>("version");
        QTest::addColumn<bool>("hasDevice");
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("words");
        const QByteArray open =
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build\nGCC version: "
            "12.2.0\n";
        const QByteArray old = QByteArray::number(libtorch::kOldestDriver - 1) + ".183.01";
        const QByteArray closed =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + old + "  Sun May 12 2024\n";
        const QString tooOld = QStringLiteral("is %1, and CUDA %2 needs %3 or newer")
                                   .arg(old.constData())
                                   .arg(libtorch::kCuda)
                                   .arg(libtorch::kOldestDriver);
        QTest::newRow("new") << open << true << "cuda"
                             << "The NVIDIA driver is 580.82.07";
        QTest::newRow("old") << closed << true << "cpu" << tooOld;
        QTest::newRow("out of reach") << open << false << "cpu"
                                      << "/dev/nvidiactl is missing";
        QTest::newRow("of no version") << QByteArray() << true << "cuda"
                                       << "There is an NVIDIA driver";
        QTest::newRow("none") << QByteArray() << false << "cpu"
                              << "No NVIDIA driver";
    }

    void theKindFollowsTheDriver() {
        QFETCH(QByteArray, version);
        QFETCH(bool, hasDevice);
        QFETCH(QString, kind);
        QFETCH(QString, words);
        const QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        std::filesystem::create_directories(place / "proc/driver/nvidia");
        std::filesystem::create_directories(place / "dev");
        if (!version.isEmpty()) {
            std::ofstream(place / "proc/driver/nvidia/version") << version.toStdString();
        }
        if (hasDevice) {
            std::ofstream(place / "dev/nvidiactl").flush();
        }
        const auto choice = libtorch::choose(generator::findNvidia(place));
        QCOMPARE(QString::fromLatin1(toString(choice.kind).data()), kind);
        QVERIFY2(QString::fromStdString(choice.remark).contains(words), choice.remark.c_str());
    }

    void aKindThatIsWantedIsTaken() {
        const generator::Nvidia none;
        const generator::Nvidia fresh{.cards = {}, .driver = "590.1", .isReachable = true};
        const generator::Nvidia old{.cards = {}, .driver = "470.183.01", .isReachable = true};
        for (const Kind kind : {Kind::Cpu, Kind::Cuda}) {
            for (const generator::Nvidia& driver : {none, fresh, old}) {
                const auto choice = libtorch::choose(driver, kind);
                QVERIFY(choice.kind == kind);
                const bool isInVain = kind == Kind::Cuda && driver.driver == old.driver;
                QCOMPARE(choice.remark.find("the GPU will not draw") != std::string::npos, isInVain);
                QCOMPARE(choice.remark.empty(), !isInVain);
            }
        }
    }

    void itIsFoundWhereItIsComplete() {
        const QTemporaryDir folder;
        const std::filesystem::path own = folder.filePath("own").toStdString();
        const std::filesystem::path system = folder.filePath("system").toStdString();
        libtorch::Search search{.given = {}, .folders = {own, system}, .names = {"cpu-a", "cuda-b"}};
        const auto missing = libtorch::find(search);
        QVERIFY(!missing);
        QCOMPARE(missing.error().detail, std::string("libtorch is missing: run \"easel-server setup\"."));
        makeLibtorch(own / "cpu-a", false);
        makeLibtorch(own / "cpu-of-another-version");
        makeLibtorch(own / "cpu-a.part");
        QVERIFY(!libtorch::find(search));
        makeLibtorch(system / "cuda-b");
        QCOMPARE(libtorch::find(search)->libraries, system / "cuda-b" / "torch" / "lib");
        QCOMPARE(libtorch::find(search)->mark, system / "cuda-b" / "complete");
        makeLibtorch(own / "cpu-a");
        QCOMPARE(libtorch::find(search)->libraries, own / "cpu-a" / "torch" / "lib");
        search.hasDriver = true;
        QCOMPARE(libtorch::find(search)->libraries, system / "cuda-b" / "torch" / "lib");
    }

    void oneThatWasNamedComesFirst() {
        const QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        makeLibtorch(place / "own" / "cpu-a");
        std::filesystem::create_directories(place / "archive" / "lib");
        std::ofstream(place / "archive" / "lib" / libtorch::kMainLibrary).flush();
        libtorch::Search search{
            .given = place / "archive", .folders = {place / "own"}, .names = {"cpu-a", "cuda-b"}};
        QCOMPARE(libtorch::find(search)->libraries, place / "archive" / "lib");
        QVERIFY(libtorch::find(search)->mark.empty());
        search.given = place / "archive" / "lib";
        QCOMPARE(libtorch::find(search)->libraries, place / "archive" / "lib");
        search.given = place / "own" / "cpu-a";
        QCOMPARE(libtorch::find(search)->libraries, place / "own" / "cpu-a" / "torch" / "lib");
        search.given = place / "nowhere";
        const auto wrong = libtorch::find(search);
        QVERIFY(!wrong && wrong.error().field == "EASEL_LIBTORCH");
    }

    void onlyWhatAProgramLoadsIsWanted() {
        for (const char* const name :
             {"torch/lib/libtorch_cpu.so", "torch/lib/libgomp.so.1", "torch/lib/libc10.so",
              "nvidia/cu13/lib/libcudart.so.13", "nvidia/cudnn/lib/libcudnn_ops.so.9",
              "torch-2.11.0.dist-info/licenses/LICENSE", "nvidia/cusparselt/LICENSE.txt",
              "nvidia_cublas-13.1.0.3.dist-info/License.txt"}) {
            QVERIFY2(isWanted(name, Kind::Cpu) && isWanted(name, Kind::Cuda), name);
        }
        for (const char* const name :
             {"torch/__init__.py", "torch/include/ATen/ATen.h", "torch/lib/libtorch_python.so",
              "torch/_C.cpython-311-x86_64-linux-gnu.so", "torch/lib/libz.a",
              "nvidia/cu13/lib/libcudart_static.a", "nvidia/cu13/include/cuda.h",
              "torch-2.11.0.dist-info/RECORD", "functorch/_C.so", "torch/licenses.py", ""}) {
            QVERIFY2(!isWanted(name, Kind::Cpu) && !isWanted(name, Kind::Cuda), name);
        }
        for (const char* const name :
             {"torch/lib/libtorch_cuda.so", "torch/lib/libc10_cuda.so", "torch/lib/libtorch.so",
              "torch/lib/libcaffe2_nvrtc.so", "torch/lib/libtorch_nvshmem.so"}) {
            QVERIFY2(!isWanted(name, Kind::Cpu) && isWanted(name, Kind::Cuda), name);
        }
    }

    void theLoaderSaysWhatIsMissing() {
        const auto own = process::ownEnvironment();
        const std::string library = libtorch::kMainLibrary;
        QVERIFY(libtorch::misses(FAKE_WORKER_WITH_TORCH, library, own));
        QVERIFY(!libtorch::misses(FAKE_WORKER_WITH_TORCH, library, {"LD_LIBRARY_PATH=" STAND_IN_TORCH}));
        QVERIFY(!libtorch::misses(FAKE_WORKER_WITH_TORCH, "libother.so", own));
        QVERIFY(!libtorch::misses(FAKE_WORKER, library, own));  // needs none
        QVERIFY(!libtorch::misses("/nowhere/easel-worker", library, own));
        QVERIFY(!libtorch::misses(EASEL_SOURCE_DIR, library, own));
        // Nothing of the program is started, nor of a script.
        const QTemporaryDir folder;
        const std::filesystem::path script = folder.filePath("worker").toStdString();
        std::ofstream(script) << "#!/bin/sh\ntouch '" << folder.filePath("ran").toStdString() << "'\n";
        std::filesystem::permissions(script, std::filesystem::perms::owner_all);
        QVERIFY(!libtorch::misses(script, library, own));
        QVERIFY(!QFile::exists(folder.filePath("ran")));
    }
};

QTEST_GUILESS_MAIN(TestLibtorchParts)
#include "test_libtorch_parts.moc"
