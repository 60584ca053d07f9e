// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QUrl>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace easel::cloud {
struct Failure;
}

namespace easel::ui {

/// What did not work on Google Cloud, what to do about it, and the page that helps as a button; buttons of
/// the owner's stand beside that. Hidden while there is nothing to say.
class TroubleNote : public QFrame {
    Q_OBJECT

public:
    explicit TroubleNote(QWidget* parent = nullptr);

    void show(const cloud::Failure& failure);
    void clear();
    /// One more thing to do about it; the owner shows and hides it.
    QPushButton* addButton(const char* name, const QString& words);

private:
    QLabel* m_sign;
    QLabel* m_title;
    QLabel* m_detail;
    QLabel* m_remedy;
    QPushButton* m_page;
    QHBoxLayout* m_buttons;
    QUrl m_url;
};

}  // namespace easel::ui
