// SPDX-License-Identifier: Apache-2.0
// The samplers against diffusers: every schedule that can be asked for, and published sums.
#include "server/diffusion/samplers/sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <limits>

#include "server/diffusion/samplers/timesteps.h"
#include "shared/protocol/generation.h"
#include "tests/server/diffusion/tensor_file.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/diffusion";

models::SamplerSettings settingsOf(const QJsonObject& config, const std::string& sampler,
                                   const std::string& schedule = "default") {
    QTemporaryDir folder;
    QFile file(folder.filePath("scheduler_config.json"));
    [[maybe_unused]] const bool opened = file.open(QIODevice::WriteOnly);
    file.write(QJsonDocument(config).toJson());
    file.close();
    const auto read = models::readSchedulerConfig(file.fileName().toStdString());
    if (!read) {
        throw std::runtime_error(read.error().detail);
    }
    auto settings = models::settingsFor(*read, sampler);
    settings.karrasSigmas = settings.karrasSigmas || schedule == "karras";
    return settings;
}

QJsonObject stableDiffusion(const QString& spacing, bool velocity) {
    return {{"_class_name", "PNDMScheduler"},
            {"beta_start", 0.00085},
            {"beta_end", 0.012},
            {"beta_schedule", "scaled_linear"},
            {"skip_prk_steps", true},
            {"set_alpha_to_one", false},
            {"clip_sample", false},
            {"steps_offset", 1},
            {"timestep_spacing", spacing},
            {"prediction_type", velocity ? "v_prediction" : "epsilon"}};
}

double ulps(float a, float b) {
    return std::abs(a - b) / std::abs(std::nextafter(b, std::numeric_limits<float>::max()) - b);
}

}  // namespace

class SamplerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void schedulesEqualDiffusers_data();
    void schedulesEqualDiffusers();
    void runsReachTheGoldenSums_data();
    void runsReachTheGoldenSums();
    void trailingNeverRunsPastTheEnd();
};

void SamplerTest::schedulesEqualDiffusers_data() {
    QTest::addColumn<QString>("config");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    QTest::addColumn<int>("steps");
    const QStringList configs{"sd1-tiny", "sd2-tiny", "trailing", "linspace", "outdated",
                              "zero_snr", "euler",    "dpmpp_2m", "linear"};
    for (const QString& config : configs) {
        for (const std::string_view sampler : protocol::kSamplers) {
            for (const std::string_view schedule : protocol::schedulesOf(sampler)) {
                for (const int steps : {1, 4, 20, 50}) {
                    const auto name = QString::fromUtf8(sampler.data(), qsizetype(sampler.size()));
                    const auto kind = QString::fromUtf8(schedule.data(), qsizetype(schedule.size()));
                    QTest::addRow("%s/%s/%s/%d", qPrintable(config), qPrintable(name), qPrintable(kind),
                                  steps)
                        << config << name << kind << steps;
                }
            }
        }
    }
}

