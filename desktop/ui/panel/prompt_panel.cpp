// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/prompt_panel.h"

#include <QComboBox>
#include <QGuiApplication>
#include <QInputMethod>
#include <QLineEdit>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>

#include "desktop/ui/panel/generate_foot.h"
#include "desktop/ui/panel/known_words.h"
#include "desktop/ui/panel/model_fields.h"
#include "desktop/ui/panel/other_numbers.h"
#include "desktop/ui/panel/prompt_edit.h"
#include "desktop/ui/panel/seed_field.h"
#include "desktop/ui/panel/size_field.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/number_slider.h"
#include "desktop/ui/parts/problem_mark.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

namespace {

/// Where the sliders end; the boxes go up to the server's limits.
constexpr double kUsualSteps = 100;
constexpr double kUsualGuidance = 15;

}  // namespace

PromptPanel::PromptPanel(QWidget* parent)
    : QWidget(parent),
      m_scroll(new QScrollArea(this)),
      m_prompt(new PromptEdit(3, 8, this)),
      m_negative(new PromptEdit(2, 6, this)),
      m_size(new SizeField(this)),
      m_steps(new NumberSlider(tr("Steps"), 0, 1, this)),
      m_guidance(new NumberSlider(tr("Guidance"), 1, 0.5, this)),
      m_seed(new SeedField(this)),
      m_count(new WholeBox(this)),
      m_modelFields(new ModelFields(this)),
      m_foot(new GenerateFoot(this)) {
    setObjectName("promptPanel");

    m_scroll->setWidget(buildKnobs());
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);

    // The headings were made last; by keyboard they come where they stand.
    setTabOrder(m_prompt, m_negativeFold->heading());
    setTabOrder(m_count, m_modelFold->heading());

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_scroll, 1);
    column->addWidget(m_foot);

    m_wordHint.setSingleShot(true);
    m_wordHint.setInterval(600);  // Not while a word is half typed.
    connect(&m_wordHint, &QTimer::timeout, this, &PromptPanel::showWordHint);
    connectFields();
    applyLimits();
    showRequest();
}

QWidget* PromptPanel::buildKnobs() {
    using Place = FieldBox::Place;
    auto* page = new QWidget(this);
    m_prompt->setObjectName("promptEdit");
    m_prompt->setPlaceholderText(tr("Describe the picture"));
    m_prompt->setAccessibleName(tr("Prompt"));
    m_negative->setObjectName("negativePromptEdit");
    m_negative->setPlaceholderText(tr("What should not be in it"));
    m_negative->setAccessibleName(tr("Negative prompt"));
    m_size->setObjectName("sizeField");
    m_steps->setObjectName("stepsField");
    m_steps->setToolTip(tr("How often the picture is refined: more takes longer"));
    m_guidance->setObjectName("guidanceField");
    m_guidance->setToolTip(tr("How closely the picture follows the words (CFG scale)"));
    m_count->setObjectName("countBox");
    m_count->setAccessibleName(tr("Count"));
    m_count->setToolTip(tr("How many pictures; each has a seed of its own"));

    m_promptBox = new FieldBox(tr("&Prompt"), Place::Above, m_prompt, m_prompt, page);
    auto* negativeBox = new FieldBox({}, Place::Above, m_negative, m_negative, page);
    m_negativeFold = new Fold(tr("Negative prompt"), negativeBox, page);
    m_negativeFold->setObjectName("negativeFold");
    auto* sizeBox = new FieldBox(tr("Size"), Place::Before, m_size, m_size->widthBox(), page);
    auto* stepsBox = new FieldBox(tr("&Steps"), Place::Before, m_steps, m_steps->box(), page);
    auto* guidanceBox = new FieldBox(tr("G&uidance"), Place::Before, m_guidance, m_guidance->box(), page);
    auto* seedBox = new FieldBox(tr("S&eed"), Place::Before, m_seed, m_seed->edit(), page);
    auto* countBox = new FieldBox(tr("&Count"), Place::Before, shortRow(m_count, page), m_count, page);
    buildModelPart();
    m_modelFold = new Fold(tr("Model, sampler"), m_modelFields, page);
    m_modelFold->setObjectName("modelFold");
    m_fields.insert(m_fields.end(), {{"prompt", m_promptBox, m_prompt},
                                     {"negative_prompt", negativeBox, m_negative},
                                     {"width", sizeBox, m_size->widthBox()},
                                     {"height", sizeBox, m_size->heightBox()},
                                     {"steps", stepsBox, m_steps->box()},
                                     {"guidance", guidanceBox, m_guidance->box()},
                                     {"seed", seedBox, m_seed->edit()},
                                     {"count", countBox, m_count}});
    buildOtherNumbers();

    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
    column->setSpacing(kUnit);
    column->addWidget(m_promptBox);
    column->addWidget(m_negativeFold);
    column->addSpacing(kUnit);
    for (FieldBox* box : {sizeBox, stepsBox, guidanceBox, seedBox, countBox}) {
        column->addWidget(box);
    }
    column->addSpacing(kUnit);
    column->addWidget(m_modelFold);
    column->addStretch();
    return page;
}

