// SPDX-License-Identifier: Apache-2.0
// Models with LoRAs beside each other in memory: what they share, what they leave behind, and how they go.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

#include "server/diffusion/engine.h"
#include "tests/server/diffusion/lora_loader.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/server/models/safetensors_bytes.h"
#include "tests/support/same_picture.h"

using namespace easel;
using namespace easel::diffusion;
using tests::greatestDifference;
using tests::kModel;
using tests::kPlenty;
using tests::Loader;
using tests::use;

namespace {

/// The LoRA `name` without what changes the UNet's way down, as a file of its own.
std::filesystem::path withoutTheWayDown(const QString& name, const QTemporaryDir& folder) {
    QFile file(QString::fromStdString(use(name.toStdString()).file.string()));
    if (!file.open(QIODevice::ReadOnly)) {
        throw std::runtime_error("no fixture");
    }
    const QByteArray bytes = file.readAll();
    const auto length = qFromLittleEndian<quint64>(bytes.constData());
    QJsonObject header = QJsonDocument::fromJson(bytes.mid(8, qsizetype(length))).object();
    QByteArray kept;
    for (const QString& key : header.keys()) {
        QJsonObject tensor = header[key].toObject();
        const QJsonArray place = tensor["data_offsets"].toArray();
        if (key.startsWith("lora_unet_down_blocks_")) {
            header.remove(key);
        } else if (!place.isEmpty()) {
            const auto begin = kept.size();
            kept += bytes.mid(qsizetype(8 + length) + place[0].toInteger(),
                              place[1].toInteger() - place[0].toInteger());
            tensor["data_offsets"] = QJsonArray{begin, kept.size()};
            header[key] = tensor;
        }
    }
    const QString path = folder.filePath("less.safetensors");
    writeFile(path, safetensorsBytes(QJsonDocument(header).toJson(QJsonDocument::Compact), 0) + kept);
    return path.toStdString();
}

}  // namespace

class LorasInMemoryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingIsLeftBehind() {
        const c10::InferenceMode inference;
        Loader loader;
        const at::Tensor before = loader.draw({});
        const at::Tensor with = loader.draw({use("kohya")});
        QVERIFY(greatestDifference(before, with) > 0.01);
        QVERIFY(at::equal(loader.draw({}), before));
        QVERIFY(at::equal(loader.draw({use("kohya")}), with));
        QVERIFY(greatestDifference(loader.draw({use("lokr")}), with) > 0.01);
        QVERIFY(at::equal(loader.draw({}), before));
        // Alone, and before any plain picture.
        Loader other;
        QVERIFY(at::equal(other.draw({use("kohya")}), with));
        QVERIFY(at::equal(other.draw({}), before));
    }

    void requestsNameThemInTheFieldAndInThePrompt() {
        QTemporaryDir folder;
        auto engine = std::move(*diffusion::Engine::open({.device = "cpu", .precision = "fp32"}));
        struct Asked {
            std::vector<protocol::LoraUse> loras;
            std::string tags;
            std::optional<image::Image> image = {};
            std::optional<protocol::Problem> problem = {};
        };
        std::vector<Asked> all{{{}, ""},
                               {{{"mine", 0.5, {}}}, ""},
                               {{}, "<lora:mine:0.5>"},
                               {{{"mine", 0.25, {}}}, "<lora:mine:0.25>"},
                               {{}, "<lora:other:1>"},
                               {{{"mine", 0, {}}}, ""},
                               {{{"nowhere", 1, {}}}, ""},
                               {{}, ""},
                               {{{"mine", 1, {}}}, ""},
                               {{{"mine", 1, {}, {0, 1, 1}}}, ""},
                               {{{"less", 1, {}}}, ""},
                               {{{"mine", 1, {}, {0, 1, 1}}}, "<lora:mine:0.5>"},
                               {{{"less", 1, {}}}, "<lora:mine:0.5>"},
                               {{}, "<lora:mine:1:lbw=0,1,1>"},
                               {{{"mine", 1, {}, {1, 1}}}, ""}};
        std::size_t finished = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            Asked& asked = all[i];
            protocol::GenerationSettings settings;
            settings.prompt = "a red circle" + asked.tags;
            settings.width = settings.height = 64;
            settings.steps = 3;
            settings.sampler = "ddim";
            settings.seed = 5;
            settings.loras = asked.loras;
            using Kind = generator::Material::Kind;
            engine->submit(
                std::to_string(i),
                {{"model", kModel},
                 {{Kind::Lora, "mine", use("kohya").file},
                  {Kind::Lora, "other", use("lokr").file},
                  {Kind::Lora, "less", withoutTheWayDown("kohya", folder)}}},
                settings,
                {.progress = {},
                 .image = [&asked](int, auto, image::Image image) { asked.image = std::move(image); },
                 .finished =
                     [&](auto problem) {
                         asked.problem = std::move(problem);
                         ++finished;
                     }});
        }
        while (finished < all.size()) {
            engine->step();
        }
        QVERIFY(all[6].problem && all[6].problem->field == "loras");
        QVERIFY(all.back().problem && all.back().problem->field == "loras");
        QVERIFY(all.back().problem->detail.starts_with("blocks has 2 numbers."));
        all.pop_back();
        all.erase(all.begin() + 6);
        for (const Asked& asked : all) {
            QVERIFY2(!asked.problem, asked.problem ? asked.problem->detail.c_str() : "");
        }
        const auto isSame = [&all](std::size_t one, std::size_t other) {
            return tests::isSamePicture(all[one].image.value(), all[other].image.value());
        };
        QVERIFY(isSame(1, 2) && isSame(1, 3));
        QVERIFY(isSame(0, 5) && isSame(0, 6));
        QVERIFY(!isSame(0, 1) && !isSame(0, 4) && !isSame(1, 4));
        QVERIFY(isSame(8, 9) && isSame(8, 12) && isSame(10, 11));
        QVERIFY(!isSame(7, 8) && !isSame(8, 10) && !isSame(0, 8));
    }

    void whatIsLeftAloneIsShared() {
        Loader loader;
        const auto plain = loader.get({}).model;
        const auto used = kPlenty - loader->memoryLeft();
        const auto changed = loader.get({use("locon")}).model;
        QVERIFY(plain != changed);
        const auto more = kPlenty - loader->memoryLeft() - used;
        QVERIFY2(more > 0 && more < used / 4, qPrintable(QString::number(more)));
        QCOMPARE(loader.get({use("locon")}).model, changed);
        QCOMPARE(loader.get({}).model, plain);
        QVERIFY(loader.get({use("locon", 0.9)}).model != changed);
        QCOMPARE(loader->status().models.size(), std::size_t{1});
    }

    void aModelThatIsLetGoTakesItsChangedOnesAlong() {
        Loader loader;
        loader.get({use("locon")});
        loader.get({use("lokr")});
        loader.get({});
        loader->drop("model");
        QCOMPARE(loader->memoryLeft(), kPlenty);
        QVERIFY(loader->status().models.empty());
    }

    void onlyTheLatestAreKept() {
        Loader loader;
        loader.get({});
        std::int64_t after4 = 0;
        for (int i = 1; i <= 9; ++i) {
            loader.get({use("locon", 0.1 * i)});
            after4 = i == 4 ? loader->memoryLeft() : after4;
        }
        QCOMPARE(loader->memoryLeft(), after4);
    }

    void roomIsMadeOfWhatIsNotInUse() {
        Loader ample;
        ample.get({use("lokr")});
        const auto one = kPlenty - ample->memoryLeft();
        Loader loader(one + 100);
        const auto held = loader.get({use("lokr")}).model;
        QVERIFY(held);
        QVERIFY(loader.get({use("locon")}).state == ModelLoader::State::NoRoom);
        QVERIFY(loader.get({}).model != nullptr);  // is all there
        Loader small(one - 100);
        const auto answer = small.get({use("lokr")});
        QVERIFY(answer.state == ModelLoader::State::Failed);
        QVERIFY(small.get({}).model != nullptr);
    }

    void oneThatDoesNotFitFailsItsRequestAlone() {
        QTemporaryDir folder;
        const QByteArray header =
            R"({"lora_unet_nowhere.diff":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})";
        writeFile(folder.filePath("other.safetensors"), safetensorsBytes(header, 4));
        Loader loader;
        const auto answer = loader.get({{folder.filePath("other.safetensors").toStdString()}});
        QVERIFY(answer.state == ModelLoader::State::Failed);
        QVERIFY(QString::fromStdString(answer.problem->detail).contains("lora_unet_nowhere"));
        QVERIFY(loader->status().models.empty());  // it is not the model that failed
        QVERIFY(loader.get({}).model != nullptr);
    }

    void aFileThatHasChangedIsReadAgain() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("changing.safetensors").toStdString();
        std::filesystem::copy_file(use("locon").file, path);
        Loader loader;
        const auto first = loader.get({{path}}).model;
        QVERIFY(first);
        std::filesystem::copy_file(use("lokr").file, path, std::filesystem::copy_options::overwrite_existing);
        const auto second = loader.get({{path}}).model;
        QVERIFY(second && first != second);
    }
};

QTEST_GUILESS_MAIN(LorasInMemoryTest)
#include "test_loras_in_memory.moc"
