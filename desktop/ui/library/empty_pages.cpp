// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/empty_pages.h"

#include <QPushButton>
#include <QVBoxLayout>

namespace easel::ui {

namespace {

constexpr int kExamples = 3;

}  // namespace

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
