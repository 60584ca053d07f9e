// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/redaction.h"

#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>
#include <QUrl>

#include <algorithm>

#include "shared/text/secrets.h"

namespace easel::studio {

namespace {

constexpr qsizetype kShortestPrompt = 3;

const QString kHidden = QStringLiteral("***");

/// Where a prompt stands in an address or in JSON. It may hold anything, so only the line's end is its end.
QString withoutNamedPrompts(QString text) {
    static const QRegularExpression named(QStringLiteral("(prompt\\\\?[\"']?[ \\t]*(?:=|:|%3D)[ \\t]*)\\S.*"),
                                          QRegularExpression::CaseInsensitiveOption);
    return text.replace(named, QStringLiteral("\\1") + kHidden);
}

/// Whole words only: "cat" says nothing about a category.
QString without(const QString& words, const QString& text) {
    const auto isLetter = [&](qsizetype at) {
        return at >= 0 && at < text.size() && text[at].isLetterOrNumber();
    };
    QString rest;
    qsizetype from = 0;
    for (qsizetype at = text.indexOf(words, 0, Qt::CaseInsensitive); at >= 0;
         at = text.indexOf(words, at, Qt::CaseInsensitive)) {
        const qsizetype end = at + words.size();
        const bool isPart = (isLetter(at - 1) && isLetter(at)) || (isLetter(end - 1) && isLetter(end));
        if (isPart) {
            ++at;
            continue;
        }
        rest += QStringView(text).mid(from, at - from);
        rest += kHidden;
        from = at = end;
    }
    return rest.append(QStringView(text).mid(from));
}

QString withoutHome(QString text) {
    const QString home = QDir::homePath();
    for (const QString& path : {home, QFileInfo(home).canonicalFilePath()}) {
        if (path.size() > 1) {
            text.replace(QRegularExpression(QRegularExpression::escape(path) + QStringLiteral("(?![\\w.-])")),
                         QStringLiteral("~"));
        }
    }
    return text;
}

}  // namespace

Redaction::Redaction(const QStringList& prompts) {
    for (const QString& prompt : prompts) {
        const QString line = prompt.simplified();
        if (line.size() < kShortestPrompt) {
            continue;
        }
        const QString escaped = QString::fromLatin1(QUrl::toPercentEncoding(line));
        m_prompts << prompt << line << escaped
                  << QString(escaped).replace(QLatin1String("%20"), QLatin1String("+"));
    }
    // One may be a part of another.
    std::ranges::sort(m_prompts, [](const QString& a, const QString& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    m_prompts.removeDuplicates();
}

QString Redaction::of(QString text) const {
    text = withoutNamedPrompts(std::move(text));
    for (const QString& prompt : m_prompts) {
        text = without(prompt, text);
    }
    return withoutHome(QString::fromStdString(text::withoutSecrets(text.toStdString())));
}

}  // namespace easel::studio
