// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/knobs_section.h"

#include <QLineEdit>
#include <QSignalBlocker>
#include <QSize>
#include <QSpinBox>

#include <algorithm>

#include "desktop/ui/panel/seed_field.h"
#include "desktop/ui/panel/size_field.h"
#include "desktop/ui/panel/table_fields.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/number_slider.h"

namespace easel::ui {

namespace {

/// Where the sliders end; the boxes go up to the server's limits.
constexpr double kUsualSteps = 100;
constexpr double kUsualGuidance = 15;

}  // namespace

KnobsSection::KnobsSection(protocol::GenerationRequest& request, QWidget* parent)
    : Section(request, parent),
      m_size(new SizeField(this)),
      m_steps(new NumberSlider(tr("Steps"), 0, 1, this)),
      m_guidance(new NumberSlider(tr("Guidance"), 1, 0.5, this)),
      m_seed(new SeedField(this)),
      m_count(new WholeBox(this)) {
    m_size->setObjectName("sizeField");
    m_steps->setObjectName("stepsField");
    m_steps->setToolTip(tr("How often the picture is refined: more takes longer"));
    m_guidance->setObjectName("guidanceField");
    m_guidance->setToolTip(tr("How closely the picture follows the words (CFG scale)"));
    m_count->setObjectName("countBox");
    m_count->setAccessibleName(tr("Count"));
    m_count->setToolTip(tr("How many pictures; each has a seed of its own"));

    const auto box = [this](const QString& label, QWidget* control, QWidget* focus) {
        return new FieldBox(label, FieldBox::Place::Before, control, focus, this);
    };
    auto* sizeBox = box(tr("Size"), m_size, m_size->widthBox());
    add("width", sizeBox, m_size->widthBox());
    add({{"height", sizeBox, m_size->heightBox()}});
    add("steps", box(tr("&Steps"), m_steps, m_steps->box()), m_steps->box());
    add("guidance", box(tr("G&uidance"), m_guidance, m_guidance->box()), m_guidance->box());
    add("seed", box(tr("S&eed"), m_seed, m_seed->edit()), m_seed->edit());
    add("count", box(tr("&Count"), shortRow(m_count, this), m_count), m_count);
    connectFields();
}

void KnobsSection::connectFields() {
    connect(m_size, &SizeField::edited, this, [this](const QSize& pixels) {
        request().width = pixels.width();
        request().height = pixels.height();
        Q_EMIT edited("width");
    });
    connect(m_steps, &NumberSlider::edited, this, [this](double steps) {
        request().steps = qRound(steps);
        Q_EMIT edited("steps");
    });
    connect(m_guidance, &NumberSlider::edited, this, [this](double guidance) {
        request().guidance = guidance;
        Q_EMIT edited("guidance");
    });
    connect(m_seed, &SeedField::edited, this, [this](std::optional<std::int64_t> seed) {
        request().seed = seed;
        Q_EMIT edited("seed");
    });
    connect(m_count, &QSpinBox::valueChanged, this, [this](int count) {
        request().count = count;
        Q_EMIT edited("count");
    });
}

void KnobsSection::setLimits(const protocol::Limits& limits) {
    m_limits = limits;
    m_size->setLimits(limits);
    m_steps->setRange(limits.minSteps, limits.maxSteps, kUsualSteps);
    m_guidance->setRange(limits.minGuidance, limits.maxGuidance, kUsualGuidance);
    m_seed->setMaximum(limits.maxSeed);
    const QSignalBlocker quiet(m_count);
    m_count->setRange(1, limits.maxCount);
}

void KnobsSection::show(const Offer& offer) {
    setLimits(offer.limits);
    const protocol::ModelInfo& model = offer.modelOf(request());
    const QSignalBlocker quiet(m_count);
    m_size->setNative({model.width, model.height});
    m_size->setValue({request().width.value_or(model.width), request().height.value_or(model.height)});
    m_steps->setValue(request().steps.value_or(model.steps));
    m_guidance->setValue(request().guidance.value_or(model.guidance));
    m_seed->setValue(request().seed && *request().seed >= 0 ? request().seed : std::nullopt);
    m_count->setValue(request().count.value_or(1));

    // What another server allowed may be too much for this one: ask for what is shown.
    if (request().width || request().height) {
        request().width = m_size->value().width();
        request().height = m_size->value().height();
    }
    if (request().steps) {
        request().steps = qRound(m_steps->value());
    }
    if (request().guidance) {
        request().guidance = m_guidance->value();
    }
    if (request().count) {
        request().count = m_count->value();
    }
    request().seed = m_seed->value();
}

bool KnobsSection::isWanted(const Offer& /*offer*/) const {
    return true;
}

QString KnobsSection::summary() const {
    return {};
}

void KnobsSection::setLastSeed(std::int64_t seed) {
    m_seed->setLastSeed(seed);
}

void KnobsSection::takeSize(const QSize& pixels) {
    QSize size = pixels;
    if (size.width() > m_limits.maxSide || size.height() > m_limits.maxSide) {
        size.scale(m_limits.maxSide, m_limits.maxSide, Qt::KeepAspectRatio);
    }
    const auto snapped = [this](int side) {
        return std::max(side - side % m_limits.sideMultiple, m_limits.minSide);
    };
    m_size->setValue({snapped(size.width()), snapped(size.height())});
    request().width = m_size->value().width();
    request().height = m_size->value().height();
    Q_EMIT edited("width");
}

void KnobsSection::settle() {
    m_seed->settle();
}

QWidget* KnobsSection::last() const {
    return m_count;
}

}  // namespace easel::ui
