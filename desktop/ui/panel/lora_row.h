// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "shared/protocol/addition.h"
#include "shared/protocol/addon_info.h"

class QDoubleSpinBox;
class QLabel;
class QToolButton;

namespace easel::ui {

/// One LoRA: its name, its weight, the words that it was made with, and a button that takes it out. Owned by
/// a LoraSection.
class LoraRow : public QWidget {
    Q_OBJECT

public:
    explicit LoraRow(QWidget* parent = nullptr);

    /// `addon` is what the server tells of it; null: it does not have it.
    void show(const protocol::LoraUse& use, const protocol::AddonInfo* addon);

Q_SIGNALS:
    void weighed(double weight);
    void removed();
    void wordsWanted(const QString& words);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showName();

    QString m_title;
    QString m_words;
    QLabel* m_name;
    QToolButton* m_insert;
    QDoubleSpinBox* m_weight;
    QToolButton* m_remove;
    QLabel* m_note;
};

}  // namespace easel::ui
