// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/details_panel.h"

#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollArea>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

namespace {

/// Text that can be selected and copied, and never wider than its panel.
QLabel* freeText(QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    return label;
}

/// File names have no blanks: they may also be wrapped after what joins their words.
QString wrappable(QString text) {
    static const QRegularExpression joints(QStringLiteral("([_-])(?=\\w)"));
    return text.replace(joints, QStringLiteral("\\1\u200b"));
}

/// What a picture was drawn from has no name that says anything.
bool isPicture(std::string_view field) {
    return field == "init_image" || field == "mask";
}

template <typename Row>
QString written(const Row& row, const std::string& value, const QLocale& /*locale*/) {
    return isPicture(row.name) ? DetailsPanel::tr("yes") : choiceTitle(row, QString::fromStdString(value));
}
template <typename Row, typename Number>
requires std::is_arithmetic_v<Number> QString written(const Row& /*row*/, Number value,
                                                      const QLocale& locale) {
    return locale.toString(value);
}
template <typename Row>
QString written(const Row& /*row*/, const std::vector<protocol::LoraUse>& loras, const QLocale& locale) {
    QStringList parts;
    for (const protocol::LoraUse& use : loras) {
        parts << QStringLiteral("%1 %2").arg(QString::fromStdString(use.name), locale.toString(use.weight));
    }
    return parts.join('\n');
}
template <typename Row>
QString written(const Row& /*row*/, const std::vector<protocol::ControlUse>& controls,
                const QLocale& locale) {
    QStringList parts;
    for (const protocol::ControlUse& use : controls) {
        parts << QStringLiteral("%1 %2").arg(QString::fromStdString(use.model), locale.toString(use.scale));
    }
    return parts.join('\n');
}

}  // namespace

DetailsPanel::DetailsPanel(QWidget* parent)
    : QFrame(parent),
      m_promptTitle(captionLabel(tr("Prompt"), this)),
      m_prompt(freeText(this)),
      m_negativeTitle(captionLabel(tr("Negative prompt"), this)),
      m_negative(freeText(this)),
      m_facts(new QGridLayout),
      m_use(new QPushButton(tr("&Use settings"), this)),
      m_start(new QPushButton(tr("Use as s&tart picture"), this)),
      m_copy(new QPushButton(tr("Copy &prompt"), this)),
      m_show(new QPushButton(tr("Show in &folder"), this)) {
    setObjectName("detailsPanel");
    setFrameShape(QFrame::NoFrame);
    setFixedWidth(kWidth);
    m_prompt->setObjectName("detailsPrompt");
    m_use->setObjectName("useSettingsButton");
    m_use->setToolTip(tr("Put all of these, the seed too, into the panel at the left"));
    m_start->setObjectName("usePictureButton");
    m_start->setToolTip(tr("Draw from this picture instead of from noise alone"));
    m_copy->setObjectName("copyPromptButton");
    m_show->setObjectName("showInFolderButton");

    auto* scroll = new QScrollArea(this);
    scroll->setWidget(buildContent());
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* foot = new QVBoxLayout;
    foot->setContentsMargins(kMargin, kUnit, kMargin, kMargin);
    foot->setSpacing(kUnit);
    foot->addWidget(m_use);
    foot->addWidget(m_start);
    foot->addWidget(m_copy);
    foot->addWidget(m_show);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(scroll, 1);
    column->addLayout(foot);

    connect(m_use, &QPushButton::clicked, this, &DetailsPanel::useSettingsRequested);
    connect(m_start, &QPushButton::clicked, this, &DetailsPanel::usePictureRequested);
    connect(m_copy, &QPushButton::clicked, this, &DetailsPanel::copyPromptRequested);
    connect(m_show, &QPushButton::clicked, this, &DetailsPanel::showInFolderRequested);
}

QWidget* DetailsPanel::buildContent() {
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(kMargin, kMargin, kMargin, kUnit);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_promptTitle);
    column->addWidget(m_prompt);
    column->addSpacing(kUnit);
    column->addWidget(m_negativeTitle);
    column->addWidget(m_negative);
    column->addSpacing(kUnit);
    m_facts->setHorizontalSpacing(kMargin);
    m_facts->setVerticalSpacing(kUnit / 2);
    m_facts->setColumnStretch(1, 1);
    column->addLayout(m_facts);
    column->addStretch();
    return content;
}

void DetailsPanel::setPicture(const gallery::Picture& picture) {
    const auto& settings = picture.settings;
    m_promptTitle->setText(settings ? tr("Prompt") : tr("No settings in this file"));
    m_prompt->setText(settings ? QString::fromStdString(settings->prompt) : QString());
    m_prompt->setVisible(!m_prompt->text().isEmpty());
    const QString negative = settings ? QString::fromStdString(settings->negativePrompt) : QString();
    m_negative->setText(negative);
    m_negative->setVisible(!negative.isEmpty());
    m_negativeTitle->setVisible(!negative.isEmpty());
    m_use->setEnabled(settings.has_value());
    m_copy->setEnabled(settings.has_value());

    const QLocale locale;
    clearFacts();
    if (!picture.size.isEmpty()) {
        addFact(tr("Size"), tr("%1 × %2").arg(picture.size.width()).arg(picture.size.height()));
    }
    if (const auto& s = picture.settings) {
        addFact(tr("Steps"), QString::number(s->steps));
        addFact(tr("Guidance"), locale.toString(s->guidance, 'g', 4));
        addFact(tr("Seed"), QString::number(s->seed));
        addFact(tr("Sampler"), samplerLine(*s));
        protocol::forEachField([&](const auto& row) {
            // The schedule stands with the sampler.
            if (row.quiet && std::string_view(row.name) != "schedule" &&
                row.of(*s) != row.of(protocol::GenerationSettings())) {
                addFact(fieldTitle(row), written(row, row.of(*s), locale));
            }
        });
        if (!s->model.empty()) {
            addFact(tr("Model"), QString::fromStdString(s->model));
        }
        QStringList others;
        for (const std::string& word : picture.unsupported) {
            others << QString::fromStdString(word);
        }
        if (!others.isEmpty()) {
            addFact(tr("Also"), others.join(tr(", ")));
        }
    }
    addFact(tr("Made"), locale.toString(picture.created, QLocale::ShortFormat));
    const QString name = QFileInfo(picture.path).fileName();
    QLabel* file = addFact(tr("File"), name);
    file->setObjectName("detailsFile");
    file->setText(wrappable(name));
    file->setTextInteractionFlags(Qt::NoTextInteraction);  // Joints for wrapping are not to be copied.
    file->setToolTip(picture.path);
    addFact(QString(), locale.formattedDataSize(picture.bytes, 1));
}

QLabel* DetailsPanel::addFact(const QString& name, const QString& value) {
    const int row = m_facts->rowCount();
    auto* title = new QLabel(name, this);
    title->setForegroundRole(QPalette::PlaceholderText);
    QLabel* text = freeText(this);
    text->setText(value);
    text->setAccessibleName(name.isEmpty() ? value : QStringLiteral("%1: %2").arg(name, value));
    m_facts->addWidget(title, row, 0, Qt::AlignLeft | Qt::AlignTop);
    m_facts->addWidget(text, row, 1);
    return text;
}

void DetailsPanel::clearFacts() {
    while (QLayoutItem* item = m_facts->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

}  // namespace easel::ui
