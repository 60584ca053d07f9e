// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QComboBox>

#include <string>
#include <vector>

#include "shared/protocol/addon_info.h"

namespace easel::ui {

/// "Name, or title where it tells more", with what is known of it.
QString addonTitle(const protocol::AddonInfo& addon);
QString addonAbout(const protocol::AddonInfo& addon);

/// A list to take one more thing from, found by any part of its name. Owned by a section.
class AddonPicker : public QComboBox {
    Q_OBJECT

public:
    /// `invitation` stands in it: "Add a LoRA…".
    AddonPicker(const QString& invitation, QWidget* parent = nullptr);

    void setAddons(const std::vector<protocol::AddonInfo>& addons);

Q_SIGNALS:
    void picked(const std::string& name);

private:
    void pick();

    std::vector<protocol::AddonInfo> m_addons;
};

}  // namespace easel::ui
