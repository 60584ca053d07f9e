// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace easel::ui {

/// What stands where pictures would be: a quiet drawing, one heading, one sentence, and a column beneath it
/// for what can be done. Base of the pages of an empty library.
class QuietPage : public QWidget {
    Q_OBJECT

public:
    explicit QuietPage(QWidget* parent = nullptr);

    void setWords(const QString& heading, const QString& sentence);
    /// Without it there is room for something that matters more.
    void setDrawingShown(bool shown);

protected:
    QVBoxLayout* column() const { return m_column; }
    void changeEvent(QEvent* event) override;

private:
    void showDrawing();

    QLabel* m_drawing;
    QLabel* m_heading;
    QLabel* m_sentence;
    QVBoxLayout* m_column;
};

}  // namespace easel::ui
