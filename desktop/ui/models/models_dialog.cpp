// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/models/models_dialog.h"

#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QUrl>
#include <QVBoxLayout>

#include <chrono>
#include <utility>

#include "desktop/remote/model_desk.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/models/model_rows.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using protocol::PullInfo;
using protocol::PullState;
using protocol::PullTask;

namespace {

constexpr QSize kSize(720, 560);
constexpr int kSign = 32;
constexpr auto kTypingPause = std::chrono::milliseconds(400);

RowContent::Action pageAction(const QString& page) {
    return {QStringLiteral("pageButton"), ModelsDialog::tr("Open its page"),
            [page] { QDesktopServices::openUrl(QUrl(page)); }};
}

}  // namespace

ModelsDialog::ModelsDialog(remote::ModelDesk& desk, remote::ServerLink& link, QWidget* parent)
    : QDialog(parent),
      m_desk(desk),
      m_link(link),
      m_search(new QLineEdit(this)),
      m_words(captionLabel({}, this)),
      m_list(new QWidget(this)),
      m_column(new QVBoxLayout(m_list)),
      m_free(captionLabel({}, this)) {
    setObjectName("modelsDialog");
    setWindowTitle(tr("Models"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(kSize);
    m_search->setObjectName("hubSearchEdit");
    m_search->setPlaceholderText(tr("Search the Hugging Face hub, or type OWNER/NAME"));
    m_search->setAccessibleName(tr("Search the hub"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    m_words->setObjectName("modelsWords");
    m_words->setWordWrap(true);
    m_free->setObjectName("freeSpaceLabel");
    m_column->setContentsMargins(0, 0, kUnit, 0);
    m_column->setSpacing(kUnit);
    m_column->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(m_list);
    auto* close = new QPushButton(tr("Close"), this);
    close->setAutoDefault(false);

    auto* foot = new QHBoxLayout;
    foot->addWidget(m_free, 1);
    foot->addWidget(close);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(kUnit);
    column->addWidget(m_search);
    column->addWidget(m_words);
    column->addWidget(scroll, 1);
    column->addLayout(foot);

    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    connectAll();
    m_desk.setWatched(true);
    refresh();
    m_search->setFocus();
}

void ModelsDialog::connectAll() {
    m_typing.setSingleShot(true);
    m_typing.setInterval(kTypingPause);
    connect(&m_typing, &QTimer::timeout, this, &ModelsDialog::askHub);
    connect(m_search, &QLineEdit::textChanged, this, &ModelsDialog::onSearchEdited);
    connect(m_search, &QLineEdit::returnPressed, this, &ModelsDialog::askHub);
    connect(&m_desk, &remote::ModelDesk::changed, this, &ModelsDialog::refresh);
    connect(&m_link, &remote::ServerLink::stateChanged, this, &ModelsDialog::refresh);
    connect(&m_desk, &remote::ModelDesk::failed, this,
            [this](const protocol::Problem& problem) { tell(QString::fromStdString(problem.detail), true); });
    connect(&m_desk, &remote::ModelDesk::searched, this, [this](const auto& hits) {
        m_isAsking = false;
        m_hits = hits;
        refresh();
    });
    connect(&m_desk, &remote::ModelDesk::lookedUp, this, [this](const auto& offer) {
        m_isAsking = false;
        m_offer = offer;
        refresh();
    });
}

ModelsDialog::~ModelsDialog() {
    m_desk.setWatched(false);
}

void ModelsDialog::onSearchEdited() {
    m_hits.reset();
    m_offer.reset();
    m_isAsking = !m_search->text().trimmed().isEmpty();
    if (m_isAsking) {
        m_typing.start();
    } else {
        m_typing.stop();
    }
    refresh();
}

void ModelsDialog::askHub() {
    m_typing.stop();
    const QString words = m_search->text().trimmed();
    if (words.isEmpty() || !m_desk.mayPull()) {
        return;
    }
    if (const std::string name = words.toStdString(); protocol::isHubName(name)) {
        m_desk.lookUp(name);
    } else {
        m_desk.search(words);
    }
}

void ModelsDialog::tell(const QString& words, bool isBad) {
    QPalette colours = palette();
    colours.setColor(QPalette::WindowText,
                     isBad ? statusColors(palette()).bad : palette().color(QPalette::PlaceholderText));
    m_words->setPalette(colours);
    m_words->setForegroundRole(QPalette::WindowText);
    m_words->setText(words);
    m_words->setVisible(!words.isEmpty());
}

void ModelsDialog::refresh() {
    const bool isOnline = m_link.isOnline();
    m_search->setEnabled(isOnline && m_desk.mayPull());
    const auto free = m_desk.freeBytes();
    m_free->setText(isOnline && free ? tr("%1 are free on %2").arg(bytesInWords(*free), m_link.title())
                                     : QString());
    if (!isOnline) {
        tell(m_link.title().isEmpty() ? tr("No server is chosen.")
                                      : tr("%1: %2").arg(m_link.title(), m_link.words()),
             false);
        return show({});
    }
    if (!m_desk.isKnown()) {
        tell(tr("Looking which models there are…"), false);
        return show({});
    }
    if (!m_desk.mayPull()) {
        tell(tr("Models are fetched and removed by an admin of this server; this computer may draw with "
                "them."),
             false);
        return show(rowsHere());
    }
    const bool asksHub = !m_search->text().trimmed().isEmpty();
    tell({}, false);
    show(asksHub ? rowsFromHub() : rowsHere());
}

void ModelsDialog::show(std::vector<RowContent> rows) {
    while (m_rows.size() > rows.size()) {
        m_rows.back()->hide();
        m_rows.back()->deleteLater();  // it may hold what was just pressed
        m_rows.pop_back();
    }
    while (m_rows.size() < rows.size()) {
        auto* row = new ActionRow(m_list);
        m_column->insertWidget(static_cast<int>(m_rows.size()), row);
        m_rows.push_back(row);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        m_rows[i]->setContent(std::move(rows[i]));
        m_rows[i]->show();
    }
}

bool ModelsDialog::isShown(const PullInfo& pull) const {
    const bool isLatest = m_desk.latest(pull.request.model, PullTask::Fetch) == &pull;
    return pull.task == PullTask::Fetch && pull.state != PullState::Succeeded && isLatest &&
           !m_dismissed.contains(pull.id);
}

std::vector<RowContent> ModelsDialog::rowsHere() {
    std::vector<RowContent> rows;
    for (const PullInfo& pull : m_desk.pulls()) {
        if (isShown(pull)) {
            rows.push_back(rowFor(pull));
        }
    }
    for (const protocol::ModelInfo& model : m_desk.models()) {
        rows.push_back(rowFor(model));
    }
    return rows;
}

RowContent::Action ModelsDialog::cancelAction(const PullInfo& pull) {
    return {QStringLiteral("cancelPullButton"), tr("Cancel"), [this, id = pull.id] { m_desk.cancel(id); }};
}

RowContent ModelsDialog::rowFor(const PullInfo& pull) {
    RowContent row = rowOf(pull);
    if (!m_desk.mayPull()) {
        return row;
    }
    if (!protocol::isFinished(pull.state)) {
        row.actions.push_back(cancelAction(pull));
        return row;
    }
    if (const QString page = pageIn(row.note); !page.isEmpty()) {
        row.actions.push_back(pageAction(page));
    }
    row.actions.push_back({QStringLiteral("retryPullButton"), tr("Try again"),
                           [this, request = pull.request] { m_desk.pull(request); }});
    row.actions.push_back({QStringLiteral("dismissPullButton"), tr("Dismiss"), [this, id = pull.id] {
                               m_dismissed.insert(id);
                               refresh();
                           }});
    return row;
}

RowContent ModelsDialog::rowFor(const protocol::ModelInfo& model) {
    const bool isDefault = m_link.info() && m_link.info()->defaultModel == model.id;
    const PullInfo* const verification = m_desk.latest(model.id, PullTask::Verify);
    RowContent row = rowOf(model, isDefault, verification);
    if (verification != nullptr && !protocol::isFinished(verification->state) && m_desk.mayPull()) {
        row.actions.push_back(cancelAction(*verification));
        return row;
    }
    if (model.isPulled && m_desk.mayPull()) {
        row.actions.push_back(
            {QStringLiteral("verifyButton"), tr("Verify"), [this, id = model.id] { m_desk.verify(id); }});
        row.actions.push_back({QStringLiteral("removeButton"), tr("Remove…"),
                               [this, model] { askToRemove(model); }, !isDefault});
    }
    if (model.state != protocol::ModelState::Failed) {
        row.actions.push_back(
            {QStringLiteral("useButton"), tr("Use"), [this, id = model.id] { Q_EMIT modelChosen(id); }});
    }
    return row;
}

std::vector<RowContent> ModelsDialog::rowsFromHub() {
    std::vector<RowContent> rows;
    if (m_isAsking) {
        tell(tr("Asking the hub…"), false);
        return rows;
    }
    if (m_offer && *m_offer) {
        const protocol::HubModel& model = **m_offer;
        RowContent head = rowOf(model);
        if (model.page.starts_with("https://")) {
            head.actions.push_back(pageAction(QString::fromStdString(model.page)));
        }
        rows.push_back(std::move(head));
        for (const protocol::HubVariant& variant : model.variants) {
            RowContent row = rowOf(variant, m_desk.freeBytes());
            const protocol::PullRequest request{.model = model.id, .variant = variant.name};
            row.actions.push_back({QStringLiteral("getButton"), tr("Get it"),
                                   [this, request] { get(request); }, fits(variant, m_desk.freeBytes())});
            rows.push_back(std::move(row));
        }
        return rows;
    }
    if (m_hits && *m_hits) {
        for (const protocol::HubHit& hit : **m_hits) {
            RowContent row = rowOf(hit);
            row.actions.push_back({QStringLiteral("lookButton"), tr("Look at it"), [this, id = hit.id] {
                                       m_search->setText(QString::fromStdString(id));
                                       askHub();
                                   }});
            rows.push_back(std::move(row));
        }
        if (rows.empty()) {
            tell(tr("The hub has no model for pictures in which these words are found."), false);
        }
        return rows;
    }
    const protocol::Problem* const problem = m_offer  ? &m_offer->error()
                                             : m_hits ? &m_hits->error()
                                                      : nullptr;
    if (problem != nullptr) {
        tell(QString::fromStdString(problem->detail), true);
    }
    return rows;
}

void ModelsDialog::get(const protocol::PullRequest& request) {
    m_desk.pull(request);
    m_search->clear();
}

void ModelsDialog::askToRemove(const protocol::ModelInfo& model) {
    auto* question = new QMessageBox(this);
    question->setObjectName("removeQuestion");
    question->setWindowTitle(tr("Remove a model"));
    question->setIconPixmap(
        iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kSign, devicePixelRatioF()));
    question->setText(tr("Remove %1 from %2?").arg(QString::fromStdString(model.id), m_link.title()));
    question->setInformativeText(
        tr("Other programs there that share the hub’s cache lose it, too. It can be fetched again."));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* yes = question->addButton(tr("&Remove"), QMessageBox::DestructiveRole);
    QPushButton* no = question->addButton(tr("Cancel"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    connect(yes, &QPushButton::clicked, this, [this, id = model.id] { m_desk.remove(id); });
    question->open();
}

}  // namespace easel::ui
