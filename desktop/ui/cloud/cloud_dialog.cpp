// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/cloud_dialog.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <chrono>
#include <utility>

#include "desktop/cloud/cloud.h"
#include "desktop/cloud/machine_words.h"
#include "desktop/ui/cloud/machine_list.h"
#include "desktop/ui/cloud/making_page.h"
#include "desktop/ui/cloud/new_machine_form.h"
#include "desktop/ui/cloud/trouble_note.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using cloud::MachineMaker;

namespace {

constexpr QSize kSize(92 * kUnit, 86 * kUnit);
constexpr auto kTypingPause = std::chrono::milliseconds(400);

QLabel* heading(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setFont(headingFont());
    return label;
}

}  // namespace

CloudDialog::CloudDialog(cloud::Cloud& cloud, QWidget* parent)
    : QDialog(parent),
      m_cloud(cloud),
      m_pages(new QStackedWidget(this)),
      m_troublePage(new QWidget(this)),
      m_trouble(new TroubleNote(m_troublePage)),
      m_signIn(m_trouble->addButton("signInButton", tr("Sign in…"))),
      m_lookAgain(m_trouble->addButton("lookAgainButton", tr("Try again"))),
      m_looking(captionLabel({}, m_troublePage)),
      m_overview(new QScrollArea(this)),
      m_account(captionLabel({}, this)),
      m_machines(new MachineList(m_cloud.desk, this)),
      m_form(new NewMachineForm(m_cloud.desk, m_cloud.keeper, this)),
      m_making(new MakingPage(m_cloud.maker, this)),
      m_price(new QLabel(this)),
      m_priceNote(captionLabel({}, this)),
      m_make(new QPushButton(tr("Make the machine"), this)),
      m_cancel(new QPushButton(tr("Cancel"), this)),
      m_close(new QPushButton(tr("Close"), this)) {
    setObjectName("cloudDialog");
    setWindowTitle(tr("Google Cloud"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(kSize);
    m_looking->setObjectName("cloudWords");
    m_trouble->setObjectName("accountTrouble");
    auto* trouble = new QVBoxLayout(m_troublePage);
    trouble->setContentsMargins(0, 0, 0, 0);
    trouble->setSpacing(kUnit);
    trouble->addWidget(heading(tr("Machines on Google Cloud"), m_troublePage));
    trouble->addWidget(captionLabel(
        tr("A machine with a GPU, paid by the hour, which Easel makes, looks after and removes. Nothing is "
           "made before you have seen what it costs."),
        m_troublePage));
    trouble->addSpacing(kUnit);
    trouble->addWidget(m_looking);
    trouble->addWidget(m_trouble);
    trouble->addStretch(1);
    m_pages->addWidget(m_troublePage);
    m_pages->addWidget(buildOverview());
    m_pages->addWidget(m_making);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(kMargin);
    column->addWidget(m_pages, 1);
    column->addWidget(buildFoot());
    connectAll();
    m_cloud.desk.setWatched(true);
    refresh();
    askForPrice();
}

CloudDialog::~CloudDialog() {
    m_cloud.desk.setWatched(false);
    // What has failed can still be gone on with, or removed, when this is opened again.
    if (m_cloud.maker.state() == MachineMaker::State::Made) {
        m_cloud.maker.leave();
    }
}

QWidget* CloudDialog::buildOverview() {
    m_account->setObjectName("accountLabel");
    m_account->setTextFormat(Qt::PlainText);
    auto* inside = new QWidget(m_overview);
    auto* column = new QVBoxLayout(inside);
    column->setContentsMargins(0, 0, kUnit, 0);
    column->setSpacing(kUnit);
    column->addWidget(heading(tr("Your machines"), inside));
    column->addWidget(m_account);
    column->addWidget(m_machines);
    column->addSpacing(kMargin);
    column->addWidget(heading(tr("New machine"), inside));
    column->addWidget(m_form);
    column->addStretch(1);
    m_overview->setWidgetResizable(true);
    m_overview->setFrameShape(QFrame::NoFrame);
    m_overview->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_overview->setFocusPolicy(Qt::NoFocus);
    m_overview->setWidget(inside);
    return m_overview;
}

QWidget* CloudDialog::buildFoot() {
    m_price->setObjectName("priceLabel");
    m_price->setTextFormat(Qt::PlainText);
    m_price->setFont(headingFont());
    m_priceNote->setObjectName("priceNote");
    m_priceNote->setTextFormat(Qt::PlainText);
    m_make->setObjectName("makeMachineButton");
    m_make->setDefault(true);
    m_cancel->setObjectName("cancelMakingButton");
    m_close->setObjectName("closeCloudButton");
    for (QPushButton* button : {m_cancel, m_close}) {
        button->setAutoDefault(false);
    }
    auto* money = new QVBoxLayout;
    money->setSpacing(kUnit / 4);
    money->addWidget(m_price);
    money->addWidget(m_priceNote);
    auto* foot = new QWidget(this);
    auto* row = new QHBoxLayout(foot);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit);
    row->addLayout(money, 1);
    for (QPushButton* button : {m_close, m_cancel, m_make}) {
        row->addWidget(button, 0, Qt::AlignBottom);
    }
    return foot;
}

void CloudDialog::connectAll() {
    m_typing.setSingleShot(true);
    m_typing.setInterval(kTypingPause);
    connect(&m_typing, &QTimer::timeout, this, &CloudDialog::askForPrice);
    connect(m_form, &NewMachineForm::edited, this, [this] {
        m_typing.start();
        showPrice();
    });
    connect(&m_cloud.desk, &cloud::CloudDesk::changed, this, &CloudDialog::refresh);
    connect(&m_cloud.maker, &MachineMaker::changed, this, &CloudDialog::refresh);
    connect(&m_cloud.maker, &MachineMaker::quoteChanged, this, &CloudDialog::showPrice);
    connect(m_signIn, &QPushButton::clicked, this, [this] { m_cloud.desk.signIn(); });
    connect(m_lookAgain, &QPushButton::clicked, this, [this] { m_cloud.desk.lookAgain(); });
    connect(m_make, &QPushButton::clicked, this, &CloudDialog::make);
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_cloud.maker.cancel(); });
    connect(m_close, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_making, &MakingPage::againRequested, this, &CloudDialog::makeAgain);
    connect(m_making, &MakingPage::backRequested, this, [this] { m_cloud.maker.leave(); });
    connect(m_making, &MakingPage::removeRequested, this,
            [this] { m_machines->remove(m_cloud.maker.place()); });
    connect(m_machines, &MachineList::removed, this, [this](const protocol::GcpPlace& place) {
        if (place.name == m_cloud.maker.place().name) {
            m_cloud.maker.leave();
        }
        Q_EMIT removed(place);
    });
    connect(m_machines, &MachineList::useRequested, this, &CloudDialog::useRequested);
}

