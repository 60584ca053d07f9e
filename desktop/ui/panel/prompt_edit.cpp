// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/prompt_edit.h"

#include <QAbstractItemView>
#include <QAbstractTextDocumentLayout>
#include <QCompleter>
#include <QKeyEvent>
#include <QScrollBar>
#include <QStringListModel>
#include <QTextBlock>
#include <QTextLayout>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

/// From this many letters on a word is offered.
constexpr int kFirstOffer = 2;

}  // namespace

PromptEdit::PromptEdit(int fewestLines, int mostLines, QWidget* parent)
    : QPlainTextEdit(parent),
      m_fewest(fewestLines),
      m_most(mostLines),
      m_words(new QStringListModel(this)),
      m_completer(new QCompleter(m_words, this)) {
    setTabChangesFocus(true);
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    viewport()->setAutoFillBackground(false);  // The style draws the rounded ground.
    document()->setDocumentMargin(kUnit / 2.0);
    setViewportMargins(2, 2, 2, 2);

    m_completer->setWidget(this);
    m_completer->setCaseSensitivity(Qt::CaseInsensitive);
    m_completer->setCompletionMode(QCompleter::PopupCompletion);
    m_completer->setMaxVisibleItems(6);
    connect(m_completer, qOverload<const QString&>(&QCompleter::activated), this, &PromptEdit::takeWord);
    connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
            &PromptEdit::fitHeight);
    fitHeight();
}

void PromptEdit::setWords(const QStringList& words) {
    m_words->setStringList(words);
}

void PromptEdit::keyPressEvent(QKeyEvent* event) {
    if (m_completer->popup()->isVisible()) {
        switch (event->key()) {
            case Qt::Key_Return:
            case Qt::Key_Enter:
            case Qt::Key_Tab:
            case Qt::Key_Backtab:
            case Qt::Key_Escape:
                event->ignore();  // The popup takes these.
                return;
            default:
                break;
        }
    }
    QPlainTextEdit::keyPressEvent(event);
    if (!event->text().isEmpty()) {
        offerWords();
    }
}

void PromptEdit::focusOutEvent(QFocusEvent* event) {
    if (event->reason() != Qt::PopupFocusReason) {
        m_completer->popup()->hide();
    }
    QPlainTextEdit::focusOutEvent(event);
}

void PromptEdit::changeEvent(QEvent* event) {
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        fitHeight();
    }
}

void PromptEdit::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    // How many lines a text takes is known only now when it was there before the width.
    if (event->size().width() != event->oldSize().width()) {
        fitHeight();
    }
}

void PromptEdit::fitHeight() {
    // A plain-text document tells its height in lines.
    const int lines = std::clamp(int(document()->size().height()), m_fewest, m_most);
    const QTextLayout* first = document()->firstBlock().layout();
    const qreal line = first->lineCount() > 0 ? first->lineAt(0).height() : fontMetrics().lineSpacing();
    // The editor takes what ends at its last pixel for cut, and would scroll.
    const int around = 2 * (int(document()->documentMargin()) + frameWidth() + 2) + 2;
    setFixedHeight(qCeil(lines * line) + around);
}

QString PromptEdit::wordBeforeCursor() const {
    const QString before = textCursor().block().text().left(textCursor().positionInBlock());
    qsizetype start = before.size();
    while (start > 0 && before[start - 1].isLetter()) {
        --start;
    }
    return before.mid(start);
}

void PromptEdit::offerWords() {
    const QString word = wordBeforeCursor();
    m_completer->setCompletionPrefix(word);
    const bool complete = m_completer->completionCount() == 1 &&
                          m_completer->currentCompletion().compare(word, Qt::CaseInsensitive) == 0;
    if (word.size() < kFirstOffer || m_completer->completionCount() == 0 || complete) {
        m_completer->popup()->hide();
        return;
    }
    QRect at = cursorRect();
    at.setWidth(m_completer->popup()->sizeHintForColumn(0) + 3 * kUnit);
    m_completer->complete(at.translated(0, kUnit / 2.0));
}

void PromptEdit::takeWord(const QString& word) {
    QTextCursor cursor = textCursor();
    cursor.movePosition(QTextCursor::Left, QTextCursor::KeepAnchor, int(wordBeforeCursor().size()));
    cursor.insertText(word);
    setTextCursor(cursor);
}

}  // namespace easel::ui
