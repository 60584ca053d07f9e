// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "tests/server/models/model_files.h"

using namespace easel;
using namespace easel::tests;

class TestSchedulerConfig : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSchedulersValueIsRefusedWhereItsClassReadsIt_data() {
        QTest::addColumn<QString>("className");
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        QTest::addColumn<bool>("refused");
        const auto rows = [](const char* key, const QJsonValue& value, const QStringList& readers,
                             const QStringList& others) {
            for (const QString& name : readers + others) {
                QTest::addRow("%s of %s", key, qPrintable(name))
                    << name << QString(key) << value << readers.contains(name);
            }
        };
        const QString pndm = "PNDMScheduler";
        const QString ddim = "DDIMScheduler";
        const QString euler = "EulerDiscreteScheduler";
        const QString ancestral = "EulerAncestralDiscreteScheduler";
        const QString dpm = "DPMSolverMultistepScheduler";
        rows("thresholding", true, {ddim, dpm, "DEISMultistepScheduler", "DDPMScheduler", "LCMScheduler"},
             {pndm, euler, ancestral, "HeunDiscreteScheduler"});
        rows("use_flow_sigmas", true, {dpm, "UniPCMultistepScheduler", "DPMSolverSinglestepScheduler"},
             {pndm, ddim, euler, ancestral});
        rows("use_dynamic_shifting", true, {dpm}, {ddim});
        rows("variance_type", "learned_range", {dpm, "DDPMScheduler"}, {pndm, ddim, euler});
        rows("lambda_min_clipped", -5.1, {dpm}, {pndm, ddim, euler, "DEISMultistepScheduler"});
        rows("interpolation_type", "log_linear", {euler}, {pndm, ddim, ancestral, dpm});
        rows("timestep_type", "continuous", {euler}, {ddim, dpm});
        rows("final_sigmas_type", "one", {euler, dpm}, {pndm, ddim, ancestral});
        rows("algorithm_type", "of my own", {dpm}, {pndm, ddim, euler, ancestral});
        rows("solver_type", "of my own", {dpm}, {pndm, ddim, euler, ancestral});
    }

    void aSchedulersValueIsRefusedWhereItsClassReadsIt() {
        QFETCH(QString, className);
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        QFETCH(bool, refused);
        Files files = withScheduler(className);
        files["scheduler/scheduler_config.json"][key] = value;
        const auto model = openFiles(files);
        QCOMPARE(!model, refused);
        if (refused) {
            const QString detail = QString::fromStdString(model.error().detail);
            QVERIFY2(detail.contains("scheduler_config.json: \"" + key + "\": "), qPrintable(detail));
        }
    }

    void karrasLevelsMayHaveNoLimitsOfTheirOwn() {
        Files files = withScheduler("EulerDiscreteScheduler");
        files["scheduler/scheduler_config.json"]["sigma_min"] = 0.1;
        QVERIFY(openFiles(files));
        files["scheduler/scheduler_config.json"]["use_karras_sigmas"] = true;
        QVERIFY(!openFiles(files));
    }

    void whatASwitchLeavesBehindIsPassedOver_data() {
        QTest::addColumn<QString>("className");
        QTest::addColumn<QJsonObject>("leftover");
        const auto row = [](const char* name, const char* className, const char* leftover) {
            QTest::newRow(name) << QString(className) << parsed(leftover);
        };
        row("UniPC", "DDIMScheduler",
            R"({"solver_type": "bh2", "predict_x0": true, "disable_corrector": []})");
        row("DEIS", "PNDMScheduler", R"({"algorithm_type": "deis", "solver_type": "logrho"})");
        row("third order", "EulerDiscreteScheduler", R"({"solver_order": 3})");
        row("DDPM", "DDIMScheduler", R"({"variance_type": "fixed_small"})");
        row("DDPM, and DPM++", "DPMSolverMultistepScheduler", R"({"variance_type": "fixed_small"})");
        row("UniPC, and DPM++", "DPMSolverMultistepScheduler", R"({"solver_type": "bh2"})");
        row("DEIS, and DPM++", "DPMSolverMultistepScheduler",
            R"({"algorithm_type": "deis", "solver_type": "logrho"})");
        row("no flags", "DPMSolverMultistepScheduler",
            R"({"thresholding": null, "use_flow_sigmas": null, "use_karras_sigmas": null})");
    }

    void whatASwitchLeavesBehindIsPassedOver() {
        QFETCH(QString, className);
        QFETCH(QJsonObject, leftover);
        Files files = withScheduler(className);
        const auto plain = openFiles(files);
        QVERIFY2(plain, plain ? "" : plain.error().detail.c_str());
        for (const QString& key : leftover.keys()) {
            files["scheduler/scheduler_config.json"][key] = leftover[key];
        }
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(model->info == plain->info);
        QVERIFY(model->info.notes.empty());
    }

    void aSchedulerThatIsNotHereGetsTheNearest_data() {
        QTest::addColumn<QString>("className");
        QTest::addColumn<QString>("sampler");
        for (const auto& [className, sampler] :
             {std::pair{"DPMSolverSinglestepScheduler", "dpmpp_2m"}, {"SASolverScheduler", "euler_a"}}) {
            QTest::newRow(className) << QString(className) << QString(sampler);
        }
    }

    void aSchedulerThatIsNotHereGetsTheNearest() {
        QFETCH(QString, className);
        QFETCH(QString, sampler);
        Files files = withScheduler(className);
        QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
        scheduler["prediction_type"] = "v_prediction";
        scheduler["timestep_spacing"] = "trailing";
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, sampler.toStdString());
        QCOMPARE(model->info.notes.size(), std::size_t{1});
        QVERIFY(QString::fromStdString(model->info.notes[0]).contains(className));
        QVERIFY(model->info.notes[0].find(sampler.toStdString()) != std::string::npos);
        // What the picture needs is as the file says.
        QCOMPARE(model->scheduler.betaStart.value_or(0), 0.00085);
        QVERIFY(model->scheduler.betaSchedule == models::BetaSchedule::ScaledLinear);
        QVERIFY(model->scheduler.prediction == models::PredictionType::VPrediction);
        QVERIFY(model->scheduler.timestepSpacing == models::TimestepSpacing::Trailing);
    }

    void aSchedulerThatIsHereIsTheModelsOwn_data() {
        QTest::addColumn<QString>("className");
        QTest::addColumn<QString>("sampler");
        for (const auto& [className, sampler] : {std::pair{"PNDMScheduler", "pndm"},
                                                 {"DDIMScheduler", "ddim"},
                                                 {"DDPMScheduler", "ddpm"},
                                                 {"EulerDiscreteScheduler", "euler"},
                                                 {"EulerAncestralDiscreteScheduler", "euler_a"},
                                                 {"HeunDiscreteScheduler", "heun"},
                                                 {"LMSDiscreteScheduler", "lms"},
                                                 {"KDPM2DiscreteScheduler", "dpm2"},
                                                 {"KDPM2AncestralDiscreteScheduler", "dpm2_a"},
                                                 {"DPMSolverMultistepScheduler", "dpmpp_2m"},
                                                 {"DPMSolverSDEScheduler", "dpmpp_sde"},
                                                 {"UniPCMultistepScheduler", "unipc"},
                                                 {"DEISMultistepScheduler", "deis"},
                                                 {"LCMScheduler", "lcm"},
                                                 {"TCDScheduler", "tcd"}}) {
            QTest::newRow(className) << QString(className) << QString(sampler);
        }
    }

    void aSchedulerThatIsHereIsTheModelsOwn() {
        QFETCH(QString, className);
        QFETCH(QString, sampler);
        Files files = withScheduler(className);
        files["scheduler/scheduler_config.json"]["prediction_type"] = "sample";
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, sampler.toStdString());
        QVERIFY(model->scheduler.isOwn);
        QVERIFY(model->info.notes.empty());
        QVERIFY(model->scheduler.prediction == models::PredictionType::Sample);
    }

    void aStochasticSolverIsASamplerOfItsOwn() {
        Files files = withScheduler("DPMSolverMultistepScheduler");
        QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
        scheduler["algorithm_type"] = "sde-dpmsolver++";
        scheduler["use_exponential_sigmas"] = true;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, std::string("dpmpp_2m_sde"));
        QVERIFY(model->info.notes.empty());
        QVERIFY(model->scheduler.isOwn && model->scheduler.exponentialSigmas.value_or(false));
    }

    void levelsAreSpreadInOneWay() {
        Files files = withScheduler("HeunDiscreteScheduler");
        QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
        scheduler["use_beta_sigmas"] = true;
        const auto beta = openFiles(files);
        QVERIFY(beta && beta->scheduler.betaSigmas.value_or(false) && beta->info.notes.empty());
        scheduler["use_karras_sigmas"] = true;
        QVERIFY(!openFiles(files));
    }

    void aDistilledModelSaysFromWhatItWasTaught() {
        Files files = withScheduler("LCMScheduler");
        QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
        scheduler["original_inference_steps"] = 100;
        scheduler["timestep_scaling"] = 4.5;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->scheduler.originalSteps.value_or(0), 100);
        QCOMPARE(model->scheduler.timestepScaling.value_or(0), 4.5);
        scheduler["original_inference_steps"] = 1001;
        QVERIFY(!openFiles(files));
    }

    void betasThatAFileLeavesOutAreItsClasss() {
        Files files = withScheduler("LCMScheduler");
        for (const char* const key : {"beta_start", "beta_end", "beta_schedule"}) {
            files["scheduler/scheduler_config.json"].remove(key);
        }
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(model->scheduler.ownBetas ==
                (models::Betas{0.00085, 0.012, models::BetaSchedule::ScaledLinear}));
        QVERIFY(!model->scheduler.betaStart && !model->scheduler.betaEnd && !model->scheduler.betaSchedule);
    }

    void heunsOwnBetasAreItsClasss() {
        Files files = withScheduler("HeunDiscreteScheduler");
        for (const char* const key : {"beta_start", "beta_end", "beta_schedule"}) {
            files["scheduler/scheduler_config.json"].remove(key);
        }
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, std::string("heun"));
        QVERIFY(model->info.notes.empty());
        QVERIFY(model->scheduler.ownBetas == (models::Betas{0.00085, 0.012, models::BetaSchedule::Linear}));
    }

    void anotherWayFromStepToStepIsTold_data() {
        QTest::addColumn<QString>("className");
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        const auto row = [](const char* className, const char* key, const QJsonValue& value) {
            QTest::addRow("%s of %s", key, className) << QString(className) << QString(key) << value;
        };
        row("PNDMScheduler", "skip_prk_steps", false);
        row("DPMSolverMultistepScheduler", "solver_order", 3);
        row("DPMSolverMultistepScheduler", "solver_type", "heun");
        row("DPMSolverMultistepScheduler", "algorithm_type", "sde-dpmsolver");
        row("DPMSolverMultistepScheduler", "use_lu_lambdas", true);
        row("UniPCMultistepScheduler", "solver_type", "bh1");
        row("UniPCMultistepScheduler", "solver_order", 3);
        row("UniPCMultistepScheduler", "predict_x0", false);
        row("UniPCMultistepScheduler", "disable_corrector", QJsonArray{0});
        row("DEISMultistepScheduler", "solver_order", 3);
        row("DDPMScheduler", "variance_type", "fixed_large");
    }

    void anotherWayFromStepToStepIsTold() {
        QFETCH(QString, className);
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        Files files = withScheduler(className);
        files["scheduler/scheduler_config.json"][key] = value;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.notes.size(), std::size_t{1});
        QVERIFY(QString::fromStdString(model->info.notes[0]).contains('"' + key + '"'));
    }

    void theIndexSaysWhichSchedulerItIs() {
        Files files = sd15();
        files["model_index.json"]["scheduler"] = QJsonArray{"diffusers", "DDIMScheduler"};
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, std::string("ddim"));
        QVERIFY(model->scheduler.isOwn);
        QCOMPARE(model->info.notes.size(), std::size_t{1});
        QVERIFY(model->info.notes[0].find("PNDMScheduler") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestSchedulerConfig)
#include "test_scheduler_config.moc"
