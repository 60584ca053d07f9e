// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>

#include "desktop/gallery/picture.h"

class QGridLayout;
class QLabel;
class QPushButton;

namespace easel::ui {

/// What a picture was made with, beside it in the large view.
class DetailsPanel : public QFrame {
    Q_OBJECT

public:
    explicit DetailsPanel(QWidget* parent = nullptr);

    void setPicture(const gallery::Picture& picture);

Q_SIGNALS:
    void useSettingsRequested(const easel::protocol::GenerationSettings& settings);

private:
    void addFact(const QString& name, const QString& value);
    void clearFacts();
    QWidget* buildContent();

    gallery::Picture m_picture;
    QLabel* m_prompt;
    QLabel* m_negativeTitle;
    QLabel* m_negative;
    QGridLayout* m_facts;
    QPushButton* m_use;
    QPushButton* m_copy;
};

}  // namespace easel::ui
