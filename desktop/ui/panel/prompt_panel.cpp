// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/prompt_panel.h"

#include <QDragEnterEvent>
#include <QGuiApplication>
#include <QInputMethod>
#include <QMimeData>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>
#include <utility>

#include "desktop/ui/panel/generate_foot.h"
#include "desktop/ui/panel/knobs_section.h"
#include "desktop/ui/panel/known_words.h"
#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/panel/prompt_edit.h"
#include "desktop/ui/panel/section_list.h"
#include "desktop/ui/panel/start_section.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"
#include "desktop/ui/parts/words.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

PromptPanel::PromptPanel(gallery::InputFolder& inputs, QWidget* parent)
    : QWidget(parent),
      m_scroll(new QScrollArea(this)),
      m_prompt(new PromptEdit(3, 8, this)),
      m_negative(new PromptEdit(2, 6, this)) {
    setObjectName("promptPanel");
    setAcceptDrops(true);

    m_scroll->setWidget(buildKnobs(inputs));
    m_foot = new GenerateFoot(this);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);

    // The headings were made last; by keyboard they come where they stand.
    setTabOrder(m_prompt, m_negativeFold->heading());
    m_sections->reachAfter(m_knobs->last());

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_scroll, 1);
    column->addWidget(m_foot);

    m_wordHint.setSingleShot(true);
    m_wordHint.setInterval(600);  // Not while a word is half typed.
    connect(&m_wordHint, &QTimer::timeout, this, &PromptPanel::showWordHint);
    connectFields();
    connectSections();
    showRequest();
}

QWidget* PromptPanel::buildKnobs(gallery::InputFolder& inputs) {
    using Place = FieldBox::Place;
    auto* page = new QWidget(this);
    m_prompt->setObjectName("promptEdit");
    m_prompt->setPlaceholderText(tr("Describe the picture"));
    m_prompt->setAccessibleName(tr("Prompt"));
    m_negative->setObjectName("negativePromptEdit");
    m_negative->setPlaceholderText(tr("What should not be in it"));
    m_negative->setAccessibleName(tr("Negative prompt"));
    m_promptBox = new FieldBox(tr("&Prompt"), Place::Above, m_prompt, m_prompt, page);
    auto* negativeBox = new FieldBox({}, Place::Above, m_negative, m_negative, page);
    m_negativeFold = new Fold(tr("Negative prompt"), negativeBox, page);
    m_negativeFold->setObjectName("negativeFold");
    m_knobs = new KnobsSection(m_request, page);
    m_fields = {{"prompt", m_promptBox, m_prompt}, {"negative_prompt", negativeBox, m_negative}};
    m_fields.insert(m_fields.end(), m_knobs->fields().begin(), m_knobs->fields().end());
    std::vector<std::string_view> named;
    std::ranges::transform(m_fields, std::back_inserter(named), &PanelField::name);
    m_sections = new SectionList(m_request, inputs, named, page);
    m_fields.insert(m_fields.end(), m_sections->fields().begin(), m_sections->fields().end());

    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
    column->setSpacing(kUnit);
    column->addWidget(m_promptBox);
    column->addWidget(m_negativeFold);
    column->addSpacing(kUnit);
    column->addWidget(m_knobs);
    column->addSpacing(kUnit);
    column->addWidget(m_sections);
    column->addStretch();
    return page;
}

void PromptPanel::connectFields() {
    connect(m_foot, &GenerateFoot::pressed, this, &PromptPanel::generate);
    connect(m_negativeFold, &Fold::toggled, this, &PromptPanel::openPartsChanged);
    connect(m_prompt, &QPlainTextEdit::textChanged, this, [this] {
        m_request.prompt = m_prompt->toPlainText().toStdString();
        m_wordHint.start();
        changed("prompt");
    });
    connect(m_negative, &QPlainTextEdit::textChanged, this, [this] {
        const QString text = m_negative->toPlainText();
        m_request.negativePrompt = text.isEmpty() ? std::nullopt : std::optional(text.toStdString());
        m_negativeFold->setSummary(text.simplified());
        changed("negative_prompt");
    });
}

