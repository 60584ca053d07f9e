// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture_filter.h"

#include <QRegularExpression>

#include <algorithm>

#include "desktop/gallery/picture_model.h"

namespace easel::gallery {

void PictureFilter::setSearch(const QString& text) {
    static const QRegularExpression blanks(QStringLiteral("\\s+"));
    m_words = text.split(blanks, Qt::SkipEmptyParts);
    invalidateFilter();
}

bool PictureFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (m_words.isEmpty())
        return true;
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    if (index.data(PictureModel::PendingRole).isValid())
        return true;
    const QString prompt = index.data(PictureModel::PromptRole).toString();
    const QString seed = index.data(PictureModel::SeedRole).toString();
    return std::ranges::all_of(m_words, [&](const QString& word) {
        return prompt.contains(word, Qt::CaseInsensitive) || seed == word;
    });
}

}  // namespace easel::gallery
