// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/hub/pull.h"
#include "tests/server/hub/stand_in_hub.h"

namespace easel::tests {

/// For tests that pull from the stand-in hub into a cache of their own.
class PullTest : public QObject {
protected:
    protocol::Expected<hub::Pulled> pull(const std::string& name, const std::string& token = {},
                                         const std::function<void(hub::PullOptions&)>& change = {},
                                         const std::stop_token& stop = {}) {
        const hub::Settings settings = m_hub->settings(token);
        hub::PullOptions options{.cache = cache(), .model = "test/" + name};
        if (change) {
            change(options);
        }
        return hub::pull(settings, options,
                         {[this](const hub::PullPlan& plan) { m_plan = plan; },
                          [this](const protocol::PullProgress& progress) {
                              m_progress.push_back(progress);
                              if (m_onProgress) {
                                  m_onProgress(progress);
                              }
                          }},
                         stop);
    }

    std::filesystem::path cache() const { return m_folder->filePath("cache").toStdString(); }
    std::filesystem::path folderOf(const std::string& name) const {
        return cache() / ("models--test--" + name);
    }

    static std::string read(const std::filesystem::path& file) {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    static std::vector<std::string> filesIn(const std::filesystem::path& folder) {
        std::vector<std::string> names;
        std::error_code error;
        for (std::filesystem::recursive_directory_iterator it(folder, error), end; it != end; ++it) {
            if (!std::filesystem::is_directory(it->symlink_status())) {
                names.push_back(it->path().lexically_relative(folder).string());
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    bool begin() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_progress.clear();
        m_onProgress = {};
        m_plan = {};
        return m_hub->isUp();
    }

    std::unique_ptr<StandInHub> m_hub;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::vector<protocol::PullProgress> m_progress;
    std::function<void(const protocol::PullProgress&)> m_onProgress;
    hub::PullPlan m_plan;
};

}  // namespace easel::tests