void PromptPanel::buildModelPart() {
    auto* column = new QVBoxLayout(m_modelFields);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    const auto add = [&](const char* name, const QString& label, QComboBox* box) {
        auto* field = new FieldBox(label, FieldBox::Place::Before, box, box, m_modelFields);
        m_fields.push_back({name, field, box});
        column->addWidget(field);
    };
    add("model", tr("&Model"), m_modelFields->modelBox());
    add("sampler", tr("S&ampler"), m_modelFields->samplerBox());
    add("schedule", tr("Sche&dule"), m_modelFields->scheduleBox());
}

void PromptPanel::buildOtherNumbers() {
    std::vector<std::string_view> named;
    std::ranges::transform(m_fields, std::back_inserter(named), &Field::name);
    m_others = new OtherNumbers(m_request, named, m_modelFields);
    m_modelFields->layout()->addWidget(m_others);
    for (const OtherNumbers::Field& other : m_others->fields()) {
        m_fields.push_back({other.name, other.box, other.input});
    }
}

void PromptPanel::connectFields() {
    connect(m_foot, &GenerateFoot::pressed, this, &PromptPanel::generate);
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
    connect(m_size, &SizeField::edited, this, [this](const QSize& pixels) {
        m_request.width = pixels.width();
        m_request.height = pixels.height();
        changed("width");
    });
    connect(m_steps, &NumberSlider::edited, this, [this](double steps) {
        m_request.steps = qRound(steps);
        changed("steps");
    });
    connect(m_guidance, &NumberSlider::edited, this, [this](double guidance) {
        m_request.guidance = guidance;
        changed("guidance");
    });
    connect(m_seed, &SeedField::edited, this, [this](std::optional<std::int64_t> seed) {
        m_request.seed = seed;
        changed("seed");
    });
    connect(m_count, &QSpinBox::valueChanged, this, [this](int count) {
        m_request.count = count;
        changed("count");
    });
    connect(m_others, &OtherNumbers::edited, this, &PromptPanel::changed);
    connect(m_modelFields, &ModelFields::modelChosen, this, &PromptPanel::adoptModel);
    connect(m_modelFields, &ModelFields::samplerChosen, this, [this](const std::string& name) {
        m_request.sampler = name;
        m_request.schedule.reset();
        showRequest();
        changed("sampler");
    });
    connect(m_modelFields, &ModelFields::scheduleChosen, this, [this](const std::string& name) {
        m_request.schedule = name;
        showRequest();
        changed("schedule");
    });
}

void PromptPanel::setServer(const protocol::ServerInfo& info,
                            const std::vector<protocol::ModelInfo>& models) {
    // The server tells of itself every few seconds: nothing is refilled under the person's hands.
    const Offer offer{info.limits, info.samplers, info.defaultModel, models};
    if (offer == m_offer) {
        return;
    }
    m_offer = offer;
    m_modelFields->setServer(info, models);
    applyLimits();
    const protocol::GenerationRequest before = m_request;
    showRequest();
    if (m_request != before) {
        Q_EMIT requestChanged(m_request);
    }
}

