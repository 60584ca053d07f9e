// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>

#include <functional>
#include <optional>

class QObject;

namespace easel::remote {

/// Where keys are kept from one run of the app to the next. Each method returns at once and calls `done`
/// once, on the GUI thread, unless `context` is gone by then.
class Keyring {
public:
    virtual ~Keyring() = default;

    /// Nothing when it has no key at this place, or gives none.
    virtual void read(const QString& place, QObject* context,
                      std::function<void(std::optional<QByteArray> key)> done) = 0;
    /// `kept` is false where there is no keyring, or it does not take the key.
    virtual void write(const QString& place, const QByteArray& key, QObject* context,
                       std::function<void(bool kept)> done) = 0;
    virtual void remove(const QString& place) = 0;
};

}  // namespace easel::remote
