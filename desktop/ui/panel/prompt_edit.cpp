// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/prompt_edit.h"

#include <QAbstractItemView>
#include <QAbstractTextDocumentLayout>
#include <QCompleter>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QMimeData>
#include <QPainter>
#include <QScrollBar>
#include <QStringListModel>
#include <QTextBlock>
#include <QTextLayout>
#include <QToolTip>

#include <algorithm>

#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

namespace {

/// From this many letters on a word is offered.
constexpr int kFirstOffer = 2;
/// The mark of a cut is found by the mouse from this far away, in pixels.
constexpr double kNear = 5;
/// Half the width of the triangles at its ends.
constexpr double kTip = 2.5;

QString wordsFor(const protocol::TokenCount& count) {
    QString words = tokensLine(count.tokens, count.chunks, count.limit);
    for (const std::string& warning : count.warnings) {
        words += QStringLiteral(" · ") + QString::fromStdString(warning);
    }
    return words;
}

}  // namespace

PromptEdit::PromptEdit(int fewestLines, int mostLines, QWidget* parent)
    : QPlainTextEdit(parent),
      m_fewest(fewestLines),
      m_most(mostLines),
      m_words(new QStringListModel(this)),
      m_completer(new QCompleter(m_words, this)),
      m_tokens(captionLabel({}, this)) {
    setTabChangesFocus(true);
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    viewport()->setAutoFillBackground(false);  // The style draws the rounded ground.
    document()->setDocumentMargin(kUnit / 2.0);
    m_tokens->setObjectName("tokenLabel");
    m_tokens->setWordWrap(false);
    m_tokens->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_tokens->setFocusPolicy(Qt::ClickFocus);
    m_tokens->setFocusProxy(this);
    m_tokens->setCursor(Qt::IBeamCursor);
    m_tokens->hide();

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

void PromptEdit::setTokens(const std::string& text, const std::optional<protocol::TokenCount>& count) {
    if (text != toPlainText().toStdString()) {
        return;
    }
    m_tokenWords = count ? wordsFor(*count) : QString();
    m_cuts.clear();
    for (const std::int64_t byte : count ? count->cuts : std::vector<std::int64_t>()) {
        const auto end = std::clamp<std::int64_t>(byte, 0, static_cast<std::int64_t>(text.size()));
        QTextCursor cut(document());
        cut.setPosition(static_cast<int>(QString::fromUtf8(text.data(), end).size()));
        m_cuts.append(cut);
    }
    m_tokens->setVisible(count.has_value());
    m_tokens->setToolTip(m_tokenWords);
    m_tokens->setAccessibleName(m_tokenWords);
    setAccessibleDescription(m_tokenWords);
    placeTokens();
    viewport()->update();
}

void PromptEdit::placeTokens() {
    const int line = m_tokens->fontMetrics().height();
    const QRect room(kUnit, height() - kUnit / 2 - line, width() - 2 * kUnit, line);
    m_tokens->setGeometry(room);
    m_tokens->setText(m_tokens->fontMetrics().elidedText(m_tokenWords, Qt::ElideRight, room.width()));
}

QLineF PromptEdit::cutAt(const QTextCursor& cut) const {
    const QRectF caret = cursorRect(cut);
    const double x = caret.left() + 0.5;
    return {x, caret.top() + 1, x, caret.bottom()};
}

void PromptEdit::paintEvent(QPaintEvent* event) {
    QPlainTextEdit::paintEvent(event);
    if (m_cuts.isEmpty()) {
        return;
    }
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor color = palette().color(QPalette::Link);
    for (const QTextCursor& cut : m_cuts) {
        const QLineF line = cutAt(cut);
        painter.setPen(QPen(color, 1));
        painter.drawLine(line);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        for (const auto& [at, way] : {std::pair(line.p1(), kTip), std::pair(line.p2(), -kTip)}) {
            painter.drawPolygon(
                QPolygonF{at - QPointF(kTip, 0), at + QPointF(kTip, 0), at + QPointF(0, way)});
        }
    }
}

bool PromptEdit::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        for (const QTextCursor& cut : m_cuts) {
            const QLineF line = cutAt(cut);
            if (QRectF(line.p1(), line.p2()).adjusted(-kNear, 0, kNear, 0).contains(help->pos())) {
                QToolTip::showText(help->globalPos(),
                                   tr("A chunk ends here: the model reads what comes after it by itself."),
                                   this);
                return true;
            }
        }
    }
    return QPlainTextEdit::viewportEvent(event);
}

bool PromptEdit::canInsertFromMimeData(const QMimeData* source) const {
    return !source->hasUrls() && QPlainTextEdit::canInsertFromMimeData(source);
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
    placeTokens();
}

void PromptEdit::fitHeight() {
    // A plain-text document tells its height in lines.
    const int lines = std::clamp(int(document()->size().height()), m_fewest, m_most);
    const QTextLayout* first = document()->firstBlock().layout();
    const qreal line = first->lineCount() > 0 ? first->lineAt(0).height() : fontMetrics().lineSpacing();
    // The room of the count is kept, so that nothing moves when it comes and goes.
    const int foot = m_tokens->fontMetrics().height() + kUnit / 2;
    setViewportMargins(2, 2, 2, foot);
    // The editor takes what ends at its last pixel for cut, and would scroll.
    const int around = 2 * (int(document()->documentMargin()) + frameWidth()) + 2 + foot + 2;
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