void PromptPanel::connectSections() {
    connect(m_knobs, &Section::edited, this, &PromptPanel::changed);
    connect(m_sections, &SectionList::edited, this, &PromptPanel::taken);
    connect(m_sections, &SectionList::toggled, this, &PromptPanel::openPartsChanged);
    connect(m_sections, &SectionList::sizeWanted, m_knobs, &KnobsSection::takeSize);
    connect(m_sections, &SectionList::wordsWanted, this, [this](const QString& words) {
        const QString prompt = m_prompt->toPlainText();
        setPrompt(prompt.trimmed().isEmpty() ? words : prompt + QStringLiteral(", ") + words);
    });
}

void PromptPanel::setServer(const protocol::ServerInfo& info,
                            const std::vector<protocol::ModelInfo>& models) {
    setOffer({info.limits, info.samplers, info.defaultModel, models, m_offer.addons});
}

void PromptPanel::setAddons(const std::vector<protocol::AddonInfo>& addons) {
    Offer offer = m_offer;
    offer.addons = addons;
    setOffer(std::move(offer));
}

void PromptPanel::setOffer(Offer offer) {
    // The server tells of itself every few seconds: nothing is refilled under the person's hands.
    if (offer == m_offer) {
        return;
    }
    m_offer = std::move(offer);
    const protocol::GenerationRequest before = m_request;
    showRequest();
    if (m_request != before) {
        Q_EMIT requestChanged(m_request);
    }
}

void PromptPanel::setMaskPainting(MaskPainting painting) {
    m_sections->setMaskPainting(std::move(painting));
}

void PromptPanel::setOfflineNote(const QString& note) {
    m_foot->setNote(note);
}

void PromptPanel::setRequest(const protocol::GenerationRequest& request) {
    m_request = request;
    clearProblems();
    showRequest();
}

void PromptPanel::setPrompt(const QString& prompt) {
    m_prompt->setPlainText(prompt);
    m_prompt->moveCursor(QTextCursor::End);
    focusPrompt();
}

void PromptPanel::setPromptTokens(const protocol::TokenQuestion& question,
                                  const std::optional<protocol::TokenCount>& count) {
    m_prompt->setTokens(question.prompt, count);
}

void PromptPanel::setNegativeTokens(const protocol::TokenQuestion& question,
                                    const std::optional<protocol::TokenCount>& count) {
    m_negative->setTokens(question.prompt, count);
}

void PromptPanel::setLastSeed(std::int64_t seed) {
    m_knobs->setLastSeed(seed);
}

bool PromptPanel::showProblem(const protocol::Problem& problem) {
    for (const PanelField& field : m_fields) {
        if (!problem.field || *problem.field != field.name || !m_sections->reveal(field)) {
            continue;
        }
        field.box->setProblem(QString::fromStdString(problem.detail));
        markProblem(field.input, true);
        if (m_negativeFold->isAncestorOf(field.box)) {
            m_negativeFold->setOpen(true);
        }
        m_scroll->ensureWidgetVisible(field.box);
        return true;
    }
    return false;
}

void PromptPanel::clearProblems() {
    for (const PanelField& field : m_fields) {
        field.box->setProblem({});
        markProblem(field.input, false);
    }
}

void PromptPanel::focusPrompt() {
    m_prompt->setFocus(Qt::OtherFocusReason);
}

void PromptPanel::settle() {
    QGuiApplication::inputMethod()->commit();
    for (QAbstractSpinBox* box : findChildren<QAbstractSpinBox*>()) {
        box->interpretText();
    }
    m_knobs->settle();
}

void PromptPanel::generate() {
    settle();
    clearProblems();
    if (m_prompt->toPlainText().trimmed().isEmpty()) {
        showProblem(
            protocol::invalidField("prompt", tr("Write what the picture should show.").toStdString()));
        focusPrompt();
        return;
    }
    if (const auto problem = objection(); problem && showProblem(*problem)) {
        return;
    }
    Q_EMIT generateRequested(withoutIdle(m_request));
}

