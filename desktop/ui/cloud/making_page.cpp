// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/making_page.h"

#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include <chrono>

#include "desktop/cloud/machine_maker.h"
#include "desktop/ui/cloud/trouble_note.h"
#include "desktop/ui/parts/announce.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using cloud::MachineMaker;
using StageState = cloud::Stage::State;

namespace {

constexpr int kRowsOfAStep = 2;
constexpr int kDot = 8;
constexpr int kMsInSecond = 1'000;
constexpr int kMinute = 60;

QString clock(int seconds) {
    return QStringLiteral("%1:%2").arg(seconds / kMinute).arg(seconds % kMinute, 2, 10, QChar('0'));
}

QPixmap signOf(StageState state, const QWidget& widget) {
    const StatusColors colors = statusColors(widget.palette());
    const qreal ratio = widget.devicePixelRatioF();
    switch (state) {
        case StageState::Done:
            return iconPixmap(QStringLiteral("check"), colors.good, kIconSize, ratio);
        case StageState::Failed:
            return iconPixmap(QStringLiteral("warning"), colors.bad, kIconSize, ratio);
        case StageState::Skipped:
            return iconPixmap(QStringLiteral("check"), widget.palette().color(QPalette::PlaceholderText),
                              kIconSize, ratio);
        case StageState::Running:
        case StageState::Waiting:
            break;
    }
    return iconPixmap(QStringLiteral("chevron-right"), widget.palette().color(QPalette::WindowText),
                      kIconSize, ratio);
}

}  // namespace

MakingPage::MakingPage(MachineMaker& maker, QWidget* parent)
    : QWidget(parent),
      m_maker(maker),
      m_heading(new QLabel(this)),
      m_words(captionLabel({}, this)),
      m_list(new QWidget(this)),
      m_grid(new QGridLayout(m_list)),
      m_trouble(new TroubleNote(this)) {
    setObjectName("makingPage");
    m_heading->setObjectName("makingHeading");
    m_heading->setFont(headingFont());
    m_heading->setTextFormat(Qt::PlainText);
    makeSpeaker(m_heading);
    m_words->setObjectName("makingWords");
    m_words->setTextFormat(Qt::PlainText);
    m_grid->setContentsMargins(0, 0, kUnit, 0);
    m_grid->setHorizontalSpacing(kUnit);
    m_grid->setVerticalSpacing(0);
    m_grid->setColumnStretch(1, 1);
    auto* again = m_trouble->addButton("makeAgainButton", tr("Go on"));
    auto* back = m_trouble->addButton("makeBackButton", tr("Change the settings"));
    auto* remove = m_trouble->addButton("makeRemoveButton", tr("Remove what was made…"));

    auto* inside = new QWidget(this);
    auto* body = new QVBoxLayout(inside);
    body->setContentsMargins(0, 0, 0, 0);
    body->setSpacing(kMargin);
    body->addWidget(m_list);
    body->addWidget(m_trouble);
    body->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(inside);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addWidget(m_heading);
    column->addWidget(m_words);
    column->addSpacing(kUnit);
    column->addWidget(scroll, 1);

    connect(again, &QPushButton::clicked, this, &MakingPage::againRequested);
    connect(back, &QPushButton::clicked, this, &MakingPage::backRequested);
    connect(remove, &QPushButton::clicked, this, &MakingPage::removeRequested);
    connect(&m_maker, &MachineMaker::changed, this, &MakingPage::refresh);
    m_tick.setInterval(std::chrono::seconds(1));
    connect(&m_tick, &QTimer::timeout, this, &MakingPage::refresh);
    refresh();
}

MakingPage::Row MakingPage::makeRow() {
    const int at = static_cast<int>(m_rows.size()) * kRowsOfAStep;
    Row row{new QLabel(m_list), new QLabel(m_list), captionLabel({}, m_list), captionLabel({}, m_list)};
    row.sign->setFixedWidth(kIconSize);
    row.title->setObjectName("stageTitle");
    row.title->setMinimumHeight(kControlHeight - kDot);
    row.time->setObjectName("stageTime");
    row.time->setWordWrap(false);
    row.detail->setObjectName("stageDetail");
    for (QLabel* label : {row.title, row.time, row.detail}) {
        label->setTextFormat(Qt::PlainText);
    }
    row.detail->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_grid->addWidget(row.sign, at, 0);
    m_grid->addWidget(row.title, at, 1);
    m_grid->addWidget(row.time, at, 2, Qt::AlignRight);
    m_grid->addWidget(row.detail, at + 1, 1);
    return row;
}

void MakingPage::showRow(std::size_t index) {
    const MachineMaker::Step& step = m_maker.steps()[index];
    const Row& row = m_rows[index];
    const StageState state = step.stage.state;
    const bool isOn = state == StageState::Running || state == StageState::Waiting;
    row.sign->setPixmap(signOf(state, *this));
    QFont font = this->font();
    font.setWeight(isOn ? QFont::DemiBold : QFont::Normal);
    row.title->setFont(font);
    row.title->setText(step.stage.title);
    const int seconds = step.seconds.value_or(static_cast<int>(step.since.elapsed() / kMsInSecond));
    row.time->setText(state == StageState::Skipped ? tr("not needed") : clock(seconds));
    // Why one has failed stands beneath all of them, with what to do.
    const bool hasDetail = !step.stage.detail.isEmpty() && state != StageState::Failed;
    row.detail->setText(step.stage.detail);
    row.detail->setVisible(hasDetail);
    for (QLabel* label : {row.sign, row.title, row.time}) {
        label->show();
    }
}

void MakingPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refresh();
}

void MakingPage::refresh() {
    const QString name = m_maker.wish().fullName();
    QString heading;
    QString words;
    switch (m_maker.state()) {
        case MachineMaker::State::Idle:
            break;
        case MachineMaker::State::Making:
            heading = tr("Making %1").arg(name);
            words = tr(
                "This takes ten to twenty minutes, most of it for the driver and the model. It goes on when "
                "this page is closed, as long as Easel runs.");
            break;
        case MachineMaker::State::Stopping:
            heading = tr("Stopping…");
            break;
        case MachineMaker::State::Failed:
            heading =
                m_maker.failure()->code == u"cancelled" ? tr("Cancelled") : tr("%1 is not ready").arg(name);
            break;
        case MachineMaker::State::Made:
            heading = tr("%1 is ready").arg(name);
            words = tr("Easel connects to it through a tunnel of its own.");
            break;
    }
    if (m_heading->text() != heading) {
        m_heading->setText(heading);
        announce(m_heading, heading);
    }
    m_words->setText(words);
    m_words->setVisible(!words.isEmpty());
    const auto& steps = m_maker.steps();
    while (m_rows.size() < steps.size()) {
        m_rows.push_back(makeRow());
    }
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        if (i < steps.size()) {
            showRow(i);
            continue;
        }
        for (QLabel* label : {m_rows[i].sign, m_rows[i].title, m_rows[i].time, m_rows[i].detail}) {
            label->hide();
        }
    }
    if (m_maker.state() != MachineMaker::State::Failed) {
        m_trouble->clear();
    } else if (m_maker.failure()->code == u"cancelled") {
        m_trouble->show(
            {QStringLiteral("cancelled"),
             tr("What was made by then is still there, and a machine costs money until it is stopped."),
             tr("Go on takes it up where it stopped; or remove what there is."),
             {}});
    } else {
        m_trouble->show(*m_maker.failure());
    }
    if (m_maker.isBusy() && isVisible()) {
        m_tick.start();
    } else {
        m_tick.stop();
    }
}

}  // namespace easel::ui
