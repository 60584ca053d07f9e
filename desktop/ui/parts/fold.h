// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QAbstractButton;

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
    /// What opens and closes it; for the tab order.
    QWidget* heading() const;
    const QString& summary() const { return m_summary; }

Q_SIGNALS:
    /// The person opened or closed it.
    void toggled(bool open);

private:
    QString m_summary;
    QAbstractButton* m_heading;
    QWidget* m_content;
};

}  // namespace easel::ui
