// SPDX-License-Identifier: Apache-2.0
// The picture of a checkpoint is that of the folder with the same weights, bit by bit.
#include <QTemporaryDir>
#include <QTest>

#include <ATen/ATen.h>

#include "server/diffusion/weights/weights.h"
#include "server/models/model_folder.h"
#include "tests/server/diffusion/one_model.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/server/models/small_model.h"

using namespace easel;
using namespace easel::tests;

namespace {

using Tensors = QList<StoredTensor>;

Tensors in(Tensors tensors, const QString& dtype) {
    for (StoredTensor& tensor : tensors) {
        tensor.dtype = dtype;
    }
    return tensors;
}

/// Matrices and convolutions of the UNet in `dtype`, each with a scale beside it; what else there is in fp16.
Tensors scaled(const Tensors& tensors, const QString& dtype) {
    Tensors all{{"model.diffusion_model.scaled_fp8", {0}, {}, "F8_E4M3"}};
    float scale = 0.25F;
    for (StoredTensor tensor : tensors) {
        tensor.dtype = "F16";
        if (tensor.name.startsWith("model.diffusion_model.") && tensor.name.endsWith(".weight") &&
            tensor.shape.size() > 1) {
            tensor.dtype = dtype;
            for (float& number : tensor.numbers) {
                number /= scale;
            }
            const QString module = tensor.name.chopped(QString("weight").size());
            all += {module + "scale_weight", {}, {scale}};
            all += {module + "scale_input", {}, {3.5F}};
            scale = scale == 0.25F ? 2.0F : 0.25F;
        }
        all += tensor;
    }
    return all;
}

Tensors nested(Tensors tensors) {
    for (StoredTensor& tensor : tensors) {
        tensor.name.prepend("state_dict.");
    }
    return tensors;
}

}  // namespace

class TestCheckpoints : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void drawAsFoldersDo_data();
    void drawAsFoldersDo();
    void weightsAreTheFolders_data();
    void weightsAreTheFolders();
    void partsFromElsewhere();
    void aTensorTooMuchIsNamed();
    void oneThatIsNotFiniteIsNamed();
    void aScaleThatIsTooLargeIsNamed();

private:
    /// What the model at `place` draws; empty with the test failed when it draws nothing.
    static std::vector<std::uint8_t> picture(const std::filesystem::path& place) {
        auto settings = small();
        settings.steps = 2;
        settings.negativePrompt = "a dog";
        settings.guidance = 4;
        const Drawn drawn = draw(load(place), settings);
        return drawn.images.size() == 1 ? drawn.images.front().rgb : std::vector<std::uint8_t>();
    }
    /// What the folder of `name` draws.
    const std::vector<std::uint8_t>& expected(const QString& name) {
        auto& known = m_expected[name];
        if (known.empty()) {
            SmallModel(name).writeFolder(m_dir.filePath(name));
            known = picture(m_dir.filePath(name).toStdString());
        }
        return known;
    }
    std::filesystem::path written(const Tensors& tensors) const {
        writeTensors(m_dir.filePath("model.safetensors"), tensors);
        return m_dir.filePath("model.safetensors").toStdString();
    }

    QTemporaryDir m_dir;
    QMap<QString, std::vector<std::uint8_t>> m_expected;
};

void TestCheckpoints::drawAsFoldersDo_data() {
    using Edit = std::function<Tensors(const SmallModel&)>;
    QTest::addColumn<QString>("name");
    QTest::addColumn<Edit>("tensors");
    const auto original = [](const SmallModel& model) { return model.checkpoint(); };
    for (const char* const name : {"sd1", "sd2", "sdxl"}) {
        QTest::addRow("%s", name) << name << Edit(original);
    }
    for (const char* const dtype : {"F16", "BF16", "F8_E4M3", "F8_E5M2"}) {
        QTest::newRow(dtype) << "sd1" << Edit([dtype](const SmallModel& model) {
            return in(model.checkpoint(), dtype);
        });
    }
    for (const char* const dtype : {"F8_E4M3", "F32"}) {
        QTest::addRow("scaled %s", dtype)
            << "sd1" << Edit([dtype](const SmallModel& model) { return scaled(model.checkpoint(), dtype); });
    }
    QTest::newRow("nested") << "sd1"
                            << Edit([](const SmallModel& model) { return nested(model.checkpoint()); });
    QTest::newRow("in diffusers' names") << "sd1" << Edit([](const SmallModel& model) {
        return model.part("unet", true) + model.part("vae", true) + model.part("text_encoder", true);
    });
    QTest::newRow("with what training left") << "sd2" << Edit([](const SmallModel& model) {
        Tensors tensors = model.checkpoint();
        for (const char* const name : {"betas", "model_ema.decay", "cond_stage_model.model.logit_scale",
                                       "cond_stage_model.model.transformer.resblocks.23.ln_1.bias"}) {
            tensors += {name, {1}, {1}};
        }
        tensors += {"cond_stage_model.model.text_projection", {64, 64}, Numbers(4096, 0.5F)};
        return tensors;
    });
}