std::optional<protocol::Problem> PromptPanel::objection() const {
    const auto empty = std::ranges::find_if(
        m_request.controls, [](const protocol::ControlUse& use) { return use.image.empty(); });
    if (empty == m_request.controls.end()) {
        return {};
    }
    return protocol::invalidField("controls", tr("%1 has no picture yet. Give it one, or take it out.")
                                                  .arg(QString::fromStdString(empty->model))
                                                  .toStdString());
}

void PromptPanel::showRequest() {
    // The model's part takes out a model that is not here; what is left out depends on which one is.
    m_sections->show(m_offer);
    leaveOutUnserved();
    const protocol::ModelInfo& now = m_offer.modelOf(m_request);
    const QString prompt = QString::fromStdString(m_request.prompt);
    const QSignalBlocker quietPrompt(m_prompt), quietNegative(m_negative);
    if (m_prompt->toPlainText() != prompt) {
        m_prompt->setPlainText(prompt);
    }
    const QString negative = QString::fromStdString(m_request.negativePrompt.value_or(""));
    if (m_negative->toPlainText() != negative) {
        m_negative->setPlainText(negative);
    }
    m_negativeFold->setSummary(negative.simplified());
    m_knobs->show(m_offer);

    m_prompt->setWords(knownWords(now));
    showWordHint();
}

void PromptPanel::showWordHint() {
    const protocol::ModelInfo& now = m_offer.modelOf(m_request);
    m_promptBox->keepRoom(now.knownNames.empty() ? 0 : 2);
    m_promptBox->setHint(unknownWordsHint(m_request.prompt, now));
}

void PromptPanel::changed(std::string_view field) {
    const auto touched = std::ranges::find(m_fields, field, &PanelField::name);
    for (const PanelField& f : m_fields) {
        if (f.box != touched->box) {
            continue;
        }
        f.box->setProblem({});
        markProblem(f.input, false);
    }
    Q_EMIT requestChanged(m_request);
}

void PromptPanel::taken(std::string_view field) {
    if (field == "model") {
        adoptModel();
    } else if (field == "sampler") {
        m_request.schedule.reset();
    }
    showRequest();
    changed(field);
}

void PromptPanel::adoptModel() {
    // Another model likes another size and other numbers: start from its own.
    protocol::forEachField([this](const auto& row) {
        if constexpr (requires { row.of(m_request).reset(); }) {
            if (row.preset && std::string_view(row.name) != "model") {
                row.of(m_request).reset();
            }
        }
    });
    m_request.schedule.reset();
}

void PromptPanel::leaveOutUnserved() {
    const auto left = leaveOut(m_offer, m_request);
    if (left.empty()) {
        return;
    }
    QStringList titles;
    protocol::forEachField([&](const auto& row) {
        if (std::ranges::find(left, std::string_view(row.name)) != left.end()) {
            titles << fieldTitle(row);
        }
    });
    m_sections->show(m_offer);
    Q_EMIT leftOut(titles);
}

void PromptPanel::setStartPicture(const QString& path) {
    StartSection& start = m_sections->start();
    const auto at = std::ranges::find(m_fields, std::string_view("init_image"), &PanelField::name);
    if (m_sections->reveal(*at)) {
        Q_EMIT openPartsChanged();
    }
    start.well().takeFile(path);
    m_scroll->ensureWidgetVisible(at->box);
}

QStringList PromptPanel::openParts() const {
    QStringList names = m_sections->open();
    if (m_negativeFold->isOpen()) {
        names << QStringLiteral("negative");
    }
    return names;
}

void PromptPanel::setOpenParts(const QStringList& names) {
    m_sections->setOpen(names);
    m_negativeFold->setOpen(names.contains(QStringLiteral("negative")));
}

void PromptPanel::dragEnterEvent(QDragEnterEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.size() == 1 && urls.first().isLocalFile()) {
        event->acceptProposedAction();
    }
}

void PromptPanel::dropEvent(QDropEvent* event) {
    event->setDropAction(Qt::CopyAction);
    event->accept();
    Q_EMIT settingsDropped(event->mimeData()->urls().first().toLocalFile());
}

}  // namespace easel::ui