void CloudDialog::refresh() {
    const bool isMaking = m_cloud.maker.state() != MachineMaker::State::Idle;
    const bool isKnown = m_cloud.desk.isKnown() && !m_cloud.desk.offers().empty();
    if (isMaking) {
        m_pages->setCurrentWidget(m_making);
    } else if (isKnown) {
        m_pages->setCurrentWidget(m_overview);
    } else {
        m_pages->setCurrentWidget(m_troublePage);
    }
    refreshTrouble();
    m_account->setText(tr("Signed in as %1").arg(m_cloud.desk.account()));
    m_account->setVisible(!m_cloud.desk.account().isEmpty());
    m_form->refresh();
    m_make->setVisible(!isMaking && isKnown);
    m_cancel->setVisible(m_cloud.maker.isBusy());
    m_cancel->setEnabled(m_cloud.maker.state() == MachineMaker::State::Making);
    showPrice();
}

void CloudDialog::refreshTrouble() {
    const auto& trouble = m_cloud.desk.trouble();
    const bool isSigningIn = m_cloud.desk.isSigningIn();
    if (trouble && !isSigningIn) {
        m_trouble->show(*trouble);
    } else {
        m_trouble->clear();
    }
    m_signIn->setVisible(trouble && trouble->code == u"not_logged_in");
    m_looking->setText(isSigningIn ? tr("Sign in with your browser; this page goes on when you have.")
                                   : tr("Asking Google Cloud who you are…"));
    m_looking->setVisible(isSigningIn || !trouble);
}

void CloudDialog::askForPrice() {
    const auto wish = m_form->wish();
    if (wish && wish != m_asked) {
        m_asked = wish;
        m_cloud.maker.quote(*wish);
    }
    showPrice();
}

void CloudDialog::showPrice() {
    const auto wish = m_form->wish();
    const bool isCurrent = wish && wish == m_asked;
    const auto& price = m_cloud.maker.price();
    const auto& trouble = m_cloud.maker.priceTrouble();
    QString words;
    QString note;
    const bool isAsked = m_cloud.maker.state() == MachineMaker::State::Idle && m_make->isVisibleTo(this);
    if (isAsked && isCurrent && trouble) {
        // What can be done about it here is to choose something else; the remedy is for a command line.
        note = trouble->code == u"bad_argument" ? trouble->detail
                                                : QString::fromStdString(cloud::toProblem(*trouble).detail);
    } else if (isAsked && isCurrent && price) {
        const QString money = cloud::moneyInWords(price->limit, price->currency);
        words =
            m_form->mayGoOn() ? tr("%1 for %2 h").arg(money).arg(price->hours) : tr("%1 at most").arg(money);
        note = tr("%1 h at %2 an hour, disk and address included. While it is stopped its disk costs %3 a "
                  "month. "
                  "List prices of %4, without taxes%5.")
                   .arg(price->hours)
                   .arg(cloud::moneyInWords(price->totalHourly, price->currency),
                        cloud::moneyInWords(price->diskMonthly, price->currency), price->asOf,
                        price->note.isEmpty() ? QString() : QStringLiteral("; %1").arg(price->note));
    } else if (isAsked && wish) {
        note = tr("Asking what it costs…");
    }
    m_price->setText(words);
    m_price->setVisible(!words.isEmpty());
    QPalette colours = palette();
    if (isAsked && isCurrent && trouble) {
        colours.setColor(QPalette::PlaceholderText, statusColors(palette()).bad);
    }
    m_priceNote->setPalette(colours);
    m_priceNote->setText(note);
    m_make->setEnabled(isCurrent && price && !trouble);
}

void CloudDialog::make() {
    if (const auto wish = m_form->wish()) {
        m_form->keepPromises();
        m_cloud.maker.make(*wish, m_form->token());
    }
}

void CloudDialog::makeAgain() {
    m_cloud.maker.make(cloud::MachineWish(m_cloud.maker.wish()), m_form->token());
}

}  // namespace easel::ui
