// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/words.h"

#include <QCoreApplication>
#include <QLocale>

#include "shared/protocol/samplers.h"

namespace easel::ui {

QString fieldTitle(const protocol::FieldWords& field) {
    return QCoreApplication::translate("fields", field.title);
}

QString fieldHelp(const protocol::FieldWords& field) {
    return QCoreApplication::translate("fields", field.help);
}

QString samplerTitle(const std::string& name) {
    const protocol::SamplerKind* const kind = protocol::findSamplerKind(name);
    return QString::fromStdString(kind ? std::string(kind->title) : name);
}

QString scheduleTitle(const std::string& name) {
    return QString::fromStdString(std::string(protocol::titleOfSchedule(name)));
}

QString samplerLine(const protocol::GenerationSettings& settings) {
    QString sampler = samplerTitle(settings.sampler);
    if (settings.schedule.empty() || settings.schedule == "default") {
        return sampler;
    }
    return QCoreApplication::translate("words", "%1, %2").arg(sampler, scheduleTitle(settings.schedule));
}

QString countsLine(int shown, int total, int selected) {
    const QLocale locale;
    QStringList parts;
    if (selected > 0) {
        parts << QCoreApplication::translate("words", "%1 selected").arg(locale.toString(selected));
    }
    if (shown != total) {
        parts
            << QCoreApplication::translate("words", "%1 of %2").arg(locale.toString(shown), pictures(total));
    } else if (total > 0) {
        parts << pictures(total);
    }
    return parts.join(QStringLiteral(" · "));
}

QString pictures(qsizetype count) {
    if (count == 1) {
        return QCoreApplication::translate("words", "1 picture");
    }
    return QCoreApplication::translate("words", "%1 pictures").arg(QLocale().toString(count));
}

QString tokensLine(int tokens, int chunks, int limit) {
    const QLocale locale;
    if (chunks <= 1) {
        return QCoreApplication::translate("words", "%1 of %2 tokens")
            .arg(locale.toString(tokens), locale.toString(limit));
    }
    return QCoreApplication::translate("words", "%1 tokens, %2 chunks")
        .arg(locale.toString(tokens), locale.toString(chunks));
}

QString jobs(qsizetype count) {
    if (count == 1) {
        return QCoreApplication::translate("words", "1 job");
    }
    return QCoreApplication::translate("words", "%1 jobs").arg(QLocale().toString(count));
}

}  // namespace easel::ui
