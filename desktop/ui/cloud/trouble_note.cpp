// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/trouble_note.h"

#include <QDesktopServices>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include "desktop/cloud/gcp_event.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

TroubleNote::TroubleNote(QWidget* parent)
    : QFrame(parent),
      m_sign(new QLabel(this)),
      m_title(proseLabel(new QLabel(this), "troubleTitle")),
      m_detail(proseLabel(new QLabel(this), "troubleDetail")),
      m_remedy(proseLabel(captionLabel({}, this), "troubleRemedy")),
      m_page(new QPushButton(tr("Open the page that helps"), this)),
      m_buttons(new QHBoxLayout) {
    setObjectName("troubleNote");
    QFont strong = m_title->font();
    strong.setWeight(QFont::DemiBold);
    m_title->setFont(strong);
    m_page->setObjectName("troublePageButton");
    m_page->setAutoDefault(false);
    m_buttons->setSpacing(kUnit);
    m_buttons->addWidget(m_page);
    m_buttons->addStretch(1);
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, kUnit, 0, kUnit);
    grid->setHorizontalSpacing(kUnit);
    grid->setVerticalSpacing(kUnit / 2);
    grid->addWidget(m_sign, 0, 0, Qt::AlignTop);
    grid->addWidget(m_title, 0, 1);
    grid->addWidget(m_detail, 1, 1);
    grid->addWidget(m_remedy, 2, 1);
    grid->setRowMinimumHeight(3, kUnit / 2);
    grid->addLayout(m_buttons, 4, 1);
    grid->setColumnStretch(1, 1);
    connect(m_page, &QPushButton::clicked, this, [this] { QDesktopServices::openUrl(m_url); });
    hide();
}

void TroubleNote::show(const cloud::Failure& failure) {
    m_sign->setPixmap(
        iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kIconSize, devicePixelRatioF()));
    m_title->setText(cloud::titleOf(failure));
    m_detail->setText(failure.detail);
    m_detail->setVisible(!failure.detail.isEmpty());
    m_remedy->setText(failure.remedy);
    m_remedy->setVisible(!failure.remedy.isEmpty());
    m_url = failure.url;
    m_page->setVisible(m_url.isValid());
    m_page->setToolTip(m_url.toString());
    setAccessibleName(QStringLiteral("%1. %2 %3").arg(m_title->text(), failure.detail, failure.remedy));
    QFrame::show();
}

void TroubleNote::clear() {
    hide();
}

QPushButton* TroubleNote::addButton(const char* name, const QString& words) {
    auto* button = new QPushButton(words, this);
    button->setObjectName(QLatin1String(name));
    button->setAutoDefault(false);
    m_buttons->insertWidget(m_buttons->count() - 1, button);
    return button;
}

}  // namespace easel::ui
