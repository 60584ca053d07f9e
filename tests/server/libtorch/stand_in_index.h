// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QJsonObject>
#include <QList>
#include <QProcess>
#include <QTemporaryDir>

#include <filesystem>
#include <string>

#include "server/hub/settings.h"
#include "server/libtorch/pins.h"

namespace easel::tests {

/// The stand-in index as a process of its own; see stand_in_index.py for what it does, and its lists of
/// wheels.
class StandInIndex {
public:
    StandInIndex();
    ~StandInIndex();

    bool isUp() const { return !m_told.isEmpty(); }
    /// The address of an index with a fault, without and with encryption.
    std::string plain(const std::string& fault) const { return addressOf("plain", fault); }
    std::string encrypted(const std::string& fault) const { return addressOf("encrypted", fault); }
    std::string certificates() const { return m_folder.filePath("ca.pem").toStdString(); }
    /// With pauses that a test can wait for.
    hub::Settings settings(const std::string& address) const;

    libtorch::PinList pins(const std::string& list, libtorch::Kind kind = libtorch::Kind::Cpu) const;
    /// A folder with the wheels of a list.
    std::filesystem::path wheels(const std::string& list) const;

    /// The requests below a fault's path so far, in order.
    QList<QJsonObject> requests(const std::string& fault) const;

private:
    std::string addressOf(const QString& server, const std::string& fault) const;

    QTemporaryDir m_folder;
    QProcess m_process;
    QJsonObject m_told;
};

}  // namespace easel::tests
