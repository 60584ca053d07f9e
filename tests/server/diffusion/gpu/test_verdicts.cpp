// SPDX-License-Identifier: Apache-2.0
// What is made of an examination of kernels: by a process that may die of it, and remembered.
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "server/diffusion/gpu/choice.h"
#include "server/diffusion/gpu/verdict.h"

using namespace easel::diffusion::gpu;
using State = Verdict::State;

namespace {

const Skill kNorm{Op::GroupNorm, c10::kHalf};
const Skill kGeglu{Op::Geglu, c10::kHalf};
const Skill kSum{Op::Sum, c10::kBFloat16};
const std::vector<Skill> kSome{kNorm, kGeglu, kSum};
const Circumstances kHere{"NVIDIA L4", "580.95.05", "0.1.0-abc"};

/// A process that dies of some kernels, as a GPU's context does.
struct Mortal {
    std::set<Op> deadly;
    int runs = 0;

    Run run() {
        return [this](std::span<const Skill> skills, const std::function<void(const std::string&)>& hear) {
            ++runs;
            hear("a driver's own words");
            for (const Skill& skill : skills) {
                hear(announcementOf(skill));
                if (deadly.contains(skill.op)) {
                    return;
                }
                hear(lineOf({skill, State::Right, 0.5}));
            }
        };
    }
};

std::vector<State> statesOf(const std::vector<Verdict>& verdicts, const std::vector<Skill>& skills) {
    std::vector<State> states;
    for (const Skill& skill : skills) {
        states.push_back(std::ranges::find(verdicts, skill, &Verdict::skill)->state);
    }
    return states;
}

std::string textOf(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

class GpuVerdictsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void linesAreReadAsTheyAreWritten() {
        for (const c10::ScalarType dtype : {c10::kHalf, c10::kBFloat16, c10::kFloat}) {
            for (const Skill& skill : skillsFor(dtype)) {
                QVERIFY(skillFrom(toString(skill)) == skill);
                for (const State state :
                     {State::Right, State::Differs, State::Slow, State::Failed, State::Untried}) {
                    const Verdict verdict{skill, state, 0.75};
                    QVERIFY(verdictIn(lineOf(verdict)) == verdict);
                }
            }
        }
    }

    void whatIsNoVerdictIsNone() {
        const std::string right = lineOf({kNorm, State::Right, 0.5});
        QVERIFY(verdictIn(right));
        for (std::size_t i = 0; i < right.rfind('\t') + 1; ++i) {
            QVERIFY2(!verdictIn(right.substr(0, i)), right.substr(0, i).c_str());
        }
        for (const char* const line :
             {"", "kernel\tgeglu/fp16\tright\t-1", "kernel\tgeglu/fp16\tright\tnan",
              "kernel\tgeglu/fp16\tright\t1x", "kernel\tgeglu/fp64\tright\t1", "kernel\tgelu/fp16\tright\t1",
              "kernel\tgeglu/fp16\tgood\t1", "kernel\tgeglu/fp16\tright\t1\t", "kernel\tgeglu\tright\t1",
              "kernel-begins\tgeglu/fp16"}) {
            QVERIFY2(!verdictIn(line), line);
        }
    }

    void whatAProcessDiesOfHasFailedAndTheRestIsTriedByAnother() {
        Mortal mortal{{Op::Geglu}};
        const auto verdicts = examineApart(kSome, mortal.run());
        QVERIFY((statesOf(verdicts, kSome) == std::vector{State::Right, State::Failed, State::Right}));
        QCOMPARE(mortal.runs, 2);
    }

    void allMayBeDeadly() {
        Mortal mortal{{Op::GroupNorm, Op::Geglu, Op::Sum}};
        const auto verdicts = examineApart(kSome, mortal.run());
        QVERIFY((statesOf(verdicts, kSome) == std::vector{State::Failed, State::Failed, State::Failed}));
        QCOMPARE(mortal.runs, 3);
    }

    void whatDoesNotEvenBeginIsTriedOnce() {
        int runs = 0;
        const auto verdicts = examineApart(kSome, [&](auto, const auto& hear) {
            ++runs;
            hear("error while loading shared libraries");
        });
        QVERIFY((statesOf(verdicts, kSome) == std::vector{State::Untried, State::Untried, State::Untried}));
        QCOMPARE(runs, 1);
    }

    void whatWasNotAskedForIsNoAnswer() {
        int runs = 0;
        const auto verdicts = examineApart(std::array{kNorm}, [&](auto, const auto& hear) {
            ++runs;
            hear(announcementOf(kSum));
            hear(lineOf({kGeglu, State::Right, 1}));
        });
        QCOMPARE(verdicts.size(), std::size_t{1});
        QVERIFY(verdicts.front().state == State::Untried);
        QCOMPARE(runs, 1);
    }

    void whatIsRememberedIsNotExaminedAgain() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "kernels";
        Mortal mortal{{Op::Geglu}};
        const auto first = verdictsOn(kSome, file, kHere, mortal.run());
        QCOMPARE(mortal.runs, 2);
        QVERIFY(verdictsOn(kSome, file, kHere, mortal.run()) == first);
        QCOMPARE(mortal.runs, 2);
        // Another one's are, and then neither forgets.
        for (const Circumstances& other : {Circumstances{"NVIDIA T4", kHere.driver, kHere.build},
                                           Circumstances{kHere.device, "590.1", kHere.build},
                                           Circumstances{kHere.device, kHere.driver, "0.2.0"}}) {
            const int before = mortal.runs;
            verdictsOn(kSome, file, other, mortal.run());
            QCOMPARE(mortal.runs, before + 2);
            verdictsOn(kSome, file, other, mortal.run());
            verdictsOn(kSome, file, kHere, mortal.run());
            QCOMPARE(mortal.runs, before + 2);
        }
    }

