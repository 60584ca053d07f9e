// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QToolButton;

namespace easel::ui {

/// A part of the panel that folds away under its heading; folded, the heading says what is set inside.
class Fold : public QWidget {
    Q_OBJECT

public:
    Fold(const QString& title, QWidget* content, QWidget* parent = nullptr);

    bool isOpen() const;
    void setOpen(bool open);
    /// One line beside the heading: "starter · DDIM".
    void setSummary(const QString& summary);

Q_SIGNALS:
    void toggled(bool open);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showSummary();

    QToolButton* m_heading;
    QLabel* m_summary;
    QWidget* m_content;
    QString m_text;
};

}  // namespace easel::ui
