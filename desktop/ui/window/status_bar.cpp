// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/status_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include "desktop/ui/parts/announce.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

StatusBar::StatusBar(QWidget* parent)
    : QWidget(parent),
      m_live(new QLabel(this)),
      m_work(new QLabel(this)),
      m_counts(new QLabel(this)),
      m_cancelAll(new QPushButton(tr("Cancel all"), this)) {
    setObjectName("statusBar");
    setFixedHeight(5 * kUnit);
    m_live->setObjectName("liveRegion");
    m_live->resize(0, 0);
    makeSpeaker(m_live);
    m_work->setObjectName("statusLine");
    m_work->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_counts->setObjectName("countsLine");
    for (QLabel* label : {m_work, m_counts}) {
        label->setTextFormat(Qt::PlainText);
        label->setForegroundRole(QPalette::PlaceholderText);
    }
    m_cancelAll->setObjectName("cancelAllButton");
    m_cancelAll->setFlat(true);
    m_cancelAll->setToolTip(tr("Cancel everything that waits or runs"));
    m_cancelAll->hide();
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(kMargin, 0, kMargin, 0);
    row->setSpacing(kMargin);
    row->addWidget(m_work, 1);
    row->addWidget(m_cancelAll);
    row->addWidget(m_counts);
    connect(m_cancelAll, &QPushButton::clicked, this, &StatusBar::cancelAllRequested);
}

void StatusBar::setWork(const QString& line, bool active) {
    m_work->setText(line);
    m_work->setToolTip(line);
    // Otherwise Qt gives the focus to whatever comes first in the window.
    if (!active && m_cancelAll->hasFocus()) {
        Q_EMIT focusLost();
    }
    m_cancelAll->setVisible(active);
}

void StatusBar::tell(const QString& words) {
    announce(m_live, words);
}

void StatusBar::setCounts(const QString& line) {
    m_counts->setText(line);
}

}  // namespace easel::ui
