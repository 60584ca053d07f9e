// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/addon_picker.h"

#include <QCompleter>
#include <QLineEdit>
#include <QLocale>
#include <QSignalBlocker>
#include <QTimer>

#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

QString addonTitle(const protocol::AddonInfo& addon) {
    return QString::fromStdString(addon.name);
}

QString addonAbout(const protocol::AddonInfo& addon) {
    QStringList parts{QString::fromStdString(addon.name)};
    if (!addon.title.empty() && addon.title != addon.name) {
        parts << QString::fromStdString(addon.title);
    }
    if (!addon.family.empty()) {
        parts << AddonPicker::tr("for %1").arg(QString::fromStdString(addon.family));
    }
    if (addon.bytes > 0) {
        parts << QLocale().formattedDataSize(addon.bytes, 1);
    }
    if (!addon.triggers.empty()) {
        QStringList words;
        for (const std::string& word : addon.triggers) {
            words << QString::fromStdString(word);
        }
        parts << AddonPicker::tr("made with the words: %1").arg(words.mid(0, 8).join(AddonPicker::tr(", ")));
    }
    return parts.join('\n');
}

AddonPicker::AddonPicker(const QString& invitation, QWidget* parent) : QComboBox(parent) {
    setEditable(true);
    setInsertPolicy(QComboBox::NoInsert);
    setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    setMinimumContentsLength(8);
    lineEdit()->setPlaceholderText(invitation);
    lineEdit()->setAccessibleName(invitation);
    setAccessibleName(invitation);
    completer()->setFilterMode(Qt::MatchContains);
    completer()->setCaseSensitivity(Qt::CaseInsensitive);
    completer()->setCompletionMode(QCompleter::PopupCompletion);
    new WheelGuard(this);
    connect(this, &QComboBox::activated, this, &AddonPicker::pick);
}

void AddonPicker::setAddons(const std::vector<protocol::AddonInfo>& addons) {
    if (addons == m_addons && count() > 0) {
        return;
    }
    m_addons = addons;
    const QSignalBlocker quiet(this);
    clear();
    for (const protocol::AddonInfo& addon : addons) {
        addItem(addonTitle(addon), QString::fromStdString(addon.name));
        setItemData(count() - 1, addonAbout(addon), Qt::ToolTipRole);
    }
    setCurrentIndex(-1);
    clearEditText();
}

void AddonPicker::pick() {
    const std::string name = currentData().toString().toStdString();
    if (name.empty()) {
        return;
    }
    Q_EMIT picked(name);
    // The combo box writes what was chosen into its line after this.
    QTimer::singleShot(0, this, [this] {
        setCurrentIndex(-1);
        clearEditText();
    });
}

}  // namespace easel::ui
