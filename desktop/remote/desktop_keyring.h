// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/remote/keyring.h"

namespace easel::remote {

/// The desktop's own: the Secret Service of GNOME and others, or KWallet. Owned by main; GUI thread.
class DesktopKeyring : public Keyring {
public:
    void read(const QString& place, QObject* context,
              std::function<void(std::optional<QByteArray> key)> done) override;
    void write(const QString& place, const QByteArray& key, QObject* context,
               std::function<void(bool kept)> done) override;
    void remove(const QString& place) override;
};

}  // namespace easel::remote
