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
    static constexpr int kWidth = 264;  ///< px

    explicit DetailsPanel(QWidget* parent = nullptr);

    void setPicture(const gallery::Picture& picture);

Q_SIGNALS:
    void useSettingsRequested();
    void usePictureRequested();
    void copyPromptRequested();
    void showInFolderRequested();

private:
    QLabel* addFact(const QString& name, const QString& value);
    void clearFacts();
    QWidget* buildContent();

    QLabel* m_promptTitle;
    QLabel* m_prompt;
    QLabel* m_negativeTitle;
    QLabel* m_negative;
    QGridLayout* m_facts;
    QPushButton* m_use;
    QPushButton* m_start;
    QPushButton* m_copy;
    QPushButton* m_show;
};

}  // namespace easel::ui
