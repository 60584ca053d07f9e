// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>

class QLabel;
class QPlainTextEdit;

namespace easel::studio {
class Diagnostics;
}

namespace easel::ui {

/// A report for somebody who helps: to read, to copy and to save. Opens at once; the lines of the server's
/// log follow when it has told them. Owned by the window, and gone when it is closed; GUI thread.
class DiagnosticsDialog : public QDialog {
    Q_OBJECT

public:
    explicit DiagnosticsDialog(const studio::Diagnostics& diagnostics, QWidget* parent = nullptr);

private:
    /// In the place of what stands there for the server's log.
    void showServerLog(const QString& lines);
    void copy();
    void askWhere();
    void save(const QString& path);
    void tell(const QString& words, bool isTrouble);

    QPlainTextEdit* m_text;
    QLabel* m_note;
    int m_ownEnd = 0;  ///< where the report ends and the server's log begins
};

}  // namespace easel::ui
