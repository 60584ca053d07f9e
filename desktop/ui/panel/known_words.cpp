// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/known_words.h"

#include <QCoreApplication>

#include "shared/protocol/validation.h"

namespace easel::ui {

namespace {

/// Keeps a word of another direction from turning the quotes and commas around it (FSI … PDI).
QString isolated(const QString& word) {
    return QChar(0x2068) + word + QChar(0x2069);
}

QStringList toQt(const std::vector<std::string>& words) {
    QStringList list;
    for (const std::string& word : words) {
        list << QString::fromStdString(word);
    }
    return list;
}

QString translated(const char* text) {
    return QCoreApplication::translate("knownWords", text);
}

}  // namespace

QStringList knownWords(const protocol::ModelInfo& model) {
    return toQt(model.knownNames) + toQt(model.knownWords);
}

QString unknownWordsHint(const std::string& prompt, const protocol::ModelInfo& model) {
    QStringList unknown = toQt(protocol::unknownWords(prompt, model));
    unknown.removeDuplicates();
    if (unknown.isEmpty()) {
        return {};
    }
    for (QString& word : unknown) {
        word = translated("“%1”").arg(isolated(word));
    }
    const QString comma = translated(", ");
    return translated("This model does not know %1").arg(unknown.join(comma)) + '\n' +
           translated("It draws: %1").arg(toQt(model.knownNames).join(comma));
}

}  // namespace easel::ui
