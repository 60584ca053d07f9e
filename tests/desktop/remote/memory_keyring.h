// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QObject>

#include <utility>

#include "desktop/remote/keyring.h"

namespace easel::tests {

/// A keyring that forgets all when it goes, or one that is not there at all.
class MemoryKeyring : public remote::Keyring {
public:
    bool isThere = true;
    QHash<QString, QByteArray> keys;

    void read(const QString& place, QObject* context,
              std::function<void(std::optional<QByteArray>)> done) override {
        const bool found = isThere && keys.contains(place);
        later(context, [done = std::move(done),
                        key = found ? std::optional(keys.value(place)) : std::nullopt] { done(key); });
    }
    void write(const QString& place, const QByteArray& key, QObject* context,
               std::function<void(bool)> done) override {
        if (isThere) {
            keys.insert(place, key);
        }
        later(context, [done = std::move(done), kept = isThere] { done(kept); });
    }
    void remove(const QString& place) override { keys.remove(place); }

private:
    static void later(QObject* context, std::function<void()> call) {
        QMetaObject::invokeMethod(context, std::move(call), Qt::QueuedConnection);
    }
};

}  // namespace easel::tests
