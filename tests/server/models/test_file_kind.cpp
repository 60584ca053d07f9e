// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include "server/models/files/file_kind.h"
#include "tests/server/models/safetensors_bytes.h"

using namespace easel;
using models::FileKind;

namespace {

struct Named {
    QByteArray name;
    QList<int> shape{32, 32};
};

/// A file of such tensors, in F16.
QByteArray fileOf(const QList<Named>& tensors) {
    QByteArray header = "{";
    qsizetype end = 0;
    for (const auto& [name, shape] : tensors) {
        QByteArray extents;
        qsizetype bytes = 2;
        for (const int extent : shape) {
            extents += (extents.isEmpty() ? "" : ",") + QByteArray::number(extent);
            bytes *= extent;
        }
        header += (header.size() > 1 ? ",\"" : "\"") + name + "\":{\"dtype\":\"F16\",\"shape\":[" + extents +
                  "],\"data_offsets\":[" + QByteArray::number(end) + ',' + QByteArray::number(end + bytes) +
                  "]}";
        end += bytes;
    }
    return safetensorsBytes(header + '}', end);
}

const QByteArray kUNet = "model.diffusion_model.input_blocks.0.0.weight";
const QByteArray kVae = "decoder.mid.block_1.norm1.weight";

}  // namespace

class TestFileKind : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void kinds_data() {
        QTest::addColumn<QList<Named>>("tensors");
        QTest::addColumn<QString>("kind");
        QTest::newRow("a checkpoint") << QList<Named>{{kUNet}, {"first_stage_model." + kVae}} << "checkpoint";
        QTest::newRow("nested") << QList<Named>{{"state_dict." + kUNet},
                                                {"state_dict.cond_stage_model.transformer.x"}}
                                << "checkpoint";
        QTest::newRow("in diffusers' names")
            << QList<Named>{{"unet.conv_in.weight"}, {"vae.decoder.conv_in.weight"}} << "checkpoint";
        QTest::newRow("a UNet") << QList<Named>{{kUNet}, {"model.diffusion_model.out.2.weight"}} << "unet";
        QTest::newRow("a UNet in diffusers' names")
            << QList<Named>{{"conv_in.weight"}, {"down_blocks.0.resnets.0.conv1.weight"}} << "unet";
        QTest::newRow("a VAE") << QList<Named>{{kVae}, {"encoder.conv_in.weight"}} << "vae";
        QTest::newRow("a VAE in diffusers' names")
            << QList<Named>{{"decoder.mid_block.resnets.0.norm1.weight"}} << "vae";
        QTest::newRow("a VAE's part of a checkpoint") << QList<Named>{{"first_stage_model." + kVae}} << "vae";
        QTest::newRow("TAESD") << QList<Named>{{"1.weight"}, {"3.conv.0.weight"}, {"3.conv.4.weight"}}
                               << "tiny_vae";
        QTest::newRow("TAESD in diffusers' names")
            << QList<Named>{{"decoder.layers.1.conv.0.weight"}} << "tiny_vae";
        QTest::newRow("a text encoder")
            << QList<Named>{{"text_model.embeddings.token_embedding.weight"}} << "text_encoder";
        QTest::newRow("OpenCLIP's") << QList<Named>{{"transformer.resblocks.0.ln_1.weight"}}
                                    << "text_encoder";
        QTest::newRow("a ControlNet")
            << QList<Named>{{"down_blocks.0.resnets.0.conv1.weight"}, {"controlnet_down_blocks.0.weight"}}
            << "controlnet";
        QTest::newRow("a ControlNet in LDM's names")
            << QList<Named>{{"control_model.input_hint_block.0.weight"}} << "controlnet";
        for (const char* const name :
             {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight",
              "unet.down_blocks.0.attentions.0.proj_in.lora_A.weight",
              "mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight",
              "base_model.model.conv_in.lora_A.default.weight", "lora_unet_mid_block_x.hada_w1_a",
              "lora_te_text_model_encoder_layers_0_mlp_fc1.lokr_w1", "unet.x.to_q.lora.up.weight",
              "unet.x.to_q.lora_linear_layer.up.weight"}) {
            QTest::newRow(name) << QList<Named>{{name}} << "lora";
        }
        QTest::newRow("an embedding") << QList<Named>{{"emb_params", {3, 768}}} << "embedding";
        QTest::newRow("an embedding of one vector") << QList<Named>{{"<my-dog>", {768}}} << "embedding";
        QTest::newRow("an embedding for two encoders")
            << QList<Named>{{"clip_l", {2, 768}}, {"clip_g", {2, 1280}}} << "embedding";
        QTest::newRow("a whole vocabulary is none") << QList<Named>{{"weight", {2000, 16}}} << "unknown";
        QTest::newRow("convolutions are none") << QList<Named>{{"weight", {16, 16, 3, 3}}} << "unknown";
        QTest::newRow("SD3") << QList<Named>{{"model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.bias"}}
                             << "other";
        QTest::newRow("FLUX") << QList<Named>{{"double_blocks.0.img_attn.norm.key_norm.scale"}} << "other";
        QTest::newRow("an upscaler") << QList<Named>{{"model.1.sub.0.RDB1.conv1.0.weight"}} << "other";
        QTest::newRow("an IP-Adapter") << QList<Named>{{"ip_adapter.1.to_k_ip.weight"}} << "other";
        QTest::newRow("nothing") << QList<Named>{} << "unknown";
    }

    void kinds() {
        QFETCH(QList<Named>, tensors);
        QFETCH(QString, kind);
        const QTemporaryDir dir;
        writeFile(dir.filePath("lora.safetensors"), fileOf(tensors));  // whatever it is called
        const auto nature = models::classify(dir.filePath("lora.safetensors").toStdString());
        QVERIFY2(nature, nature ? "" : nature.error().detail.c_str());
        const std::string_view name = models::toString(nature->kind);
        QCOMPARE(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())), kind);
        QVERIFY(!nature->what.empty());
    }

    /// Not even looked at: no byte of it is read, and it need not be there.
    void picklesAreRefusedByTheirNames() {
        for (const char* const name : {"model.ckpt", "embedding.pt", "x.pth", "pytorch_model.bin"}) {
            const auto nature = models::classify(name);
            QVERIFY(!nature);
            QVERIFY(nature.error().detail.find("safetensors.torch.save_file") != std::string::npos);
        }
        QVERIFY(!models::isPickleName("model.safetensors"));
    }

    void whatIsNoSafetensorsFile() {
        const QTemporaryDir dir;
        writeFile(dir.filePath("x.safetensors"), "PK\x03\x04 and so on");
        const auto nature = models::classify(dir.filePath("x.safetensors").toStdString());
        QVERIFY(!nature);
        QVERIFY(nature.error().detail.find("zip archive") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestFileKind)
#include "test_file_kind.moc"
