// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/file_name.h"

#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>

namespace easel::gallery {

namespace {

constexpr char kTimeFormat[] = "yyyy-MM-dd_HH-mm-ss-zzz";
constexpr int kMaxNameBytes = 200;  ///< file systems allow 255; leaves room for a suffix and a temporary name

/// Names that Windows keeps for devices, whatever their extension.
bool isDeviceName(const QString& name) {
    static const QRegularExpression devices(QStringLiteral("^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\.|$)"),
                                            QRegularExpression::CaseInsensitiveOption);
    return devices.match(name).hasMatch();
}

const QRegularExpression& ownName() {
    static const QRegularExpression pattern(
        QStringLiteral("^(\\d{4}-\\d\\d-\\d\\d_\\d\\d-\\d\\d-\\d\\d-\\d{3})_(-?\\d+)_(.*)\\.png$"),
        QRegularExpression::CaseInsensitiveOption);
    return pattern;
}

QString valueOf(const QString& token, const Picture& picture, int index) {
    if (token == QLatin1String("date")) {
        return picture.created.toString(QStringLiteral("yyyy-MM-dd"));
    }
    if (token == QLatin1String("time")) {
        return picture.created.toString(QStringLiteral("HH-mm-ss"));
    }
    if (token == QLatin1String("index")) {
        return QStringLiteral("%1").arg(index, 3, 10, QLatin1Char('0'));
    }
    if (token == QLatin1String("prompt")) {
        return slug(promptOf(picture));
    }
    if (token == QLatin1String("width")) {
        return QString::number(picture.size.width());
    }
    if (token == QLatin1String("height")) {
        return QString::number(picture.size.height());
    }

    const bool known = picture.settings.has_value();
    if (token == QLatin1String("seed")) {
        return known ? QString::number(picture.settings->seed) : QString();
    }
    if (token == QLatin1String("steps")) {
        return known ? QString::number(picture.settings->steps) : QString();
    }
    if (token == QLatin1String("model")) {
        return known ? QString::fromStdString(picture.settings->model) : QString();
    }
    if (token == QLatin1String("sampler")) {
        return known ? QString::fromStdString(picture.settings->sampler) : QString();
    }
    return '{' + token + '}';
}

}  // namespace

QString slug(const QString& prompt, int longest) {
    QString result;
    QString word;
    for (const QChar c : prompt.toLower() + ' ') {
        if (c.isLetterOrNumber()) {
            word += c;
            continue;
        }
        if (word.isEmpty()) {
            continue;
        }
        const qsizetype separator = result.isEmpty() ? 0 : 1;
        if (result.size() + separator + word.size() > longest) {
            break;
        }
        result += (separator != 0 ? "-" : "") + word;
        word.clear();
    }
    // A first word that is too long (or a script without blanks) is cut rather than dropped.
    return result.isEmpty() ? word.left(longest) : result;
}

QString safeName(const QString& name) {
    QString result;
    for (const QChar c : name) {
        const bool refused =
            c.unicode() < 32 || c.unicode() == 127 || QStringLiteral("<>:\"/\\|?*#%").contains(c);
        result += refused ? QLatin1Char('_') : c;
    }
    while (result.toUtf8().size() > kMaxNameBytes) {
        result.chop(result.back().isLowSurrogate() ? 2 : 1);
    }
    while (!result.isEmpty() && (result.front().isSpace() || result.front() == '.')) {
        result.remove(0, 1);
    }
    while (!result.isEmpty() && (result.back().isSpace() || result.back() == '.')) {
        result.chop(1);
    }
    if (isDeviceName(result)) {
        result.prepend('_');
    }
    return result.isEmpty() ? QStringLiteral("picture") : result;
}

QString pictureName(const QDateTime& created, std::int64_t seed, const QString& prompt) {
    return safeName(created.toString(QLatin1String(kTimeFormat)) + '_' + QString::number(seed) + '_' +
                    slug(prompt)) +
           QStringLiteral(".png");
}

std::optional<QDateTime> timeInName(const QString& fileName) {
    const auto match = ownName().match(fileName);
    const QDateTime time = QDateTime::fromString(match.captured(1), QLatin1String(kTimeFormat));
    return match.hasMatch() && time.isValid() ? std::optional(time) : std::nullopt;
}

QString wordsInName(const QString& fileName) {
    const auto match = ownName().match(fileName);
    return match.hasMatch() ? match.captured(3).replace('-', ' ') : QFileInfo(fileName).completeBaseName();
}

QString expandPattern(const QString& pattern, const Picture& picture, int index) {
    static const QRegularExpression tokens(QStringLiteral("\\{(\\w+)\\}"));
    static const QRegularExpression doubled(QStringLiteral("_{2,}"));
    static const QRegularExpression edges(QStringLiteral("^[_-]+|[_-]+$"));
    QString result;
    qsizetype end = 0;
    for (auto it = tokens.globalMatch(pattern); it.hasNext();) {
        const auto match = it.next();
        result += pattern.mid(end, match.capturedStart() - end);
        result += valueOf(match.captured(1), picture, index);
        end = match.capturedEnd();
    }
    result += pattern.mid(end);
    // A value that is not known leaves no hole.
    return safeName(result.replace(doubled, QStringLiteral("_")).remove(edges));
}

QStringList patternTokens() {
    return QStringLiteral("{date} {time} {seed} {prompt} {model} {sampler} {steps} {width} {height} {index}")
        .split(' ');
}

QStringList unknownTokens(const QString& pattern) {
    static const QRegularExpression braces(QStringLiteral("\\{[^{}]*\\}"));
    QStringList unknown;
    for (auto each = braces.globalMatch(pattern); each.hasNext();) {
        const QString token = each.next().captured();
        if (!patternTokens().contains(token) && !unknown.contains(token)) {
            unknown << token;
        }
    }
    return unknown;
}

QString freePath(const QString& folder, const QString& name, const QString& extension) {
    const QDir dir(folder);
    QString path = dir.absoluteFilePath(name + '.' + extension);
    for (int i = 1; QFileInfo::exists(path); ++i) {
        path = dir.absoluteFilePath(QStringLiteral("%1-%2.%3").arg(name).arg(i).arg(extension));
    }
    return path;
}

}  // namespace easel::gallery