void PromptPanel::applyLimits() {
    const protocol::Limits& limits = m_offer.limits;
    m_size->setLimits(limits);
    m_steps->setRange(limits.minSteps, limits.maxSteps, kUsualSteps);
    m_guidance->setRange(limits.minGuidance, limits.maxGuidance, kUsualGuidance);
    m_seed->setMaximum(limits.maxSeed);
    const QSignalBlocker quiet(m_count);
    m_count->setRange(1, limits.maxCount);
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
    m_seed->setLastSeed(seed);
}

bool PromptPanel::showProblem(const protocol::Problem& problem) {
    for (const Field& field : m_fields) {
        if (!problem.field || *problem.field != field.name) {
            continue;
        }
        field.box->setProblem(QString::fromStdString(problem.detail));
        markProblem(field.input, true);
        for (Fold* fold : {m_negativeFold, m_modelFold}) {
            if (fold->isAncestorOf(field.box)) {
                fold->setOpen(true);
            }
        }
        m_scroll->ensureWidgetVisible(field.box);
        return true;
    }
    return false;
}

void PromptPanel::clearProblems() {
    for (const Field& field : m_fields) {
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
    m_seed->settle();
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
    Q_EMIT generateRequested(m_request);
}

void PromptPanel::showRequest() {
    m_modelFields->show(m_request);
    m_modelFold->setSummary(m_modelFields->summary());
    const protocol::ModelInfo& now = m_modelFields->model();
    const QString prompt = QString::fromStdString(m_request.prompt);
    const QSignalBlocker quietPrompt(m_prompt), quietNegative(m_negative), quietCount(m_count);
    if (m_prompt->toPlainText() != prompt) {
        m_prompt->setPlainText(prompt);
    }
    const QString negative = QString::fromStdString(m_request.negativePrompt.value_or(""));
    if (m_negative->toPlainText() != negative) {
        m_negative->setPlainText(negative);
    }
    m_negativeFold->setSummary(negative.simplified());
    m_size->setNative({now.width, now.height});
    m_size->setValue({m_request.width.value_or(now.width), m_request.height.value_or(now.height)});
    m_steps->setValue(m_request.steps.value_or(now.steps));
    m_guidance->setValue(m_request.guidance.value_or(now.guidance));
    m_seed->setValue(m_request.seed && *m_request.seed >= 0 ? m_request.seed : std::nullopt);
    m_count->setValue(m_request.count.value_or(1));

    // What another server allowed may be too much for this one: ask for what is shown.
    if (m_request.width || m_request.height) {
        m_request.width = m_size->value().width();
        m_request.height = m_size->value().height();
    }
    if (m_request.steps) {
        m_request.steps = qRound(m_steps->value());
    }
    if (m_request.guidance) {
        m_request.guidance = m_guidance->value();
    }
    if (m_request.count) {
        m_request.count = m_count->value();
    }
    m_request.seed = m_seed->value();
    m_others->fill(m_offer.limits);

    m_prompt->setWords(knownWords(now));
    showWordHint();
}

void PromptPanel::showWordHint() {
    const protocol::ModelInfo& now = m_modelFields->model();
    m_promptBox->keepRoom(now.knownNames.empty() ? 0 : 2);
    m_promptBox->setHint(unknownWordsHint(m_request.prompt, now));
}

void PromptPanel::changed(std::string_view field) {
    const auto touched = std::ranges::find(m_fields, field, &Field::name);
    for (const Field& f : m_fields) {
        if (f.box != touched->box) {
            continue;
        }
        f.box->setProblem({});
        markProblem(f.input, false);
    }
    Q_EMIT requestChanged(m_request);
}

void PromptPanel::adoptModel(const std::string& id) {
    m_request.model = id;
    // Another model likes another size and other numbers: start from its own.
    protocol::forEachField([this](const auto& row) {
        if constexpr (requires { row.of(m_request).reset(); }) {
            if (row.preset) {
                row.of(m_request).reset();
            }
        }
    });
    m_request.schedule.reset();
    showRequest();
    changed("model");
}

}  // namespace easel::ui
