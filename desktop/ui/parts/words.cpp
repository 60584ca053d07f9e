// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/words.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "shared/protocol/samplers.h"

namespace easel::ui {

QString fieldTitle(const protocol::FieldWords& field) {
    return QCoreApplication::translate("fields", field.title);
}

QString groupTitle(protocol::FieldGroup group) {
    return QCoreApplication::translate("fields", protocol::titleOf(group));
}

QString fieldHelp(const protocol::FieldWords& field) {
    return QCoreApplication::translate("fields", field.help);
}

QString leastTitle(const protocol::FieldWords& field) {
    static constexpr std::pair<std::string_view, const char*> kTitles[] = {
        {"eta", QT_TRANSLATE_NOOP("fields", "auto")},
        {"hires_steps", QT_TRANSLATE_NOOP("fields", "same")},
        {"deepcache_interval", QT_TRANSLATE_NOOP("fields", "off")},
        {"original_width", QT_TRANSLATE_NOOP("fields", "own")},
        {"original_height", QT_TRANSLATE_NOOP("fields", "own")},
        {"target_width", QT_TRANSLATE_NOOP("fields", "own")},
        {"target_height", QT_TRANSLATE_NOOP("fields", "own")},
    };
    const auto* const found =
        std::ranges::find(kTitles, field.name, &std::pair<std::string_view, const char*>::first);
    return found == std::end(kTitles) ? QString() : QCoreApplication::translate("fields", found->second);
}

QString choiceTitle(const protocol::FieldWords& field, const QString& choice) {
    struct Title {
        std::string_view field;
        const char* choice;
        const char* title;
    };
    static constexpr Title kTitles[] = {
        {"prompt_syntax", "a1111", QT_TRANSLATE_NOOP("fields", "Weights, as AUTOMATIC1111")},
        {"prompt_syntax", "plain", QT_TRANSLATE_NOOP("fields", "Plain words")},
        {"emphasis", "original", QT_TRANSLATE_NOOP("fields", "Mean kept")},
        {"emphasis", "no_norm", QT_TRANSLATE_NOOP("fields", "Mean not kept")},
        {"resize", "stretch", QT_TRANSLATE_NOOP("fields", "Stretch to the size")},
        {"resize", "crop", QT_TRANSLATE_NOOP("fields", "Crop what is too much")},
        {"resize", "fill", QT_TRANSLATE_NOOP("fields", "Fit in, fill the rest")},
        {"masked_content", "original", QT_TRANSLATE_NOOP("fields", "What was there")},
        {"masked_content", "fill", QT_TRANSLATE_NOOP("fields", "Colours around it")},
        {"masked_content", "noise", QT_TRANSLATE_NOOP("fields", "Noise")},
        {"inpaint_area", "whole", QT_TRANSLATE_NOOP("fields", "Whole picture")},
        {"inpaint_area", "masked", QT_TRANSLATE_NOOP("fields", "Masked part only")},
        {"hires_upscaler", "latent", QT_TRANSLATE_NOOP("fields", "Latents")},
        {"hires_upscaler", "lanczos", QT_TRANSLATE_NOOP("fields", "Lanczos")},
        {"decoder", "full", QT_TRANSLATE_NOOP("fields", "The VAE")},
        {"decoder", "tiny", QT_TRANSLATE_NOOP("fields", "Tiny decoder")},
    };
    const auto* const found = std::ranges::find_if(kTitles, [&](const Title& title) {
        return title.field == field.name && choice == QLatin1String(title.choice);
    });
    return found == std::end(kTitles) ? choice : QCoreApplication::translate("fields", found->title);
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
