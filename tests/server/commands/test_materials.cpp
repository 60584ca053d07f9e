// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>

#include <QTemporaryDir>
#include <QTest>

#include "server/commands/materials.h"

using namespace easel;
using commands::materialsFor;
using generator::Material;

class TestMaterials : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aPictureThatHasGoneIsSaidByItsField() {
        const QTemporaryDir temporary;
        const std::filesystem::path inputs = temporary.path().toStdString();
        const std::string start(64, 'a');
        const std::string outline(64, 'b');
        for (const std::string& id : {start, outline}) {
            std::filesystem::create_directories(inputs / id.substr(0, 2));
            std::ofstream(inputs / id.substr(0, 2) / id) << "x";
        }
        protocol::GenerationSettings settings;
        settings.initImage = start;
        settings.mask = outline;
        const commands::ModelShelf shelf;
        const auto whole = materialsFor(settings, shelf, inputs);
        QVERIFY2(whole, whole ? "" : whole.error().detail.c_str());
        QCOMPARE(whole->size(), std::size_t{2});
        QCOMPARE(whole->back().path, inputs / "bb" / outline);
        std::filesystem::remove(inputs / "bb" / outline);
        const auto lost = materialsFor(settings, shelf, inputs);
        QVERIFY(!lost);
        QCOMPARE(lost.error().status, 422);
        QCOMPARE(lost.error().field, std::optional<std::string>("mask"));
        QVERIFY2(lost.error().detail.find("POST /v1/inputs") != std::string::npos,
                 lost.error().detail.c_str());
    }
};

QTEST_APPLESS_MAIN(TestMaterials)
#include "test_materials.moc"
