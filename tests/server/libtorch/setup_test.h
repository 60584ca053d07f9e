// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/libtorch/place.h"
#include "server/libtorch/setup.h"
#include "tests/server/libtorch/stand_in_index.h"

namespace easel::tests {

/// For tests that bring the stand-in index's libtorch into a folder of their own.
class SetupTest : public QObject {
protected:
    using Change = std::function<void(libtorch::SetupOptions&)>;

    protocol::Expected<libtorch::SetupResult> setUp(const std::string& address,
                                                    const std::string& list = "good",
                                                    const Change& change = {},
                                                    const std::stop_token& stop = {}) {
        const hub::Settings settings = m_index->settings(address);
        libtorch::SetupOptions options;
        options.list = m_index->pins(list);
        options.into = into();
        options.downloads.partSize = 150'000;
        if (change) {
            change(options);
        }
        m_progress.clear();
        return libtorch::setUp(
            settings, options,
            [this](const libtorch::SetupProgress& progress) {
                m_progress.push_back(progress);
                if (m_onProgress) {
                    m_onProgress(progress);
                }
            },
            stop);
    }
    /// Takes the wheels of the list's own folder, or of `folder`.
    protocol::Expected<libtorch::SetupResult> setUpFrom(const std::string& list,
                                                        const std::filesystem::path& folder = {}) {
        return setUp(m_index->plain("missing"), list, [&](libtorch::SetupOptions& options) {
            options.from = folder.empty() ? m_index->wheels(list) : folder;
        });
    }

    std::filesystem::path into() const { return m_folder->filePath("libtorch").toStdString(); }
    std::filesystem::path home(const std::string& list = "good") const {
        return into() / m_index->pins(list).name;
    }
    std::filesystem::path work(const std::string& list = "good") const {
        return home(list).string() + ".part";
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
        m_onProgress = {};
        return m_index->isUp();
    }

    std::unique_ptr<StandInIndex> m_index;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::vector<libtorch::SetupProgress> m_progress;
    std::function<void(const libtorch::SetupProgress&)> m_onProgress;
};

}  // namespace easel::tests