void TestCheckpoints::drawAsFoldersDo() {
    QFETCH(QString, name);
    QFETCH(std::function<Tensors(const SmallModel&)>, tensors);
    const auto& of = expected(name);
    QVERIFY(!of.empty() && std::ranges::adjacent_find(of, std::not_equal_to<>()) != of.end());
    QVERIFY(picture(written(tensors(SmallModel(name)))) == of);
}

void TestCheckpoints::weightsAreTheFolders_data() {
    QTest::addColumn<QString>("name");
    for (const char* const name : {"sd2", "sdxl", "sdxl-refiner"}) {
        QTest::newRow(name) << name;
    }
}

/// Bit by bit and in C order: a projection that stands transposed in the file, too, which has the same shape
/// either way.
void TestCheckpoints::weightsAreTheFolders() {
    QFETCH(QString, name);
    constexpr int kWords = 64;
    const SmallModel model(name, kWords);
    const QTemporaryDir dir;
    model.writeFolder(dir.filePath("folder"));
    const auto file = models::openModelFolder(written(model.checkpoint()));
    const auto folder = models::openModelFolder(dir.filePath("folder").toStdString());
    QVERIFY(file && folder);
    const diffusion::Placement placement{c10::Device(c10::kCPU), c10::kFloat};
    for (const std::string& part : models::partsWithWeights(*folder)) {
        const diffusion::Weights mine(*models::openWeights(*file, part), placement);
        const diffusion::Weights theirs(*models::openWeights(*folder, part), placement);
        for (const SmallModel::Row& row : model.rows()) {
            if (row.part.toStdString() == part) {
                const std::vector<std::int64_t> shape(row.shape.begin(), row.shape.end());
                const at::Tensor weight = mine.tensor(row.name.toStdString(), shape);
                QVERIFY2(weight.is_contiguous() && weight.equal(theirs.tensor(row.name.toStdString(), shape)),
                         qPrintable(row.part + ' ' + row.name));
            }
        }
        QVERIFY(mine.finish().empty());
    }
}

void TestCheckpoints::partsFromElsewhere() {
    Tensors tensors = SmallModel("sd1").checkpoint();
    tensors.removeIf(
        [](const StoredTensor& tensor) { return !tensor.name.startsWith("model.diffusion_model."); });
    const auto& of = expected("sd1");
    const auto place = written(tensors);
    writeJson(m_dir.filePath("model.easel.json"), {{"base", "sd1"}});
    QVERIFY(picture(place) == of);
    QFile::remove(m_dir.filePath("model.easel.json"));
}

void TestCheckpoints::aTensorTooMuchIsNamed() {
    Tensors tensors = SmallModel("sd1").checkpoint();
    tensors += {"model.diffusion_model.input_blocks.1.0.in_layers.1.weight", {1}, {1}};
    const std::string said = complaint(written(tensors));
    QVERIFY2(said.find("input_blocks.1.0.in_layers.1.weight of shape [1] belongs to no layer") !=
                 std::string::npos,
             said.c_str());
}

void TestCheckpoints::oneThatIsNotFiniteIsNamed() {
    for (const auto& [dtype, nan] : {std::pair{"F8_E4M3", '\x7f'}, {"F8_E5M2", '\x7c'}}) {
        const Tensors tensors = in(SmallModel("sd1").checkpoint(), dtype);
        written(tensors);
        QFile file(m_dir.filePath("model.safetensors"));
        QVERIFY(file.open(QIODevice::ReadWrite));
        QVERIFY(file.seek(file.size() - 1) && file.putChar(nan));
        file.close();
        const std::string said = complaint(m_dir.filePath("model.safetensors").toStdString());
        QVERIFY2(said.find("not finite") != std::string::npos, said.c_str());
    }
}

void TestCheckpoints::aScaleThatIsTooLargeIsNamed() {
    Tensors tensors = SmallModel("sd1").checkpoint();
    tensors += {"model.diffusion_model.out.2.scale_weight", {}, {3e38F}};
    for (StoredTensor& tensor : tensors) {
        if (tensor.name == "model.diffusion_model.out.2.weight") {
            tensor.numbers.front() = 2;
        }
    }
    const std::string said = complaint(written(tensors));
    QVERIFY2(said.find("conv_out.weight holds numbers that its scale makes infinite") != std::string::npos,
             said.c_str());
}

QTEST_GUILESS_MAIN(TestCheckpoints)
#include "test_checkpoints.moc"
