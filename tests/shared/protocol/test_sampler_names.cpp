// SPDX-License-Identifier: Apache-2.0
// What others call samplers and schedules.
#include <QTest>
#include <set>

#include "shared/protocol/samplers.h"

using namespace easel::protocol;

class SamplerNamesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyNameLeadsBack() {
        std::set<std::string_view> names;
        for (const SamplerKind& kind : samplerKinds()) {
            QVERIFY(names.insert(kind.name).second && names.insert(kind.infotext).second);
            QCOMPARE(kind.schedules.front(), std::string_view("default"));
            for (const std::string_view schedule : kind.schedules) {
                const Sampling own{std::string(kind.name), std::string(schedule)};
                QVERIFY(samplingOf(kind.name, schedule) == own);
                const std::string_view label = infotextOfSchedule(schedule);
                QVERIFY(samplingOf(infotextOfSampler(kind.name), label) == own);
                // As one name, which older infotexts have.
                QVERIFY(samplingOf(std::string(kind.infotext) + " " + std::string(label), "") == own);
            }
        }
        QCOMPARE(describeSamplers().size(), samplerKinds().size());
    }

    /// Looking for names in names takes the square of their length.
    void endlessNamesAreNone() {
        for (const char letter : {'k', 'e'}) {
            const std::string name(std::size_t{1} << 20, letter);
            QCOMPARE(samplingOf(name, "").sampler, name);
            QCOMPARE(samplingOf("euler", name).schedule, name);
        }
    }

    void othersNames_data() {
        QTest::addColumn<QString>("sampler");
        QTest::addColumn<QString>("schedule");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char* sampler, const char* schedule, const char* expected) {
            QTest::addRow("%s, %s", sampler, schedule)
                << QString(sampler) << QString(schedule) << QString(expected);
        };
        row("DPM++ 2M Karras", "", "dpmpp_2m karras");
        row("DPM++ 2M", "Automatic", "dpmpp_2m karras");
        row("DPM++ 2M", "", "dpmpp_2m default");
        row("DPM++ SDE", "Automatic", "dpmpp_sde karras");
        row("DPM++ 2M SDE", "Automatic", "dpmpp_2m_sde exponential");
        row("DPM++ 3M SDE Exponential", "", "dpmpp_3m_sde exponential");
        row("DPM2 a", "automatic", "dpm2_a karras");
        row("Euler a", "Automatic", "euler_a default");
        row("Euler", "Uniform", "euler default");
        row("Euler", "Simple", "euler trailing");
        row("Euler", "Align Your Steps", "euler ays");
        row("k_euler_a", "", "euler_a default");
        row("k_dpm_2_a", "", "dpm2_a default");
        row("k_dpmpp_2m", "sgm_uniform", "dpmpp_2m sgm_uniform");
        row("euler_ancestral", "normal", "euler_a default");
        row("dpm_2_ancestral", "", "dpm2_a default");
        row("uni_pc", "", "unipc default");
        row("PLMS", "", "pndm default");
        row("ddim_trailing", "", "ddim trailing");
        row("DPM++ 2M Karras", "Karras", "dpmpp_2m karras");
        // Not here, or against itself: left as they are.
        row("DPM++ 2M Karras", "Exponential", "DPM++ 2M Karras Exponential");
        row("DPM fast", "", "DPM fast default");
        row("Euler", "Turbo", "euler Turbo");
        row("", "", " default");
        row("karras", "", "karras default");
        row("kkkk", "", "kkkk default");
    }

    void othersNames() {
        QFETCH(QString, sampler);
        QFETCH(QString, schedule);
        QFETCH(QString, expected);
        const auto sampling = samplingOf(sampler.toStdString(), schedule.toStdString());
        QCOMPARE(QString::fromStdString(sampling.sampler + " " + sampling.schedule), expected);
    }
};

QTEST_APPLESS_MAIN(SamplerNamesTest)
#include "test_sampler_names.moc"