    void onlyWhatIsUnknownIsExamined() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "kernels";
        Mortal mortal;
        verdictsOn(std::array{kNorm}, file, kHere, mortal.run());
        std::size_t asked = 0;
        verdictsOn(kSome, file, kHere, [&](std::span<const Skill> skills, const auto& hear) {
            asked = skills.size();
            mortal.run()(skills, hear);
        });
        QCOMPARE(asked, std::size_t{2});
    }

    void whatWasNotTriedIsTriedAgain() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "kernels";
        verdictsOn(kSome, file, kHere, [](auto, const auto&) {});
        Mortal mortal;
        const auto verdicts = verdictsOn(kSome, file, kHere, mortal.run());
        QVERIFY((statesOf(verdicts, kSome) == std::vector{State::Right, State::Right, State::Right}));
    }

    void aDamagedFileIsNoTrust() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "kernels";
        Mortal mortal;
        verdictsOn(kSome, file, kHere, mortal.run());
        const std::string whole = textOf(file);
        for (std::size_t length = 0; length < whole.size(); length += 7) {
            std::ofstream(file) << whole.substr(0, length);
            for (const Verdict& verdict : recall(file, kHere)) {
                QVERIFY(verdict.state == State::Right);
                QVERIFY(std::ranges::count(kSome, verdict.skill) == 1);
            }
            QCOMPARE(verdictsOn(kSome, file, kHere, mortal.run()).size(), kSome.size());
        }
        std::ofstream(file) << std::string(1000, '\0') << "\n\xFF\xFE\t\t\t\n" << std::string(100'000, 'x');
        QVERIFY(recall(file, kHere).empty());
        QVERIFY(recall(folder.path().toStdString(), kHere).empty());
        QCOMPARE(verdictsOn(kSome, {}, kHere, mortal.run()).size(), kSome.size());
    }

    void aProcessMayDieOrHang() {
        std::vector<std::string> heard;
        const auto hear = [&](const std::string& line) { heard.push_back(line); };
        runApart({"/bin/sh", "-c", "echo one; echo two; kill -SEGV $$; echo three"}, std::chrono::seconds(60),
                 hear);
        QCOMPARE(heard, (std::vector<std::string>{"one", "two"}));
        heard.clear();
        runApart({"/bin/sh", "-c", "echo one; exec sleep 600"}, std::chrono::milliseconds(300), hear);
        QCOMPARE(heard, std::vector<std::string>{"one"});
        heard.clear();
        runApart({"/no/such/program"}, std::chrono::seconds(60), hear);
        QVERIFY(heard.empty());
    }

    void itIsToldInWords() {
        QCOMPARE(inWords(std::array{Verdict{kNorm, State::Right, 0.5}}),
                 std::string("GPU kernels of Easel's own: 1 of 1 in use."));
        QCOMPARE(inWords(std::array{Verdict{kNorm, State::Right, 0.5}, Verdict{kGeglu, State::Differs, 0},
                                    Verdict{kSum, State::Slow, 2}}),
                 std::string("GPU kernels of Easel's own: 1 of 3 in use; off: geglu/fp16 (differs), sum/bf16 "
                             "(slow)."));
    }

    void theCpuHasNone() {
        QCOMPARE(useKernels(easel::diffusion::openDevice("cpu", "fp32"), {}, {}), std::string());
    }
};

QTEST_GUILESS_MAIN(GpuVerdictsTest)
#include "test_verdicts.moc"
