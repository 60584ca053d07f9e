// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPlainTextEdit>

class QCompleter;
class QStringListModel;

namespace easel::ui {

/// Where a prompt is written: grows with its text up to a number of lines, then scrolls. Offers words that
/// the model knows while one is typed.
class PromptEdit : public QPlainTextEdit {
    Q_OBJECT

public:
    PromptEdit(int fewestLines, int mostLines, QWidget* parent = nullptr);

    void setWords(const QStringList& words);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitHeight();
    QString wordBeforeCursor() const;
    void offerWords();
    void takeWord(const QString& word);

    int m_fewest;
    int m_most;
    QStringListModel* m_words;
    QCompleter* m_completer;
};

}  // namespace easel::ui
