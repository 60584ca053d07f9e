// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QPlainTextEdit>
#include <QTextCursor>

#include <optional>
#include <string>

#include "shared/protocol/token_count.h"

class QCompleter;
class QLabel;
class QStringListModel;

namespace easel::ui {

/// Where a prompt is written: grows with its text up to a number of lines, then scrolls. Offers words that
/// the model knows while one is typed, and shows how the model takes the text apart.
class PromptEdit : public QPlainTextEdit {
    Q_OBJECT

public:
    PromptEdit(int fewestLines, int mostLines, QWidget* parent = nullptr);

    void setWords(const QStringList& words);
    /// How the model reads `text`; passed over when the text is another by now. Empty: nobody can tell.
    void setTokens(const std::string& text, const std::optional<protocol::TokenCount>& count);

protected:
    /// Files are the panel's.
    bool canInsertFromMimeData(const QMimeData* source) const override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    void fitHeight();
    void placeTokens();
    /// Where a chunk ends, in the viewport: a line as high as the letters.
    QLineF cutAt(const QTextCursor& cut) const;
    QString wordBeforeCursor() const;
    void offerWords();
    void takeWord(const QString& word);

    int m_fewest;
    int m_most;
    QStringListModel* m_words;
    QCompleter* m_completer;
    QLabel* m_tokens;
    QString m_tokenWords;
    QList<QTextCursor> m_cuts;  ///< they keep their places while the text around them changes
};

}  // namespace easel::ui
