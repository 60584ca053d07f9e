// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>
#include <filesystem>

#include "server/models/addons.h"
#include "tests/server/models/safetensors_bytes.h"

using namespace easel;
using models::Addons;
using protocol::AddonKind;

namespace {

const std::filesystem::path kLoras = EASEL_SOURCE_DIR "/tests/fixtures/loras";

/// A folder with folders of add-ons.
class Place {
public:
    std::filesystem::path path() const { return m_folder.path().toStdString(); }
    void put(const std::string& name,
             const std::filesystem::path& file = kLoras / "kohya.safetensors") const {
        std::filesystem::create_directories((path() / name).parent_path());
        std::filesystem::copy_file(file, path() / name, std::filesystem::copy_options::overwrite_existing);
    }
    void write(const std::string& name, const QByteArray& bytes) const {
        std::filesystem::create_directories((path() / name).parent_path());
        writeFile(QString::fromStdString((path() / name).string()), bytes);
    }

private:
    QTemporaryDir m_folder;
};

std::vector<std::string> namesOf(Addons& addons, std::optional<AddonKind> kind = {}) {
    std::vector<std::string> names;
    for (const auto& addon : addons.list(kind)) {
        names.push_back(std::string(toString(addon.kind)) + ' ' + addon.name);
    }
    return names;
}

}  // namespace

class TestAddons : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theFoldersOfPeopleAreFound_data() {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("found");
        for (const char* const folder : {"loras", "lora", "Lora", "LyCORIS"}) {
            QTest::newRow(folder) << folder << "lora it";
        }
        for (const char* const folder : {"embeddings", "Embeddings"}) {
            QTest::newRow(folder) << folder << "embedding it";
        }
        for (const char* const folder : {"vaes", "VAE"}) {
            QTest::newRow(folder) << folder << "vae it";
        }
        for (const char* const folder : {"controlnets", "ControlNet"}) {
            QTest::newRow(folder) << folder << "controlnet it";
        }
        for (const char* const folder : {"tiny_vaes", "VAE-approx"}) {
            QTest::newRow(folder) << folder << "tiny_vae it";
        }
    }

    void theFoldersOfPeopleAreFound() {
        QFETCH(QString, folder);
        QFETCH(QString, found);
        const Place place;
        place.put(folder.toStdString() + "/sorted/deeper/it.safetensors");
        place.put("others/not.safetensors");
        place.put("not.safetensors");
        place.write(folder.toStdString() + "/not.txt", "a note");
        Addons addons({place.path()});
        QCOMPARE(namesOf(addons), std::vector<std::string>{found.toStdString()});
    }

    void whatAFileSays() {
        const Place place;
        place.put("loras/mine.safetensors");
        Addons addons({place.path()});
        const auto mine = addons.list().front();
        QCOMPARE(mine.title, std::string("made-for-tests"));
        QCOMPARE(mine.family, std::string("Stable Diffusion 1"));
        QCOMPARE(mine.rank, std::int64_t{3});
        QCOMPARE(mine.triggers.front(), std::string("red circle"));
        QCOMPARE(mine.bytes,
                 static_cast<std::int64_t>(std::filesystem::file_size(kLoras / "kohya.safetensors")));
        QVERIFY(mine.why.empty());
    }

    void whatCannotBeUsedSaysWhy() {
        const Place place;
        place.write("loras/broken.safetensors", "not a file of tensors");
        place.put("vaes/lora.safetensors");
        Addons addons({place.path()});
        const auto all = addons.list();
        QCOMPARE(all.size(), std::size_t{2});
        QVERIFY2(!all[0].why.empty(), "broken");
        QVERIFY2(all[1].why.find("not a VAE but a LoRA") != std::string::npos, all[1].why.c_str());
    }

    void foldersThatHoldOne() {
        const Place place;
        place.put("loras/trained/adapter_model.safetensors");
        place.put("vaes/better/diffusion_pytorch_model.safetensors");
        Addons addons({place.path()});
        QCOMPARE(namesOf(addons), (std::vector<std::string>{"lora trained", "vae better"}));
        const auto found = addons.find(AddonKind::Lora, "trained", "loras");
        QVERIFY(found);
        QCOMPARE(*found, place.path() / "loras/trained");
        QCOMPARE(models::weightsOfAddon(*found).filename().string(),
                 std::string("adapter_model.safetensors"));
    }

    void aModelsOwnPartsAreNone() {
        const Place place;
        place.write("model_index.json", "{}");
        place.put("vae/diffusion_pytorch_model.safetensors");
        Addons addons({place.path()});
        QVERIFY(addons.list().empty());
    }

    void theFirstOfAnameStays() {
        const Place one;
        const Place two;
        one.put("loras/same.safetensors");
        two.put("loras/same.safetensors", kLoras / "lokr.safetensors");
        two.put("vaes/same.safetensors");
        Addons addons({one.path(), two.path()});
        QCOMPARE(namesOf(addons), (std::vector<std::string>{"lora same", "vae same"}));
        QCOMPARE(*addons.find(AddonKind::Lora, "same", "loras"), one.path() / "loras/same.safetensors");
    }

    void whatIsNotThereIsSaidWithTheNearest() {
        const Place place;
        for (const char* const name : {"pixel-art", "pixels", "watercolour", "zebra"}) {
            place.put(std::string("loras/") + name + ".safetensors");
        }
        Addons addons({place.path()});
        const auto found = addons.find(AddonKind::Lora, "pixel-ant", "loras");
        QVERIFY(!found);
        QCOMPARE(found.error().status, 422);
        QCOMPARE(found.error().field.value_or(""), "loras");
        const QString detail = QString::fromStdString(found.error().detail);
        QVERIFY2(detail.contains("\"pixel-ant\"") && detail.contains("most like it: pixel-art, pixels,"),
                 qPrintable(detail));
        const auto none = addons.find(AddonKind::ControlNet, "canny", "controls");
        QVERIFY(!none);
        QVERIFY(QString::fromStdString(none.error().detail).contains("--addons"));
    }

    void whatComesAndGoesIsFound() {
        const Place place;
        Addons addons({place.path()}, std::chrono::milliseconds(0));
        QVERIFY(!addons.find(AddonKind::Lora, "new", "loras"));
        place.put("loras/new.safetensors");
        QVERIFY(addons.find(AddonKind::Lora, "new", "loras"));
        QCOMPARE(addons.list().front().rank, std::int64_t{3});
        place.put("loras/new.safetensors", kLoras / "peft.safetensors");
        std::filesystem::last_write_time(
            place.path() / "loras/new.safetensors",
            std::filesystem::file_time_type::clock::now() + std::chrono::seconds(9));
        QCOMPARE(addons.list().front().rank, std::int64_t{4});
        std::filesystem::remove(place.path() / "loras/new.safetensors");
        QVERIFY(addons.list().empty());
    }
};

QTEST_GUILESS_MAIN(TestAddons)
#include "test_addons.moc"
