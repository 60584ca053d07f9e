// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDoubleSpinBox>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/gallery/input_folder.h"
#include "desktop/ui/panel/prompt_panel.h"

namespace easel::tests {

inline protocol::ServerInfo server() {
    protocol::ServerInfo info;
    info.defaultModel = "starter";
    info.limits.minSide = 128;
    info.limits.maxSide = 1024;
    info.limits.maxSteps = 60;
    info.limits.maxGuidance = 20;
    info.limits.maxCount = 4;
    info.samplers = {{"ddim", "DDIM", {"default"}}, {"euler", "Euler", {"default", "karras"}}};
    return info;
}

inline std::vector<protocol::ModelInfo> models() {
    protocol::ModelInfo starter;
    starter.id = "starter";
    starter.title = "Starter";
    starter.width = starter.height = 256;
    starter.steps = 12;
    starter.guidance = 4;
    starter.sampler = "ddim";
    starter.knownNames = {"lighthouse", "boat"};
    starter.knownWords = {"a", "above", "the", "sea"};
    protocol::ModelInfo large;
    large.id = "large";
    large.title = "Large";
    large.width = large.height = 512;
    large.steps = 30;
    large.sampler = "euler";
    large.notes = {"Its scheduler is another."};
    return {starter, large};
}

/// A panel on screen, told of the server above.
struct Shown {
    QTemporaryDir folder;
    gallery::InputFolder inputs{folder.filePath("inputs")};
    ui::PromptPanel panel{inputs};

    explicit Shown(const std::vector<protocol::ModelInfo>& known = models()) {
        panel.setServer(server(), known);
        panel.resize(340, 900);
        panel.show();
        if (!QTest::qWaitForWindowActive(&panel)) {
            qFatal("the panel did not come up");
        }
    }

    template <typename T>
    T* find(const char* name) const {
        T* found = panel.findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    QDoubleSpinBox* number(const char* field) const {
        return find<QWidget>(field)->findChild<QDoubleSpinBox*>();
    }
    const protocol::GenerationRequest& request() const { return panel.request(); }
};

}  // namespace easel::tests
