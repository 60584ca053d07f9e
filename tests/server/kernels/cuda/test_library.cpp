// SPDX-License-Identifier: Apache-2.0
// How the library with the kernels is loaded, and what is refused.
#include <QTest>

#include "server/kernels/cuda/library.h"

using namespace easel::kernels::cuda;

class CudaLibraryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itsFunctionsAreFound() {
        const Library library = openLibrary(KERNELS_ON_HOST);
        QVERIFY2(library.functions != nullptr, library.problem.c_str());
        QCOMPARE(std::string(library.functions->build), std::string("host"));
        float x[] = {1, 2, 3, 4};
        float out[] = {0, 0, 0, 0};
        QCOMPARE(library.functions->sum({NumberKind::Float32, x, nullptr, x, out, 1, 1, 4, false}, nullptr),
                 0);
        QCOMPARE(out[3], 8.0F);
    }

    void oneThatIsNotThereSaysSo() {
        const Library library = openLibrary("/no/such/libeasel_cuda.so");
        QVERIFY(library.functions == nullptr);
        QVERIFY(library.problem.find("/no/such") != std::string::npos);
    }

    void anotherLibraryIsRefused() {
        const Library library = openLibrary("libm.so.6");
        QVERIFY(library.functions == nullptr);
        QVERIFY(library.problem.find("another version") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(CudaLibraryTest)
#include "test_library.moc"
