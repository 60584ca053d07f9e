// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/models/model_rows.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>

namespace easel::ui {

namespace {

using protocol::ModelState;
using protocol::PullInfo;
using protocol::PullState;
using protocol::PullTask;

constexpr auto kBetween = " · ";

QString tr(const char* text) {
    return QCoreApplication::translate("models", text);
}

QString joined(QStringList parts) {
    parts.removeAll(QString());
    return parts.join(QString::fromUtf8(kBetween));
}

QString text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

QString familyInWords(const std::string& family) {
    return family == "stable-diffusion" ? QStringLiteral("Stable Diffusion") : text(family);
}

QString stateInWords(ModelState state) {
    switch (state) {
        case ModelState::Loading:
            return tr("loading");
        case ModelState::Loaded:
            return tr("in memory");
        case ModelState::Available:
        case ModelState::Failed:
            break;
    }
    return {};
}

QString timeInWords(double seconds) {
    constexpr int kMinute = 60;
    constexpr int kHour = 3600;
    const auto whole = static_cast<int>(seconds) + 1;
    if (whole < kMinute) {
        return tr("%1 s left").arg(whole);
    }
    return whole < kHour ? tr("%1 min left").arg((whole + kMinute - 1) / kMinute)
                         : tr("%1 h %2 min left").arg(whole / kHour).arg(whole % kHour / kMinute);
}

QString progressInWords(const protocol::PullProgress& progress) {
    const std::int64_t left = progress.bytes - progress.bytesDone;
    const bool isMoving = progress.bytesPerSecond >= 1;
    return joined({tr("%1 of %2").arg(bytesInWords(progress.bytesDone), bytesInWords(progress.bytes)),
                   isMoving ? tr("%1/s").arg(bytesInWords(static_cast<std::int64_t>(progress.bytesPerSecond)))
                            : QString(),
                   isMoving ? timeInWords(static_cast<double>(left) / progress.bytesPerSecond) : QString()});
}

/// How far a task is, or how it ended.
void tellOf(const PullInfo& pull, RowContent& row) {
    const bool verifies = pull.task == PullTask::Verify;
    switch (pull.state) {
        case PullState::Waiting:
            row.note = verifies ? tr("Verified after what runs now") : tr("Waits for the one before it");
            row.done = 0;
            break;
        case PullState::Running:
            row.done = pull.progress.bytes > 0 ? static_cast<double>(pull.progress.bytesDone) /
                                                     static_cast<double>(pull.progress.bytes)
                                               : 0;
            row.note = pull.progress.bytes > 0 ? progressInWords(pull.progress) : tr("Asking the hub…");
            if (verifies) {
                row.note = tr("Verifying: %1").arg(row.note);
            }
            break;
        case PullState::Succeeded:
            row.note = verifies ? tr("Verified: all as the hub gave it") : QString();
            break;
        case PullState::Failed:
            row.note = pull.problem ? text(pull.problem->detail) : tr("Failed");
            row.isBad = true;
            break;
        case PullState::Cancelled:
            row.note = verifies ? QString() : tr("Stopped; what was fetched is kept");
            break;
    }
}

}  // namespace

QString bytesInWords(std::int64_t bytes) {
    return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

QString pageIn(const QString& text) {
    static const QRegularExpression kPage(QStringLiteral("https://[^\\s,;]+[^\\s,;.)]"));
    return kPage.match(text).captured();
}

RowContent rowOf(const protocol::ModelInfo& model, bool isDefault, const PullInfo* verification) {
    RowContent row;
    row.title = text(model.title.empty() ? model.id : model.title);
    const bool isUsable = model.state != ModelState::Failed;
    row.about = joined({model.title.empty() || model.title == model.id ? QString() : text(model.id),
                        isUsable ? familyInWords(model.family) : QString(),
                        model.bytes > 0 ? bytesInWords(model.bytes) : QString(), text(model.licence),
                        isDefault ? tr("drawn with unless another is chosen") : QString(),
                        stateInWords(model.state)});
    if (!isUsable) {
        row.note = tr("Cannot be used: %1").arg(text(model.why));
        row.isBad = true;
    }
    if (verification != nullptr) {
        tellOf(*verification, row);
    }
    return row;
}

RowContent rowOf(const PullInfo& pull) {
    RowContent row;
    row.title = text(pull.request.model);
    row.about = joined({text(pull.request.variant),
                        pull.request.revision == "main" ? QString() : text(pull.request.revision),
                        text(pull.licence)});
    tellOf(pull, row);
    return row;
}

RowContent rowOf(const protocol::HubHit& hit) {
    RowContent row;
    row.title = text(hit.id);
    row.about = joined(
        {hit.downloads > 0 ? tr("%1 downloads last month").arg(QLocale().toString(hit.downloads)) : QString(),
         text(hit.licence), hit.isGated ? tr("licence to be accepted") : QString()});
    return row;
}

RowContent rowOf(const protocol::HubModel& model) {
    RowContent row;
    row.title = text(model.id);
    row.about = joined({model.licence.empty() ? tr("names no licence") : text(model.licence),
                        model.isGated ? tr("its licence has to be accepted on its page first") : QString()});
    QStringList notes;
    for (const std::string& note : model.notes) {
        notes << text(note);
    }
    row.note = notes.join(QChar(' '));
    if (model.problem) {
        row.note = text(model.problem->detail);
        row.isBad = true;
    }
    return row;
}

bool fits(const protocol::HubVariant& variant, std::optional<std::int64_t> free) {
    return !free || variant.bytes - variant.bytesHere <= *free;
}

RowContent rowOf(const protocol::HubVariant& variant, std::optional<std::int64_t> free) {
    RowContent row;
    row.title = variant.name.empty() ? tr("Plain weights") : tr("%1 weights").arg(text(variant.name));
    row.about = joined({bytesInWords(variant.bytes),
                        variant.bytesHere == variant.bytes ? tr("all of it is here")
                        : variant.bytesHere > 0 ? tr("%1 of it are here").arg(bytesInWords(variant.bytesHere))
                                                : QString()});
    if (!fits(variant, free)) {
        row.note = tr("There is no room for it: %1 are free.").arg(bytesInWords(*free));
        row.isBad = true;
    }
    return row;
}

}  // namespace easel::ui
