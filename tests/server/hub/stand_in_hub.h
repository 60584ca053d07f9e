// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QJsonObject>
#include <QList>
#include <QProcess>
#include <QTemporaryDir>

#include "server/hub/settings.h"

namespace easel::tests {

/// The stand-in hub as a process of its own; see stand_in_hub.py for what its repositories do.
class StandInHub {
public:
    StandInHub();
    ~StandInHub();

    bool isUp() const { return !m_endpoint.isEmpty(); }
    QString endpoint() const { return m_endpoint; }
    /// A proxy in front of it; only who is told of it goes through it.
    QString proxy() const { return m_proxy; }
    QString certificates() const { return m_folder.filePath("ca.pem"); }
    /// With pauses that a test can wait for.
    hub::Settings settings(const std::string& token = {}) const;
    /// Lets programs that this one starts find it, with a cache of their own and without any login of this
    /// account.
    void setEnvironment(const QString& cache) const;

    /// The requests for a repository "test/NAME" so far, in order, to both hosts.
    QList<QJsonObject> requests(const QString& name) const;
    /// How many of all requests brought a token to the storage host.
    int tokensAtStorage() const;

private:
    QList<QJsonObject> log() const;

    QTemporaryDir m_folder;
    QProcess m_process;
    QString m_endpoint;
    QString m_proxy;
};

}  // namespace easel::tests
