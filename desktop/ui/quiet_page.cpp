// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/quiet_page.h"

#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/ui/icons.h"
#include "desktop/ui/theme.h"

namespace easel::ui {

namespace {

constexpr int kColumnWidth = 400;
constexpr int kDrawing = 96;
constexpr int kExamples = 3;

}  // namespace

QuietPage::QuietPage(QWidget* parent)
    : QWidget(parent),
      m_drawing(new QLabel(this)),
      m_heading(new QLabel(this)),
      m_sentence(new QLabel(this)),
      m_column(new QVBoxLayout) {
    m_heading->setFont(headingFont());
    for (QLabel* label : {m_drawing, m_heading, m_sentence}) {
        label->setAlignment(Qt::AlignHCenter);
    }
    m_heading->setWordWrap(true);
    m_sentence->setWordWrap(true);
    m_sentence->setForegroundRole(QPalette::PlaceholderText);

    auto* middle = new QWidget(this);
    middle->setFixedWidth(kColumnWidth);
    m_column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
    m_column->setSpacing(kUnit);
    m_column->addWidget(m_drawing);
    m_column->addWidget(m_heading);
    m_column->addWidget(m_sentence);
    m_column->addSpacing(kUnit);
    middle->setLayout(m_column);
    auto* page = new QVBoxLayout(this);
    page->addStretch(2);
    page->addWidget(middle, 0, Qt::AlignHCenter);
    page->addStretch(3);
    showDrawing();
}

void QuietPage::setWords(const QString& heading, const QString& sentence) {
    m_heading->setText(heading);
    m_sentence->setText(sentence);
}

void QuietPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        showDrawing();
    }
}

void QuietPage::showDrawing() {
    m_drawing->setPixmap(
        iconPixmap(QStringLiteral("easel"), palette().color(QPalette::Dark), kDrawing, devicePixelRatioF()));
}

EmptyPage::EmptyPage(QWidget* parent) : QuietPage(parent), m_examples(new QWidget(this)) {
    setObjectName("emptyPage");
    auto* examples = new QVBoxLayout(m_examples);
    examples->setContentsMargins(0, 0, 0, 0);
    column()->addWidget(m_examples);
    showWords();
}

void EmptyPage::setExamples(const QStringList& prompts) {
    if (prompts == m_prompts) {
        return;  // The server repeats itself; a button in use must stay.
    }
    m_prompts = prompts;
    qDeleteAll(m_examples->findChildren<QPushButton*>());
    for (const QString& prompt : prompts.mid(0, kExamples)) {
        QString label = prompt;
        auto* button = new QPushButton(label.replace('&', QStringLiteral("&&")), m_examples);
        button->setObjectName("exampleButton");
        button->setToolTip(tr("Write this into the prompt"));
        connect(button, &QPushButton::clicked, this, [this, prompt] { Q_EMIT promptChosen(prompt); });
        m_examples->layout()->addWidget(button);
    }
    showWords();
}

void EmptyPage::showWords() {
    m_examples->setVisible(!m_prompts.isEmpty());
    setWords(tr("No pictures yet"), m_prompts.isEmpty()
                                        ? tr("Describe one at the left, then choose Generate.")
                                        : tr("Describe one at the left, or begin with one of these."));
}

NoMatchPage::NoMatchPage(QWidget* parent) : QuietPage(parent) {
    setObjectName("noMatchPage");
    auto* clear = new QPushButton(tr("Clear search"), this);
    clear->setObjectName("clearSearchButton");
    column()->addWidget(clear, 0, Qt::AlignHCenter);
    connect(clear, &QPushButton::clicked, this, &NoMatchPage::clearRequested);
}

void NoMatchPage::setSearch(const QString& text) {
    setWords(tr("Nothing found"), tr("No picture’s prompt or seed has all of “%1”.").arg(text));
}

}  // namespace easel::ui