void SamplerTest::schedulesEqualDiffusers() {
    QFETCH(QString, config);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    QFETCH(int, steps);
    static const tests::TensorFile expected(kFixtures / "schedules.safetensors");
    QFile file(QString::fromStdString(kFixtures / "schedulers.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto configs = QJsonDocument::fromJson(file.readAll()).object();
    const auto settings =
        settingsOf(configs[config].toObject(), sampler.toStdString(), schedule.toStdString());
    const std::string key = QString("%1/%2/%3/%4").arg(config, sampler, schedule).arg(steps).toStdString();

    const at::Tensor noise = at::ones({1, 1, 2, 2});
    const auto made = makeSampler(sampler.toStdString(), settings, steps, noise, {});
    const at::Tensor timesteps = expected[key + "/timesteps"];
    QCOMPARE(made->timesteps().size(), static_cast<std::size_t>(timesteps.numel()));
    for (std::size_t i = 0; i < made->timesteps().size(); ++i) {
        const float t = timesteps[static_cast<std::int64_t>(i)].item<float>();
        // Fractions come from logarithms, which numpy's vector code rounds in a way of its own; they are
        // held to a ten-thousandth of a timestep.
        const double tolerance = t == std::floor(t) ? 0 : 1e-4;
        QVERIFY2(std::abs(made->timesteps()[i] - t) <= tolerance,
                 qPrintable(QString("step %1: %2, expected %3").arg(i).arg(made->timesteps()[i]).arg(t)));
    }
    QVERIFY(ulps(made->latents().flatten()[0].item<float>(), expected[key + "/init"].item<float>()) <= 1);

    if (sampler == "pndm" || sampler == "ddim") {
        return;
    }
    const auto sigmas =
        (sampler == "dpmpp_2m" ? multistepSchedule(settings, steps) : eulerSchedule(settings, steps)).sigmas;
    const at::Tensor wanted = expected[key + "/sigmas"];
    QCOMPARE(sigmas.size(), static_cast<std::size_t>(wanted.numel()));
    for (std::size_t i = 0; i < sigmas.size(); ++i) {
        QVERIFY(ulps(sigmas[i], wanted[static_cast<std::int64_t>(i)].item<float>()) <= 1);
    }
}

void SamplerTest::runsReachTheGoldenSums_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("spacing");
    QTest::addColumn<QString>("schedule");
    QTest::addColumn<bool>("velocity");
    QTest::addColumn<int>("steps");
    QTest::addColumn<double>("sum");
    QTest::addColumn<double>("second");
    QTest::addColumn<double>("last");
    const auto row = [](const char* sampler, const char* spacing, const char* schedule, bool velocity,
                        int steps, double sum, double second, double last) {
        QTest::addRow("%s %s %s %s %d", sampler, spacing, schedule, velocity ? "v" : "eps", steps)
            << QString(sampler) << QString(spacing) << QString(schedule) << velocity << steps << sum << second
            << last;
    };
    row("euler", "linspace", "default", false, 20, 189.6054, 0.0025750, 0.4937640);
    row("euler", "leading", "default", false, 20, 189.3475, 0.0025715, 0.4930923);
    row("euler", "trailing", "default", false, 20, 183.6650, 0.0024944, 0.4782942);
    row("euler", "linspace", "karras", false, 20, 191.9294, 0.0026066, 0.4998163);
    row("euler", "leading", "karras", false, 20, 190.9929, 0.0025939, 0.4973775);
    row("euler", "linspace", "default", true, 20, 75.8329, 0.0010299, 0.1974815);
    row("euler_a", "linspace", "default", false, 20, 265.2741, 0.1005437, 0.4958433);
    row("euler_a", "trailing", "default", false, 4, 211.6277, 0.2615685, -0.0838316);
    row("dpmpp_2m", "linspace", "default", false, 20, 190.4985, 0.0025872, 0.4960899);
    row("dpmpp_2m", "leading", "default", false, 20, 190.8372, 0.0025918, 0.4969720);
    row("dpmpp_2m", "linspace", "karras", false, 20, 205.5888, 0.0027921, 0.5353876);
    row("dpmpp_2m", "linspace", "default", true, 20, 82.7924, 0.0011244, 0.2156053);
    row("ddim", "leading", "default", false, 20, 192.0830, 0.0026087, 0.5002160);
    row("ddim", "leading", "default", true, 20, 79.2295, 0.0010760, 0.2063268);
    row("ddim", "trailing", "default", false, 20, 190.5420, 0.0025878, 0.4962031);
    row("pndm", "leading", "default", false, 20, 202.4588, 0.0027496, 0.5272364);
    row("pndm", "leading", "default", true, 20, 85.6645, 0.0011634, 0.2230847);
    row("pndm", "leading", "default", false, 50, 203.4992, 0.0027637, 0.5299459);
}

// Computed apart from any of this code, in double precision: the model answers in * t / (t + 1).
void SamplerTest::runsReachTheGoldenSums() {
    QFETCH(QString, sampler);
    QFETCH(QString, spacing);
    QFETCH(QString, schedule);
    QFETCH(bool, velocity);
    QFETCH(int, steps);
    const auto settings =
        settingsOf(stableDiffusion(spacing, velocity), sampler.toStdString(), schedule.toStdString());

    const auto axis = [](std::int64_t size, std::vector<std::int64_t> shape) {
        return at::arange(size, at::kFloat).view(shape);
    };
    const at::Tensor start =
        (((axis(3, {1, 3, 1, 1}) * 8 + axis(8, {1, 1, 8, 1})) * 8 + axis(8, {1, 1, 1, 8})) * 4 +
         axis(4, {4, 1, 1, 1})) /
        768;
    const auto run = makeSampler(sampler.toStdString(), settings, steps, start,
                                 at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{0}));
    while (!run->done()) {
        const Query query = run->next();
        run->accept(query.input * (query.timestep / (query.timestep + 1)));
    }

    const auto near = [](double value, double expected) {
        return std::abs(value - expected) <= 2e-5 * std::abs(expected) + 1e-6;
    };
    const at::Tensor end = run->latents().flatten();
    QFETCH(double, sum);
    QFETCH(double, second);
    QFETCH(double, last);
    QVERIFY(near(end.abs().sum().item<double>(), sum));
    QVERIFY(near(end[1].item<double>(), second));
    QVERIFY(near(end[767].item<double>(), last));
}

// diffusers takes one step too many for 29 of these, at timestep -1.
void SamplerTest::trailingNeverRunsPastTheEnd() {
    const auto settings = settingsOf(stableDiffusion("trailing", false), "ddim");
    for (int steps = 1; steps <= 500; ++steps) {
        const auto timesteps = rounded(spacedTimesteps(settings, steps));
        QCOMPARE(timesteps.size(), static_cast<std::size_t>(steps));
        QCOMPARE(timesteps.front(), 999.0);
        QVERIFY(timesteps.back() >= 0);
    }
}

QTEST_GUILESS_MAIN(SamplerTest)
#include "test_samplers.moc"
