// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/generate_foot.h"

#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QShortcut>
#include <QVBoxLayout>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

/// Acts once for each press: a key that is held would ask for picture after picture.
class OnceButton : public QPushButton {
public:
    using QPushButton::QPushButton;

protected:
    void keyPressEvent(QKeyEvent* event) override {
        if (!event->isAutoRepeat()) {
            QPushButton::keyPressEvent(event);
        }
    }
};

}  // namespace

GenerateFoot::GenerateFoot(QWidget* parent)
    : QWidget(parent), m_generate(new OnceButton(tr("&Generate"), this)), m_hint(captionLabel({}, this)) {
    m_generate->setObjectName("generateButton");
    m_generate->setDefault(true);
    m_generate->setMinimumHeight(5 * kUnit);
    m_generate->setToolTip(tr("Draw this (Ctrl+Enter)"));
    m_hint->setObjectName("generateHint");
    m_hint->setAlignment(Qt::AlignHCenter);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kMargin, kUnit, kMargin, kUnit);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_generate);
    column->addWidget(m_hint);
    connect(m_generate, &QPushButton::clicked, this, &GenerateFoot::pressed);
    // A button's own mnemonic repeats while it is held.
    const QKeySequence mnemonic = m_generate->shortcut();
    m_generate->setShortcut({});
    auto* once = new QShortcut(mnemonic, this, this, &GenerateFoot::pressed);
    once->setAutoRepeat(false);
    setNote({});
}

void GenerateFoot::setNote(const QString& note) {
    m_hint->setText(note.isEmpty() ? tr("Ctrl+Enter") : note);
}

}  // namespace easel::ui
