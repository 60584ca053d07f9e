// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

#include "desktop/ui/parts/quiet_page.h"

namespace easel::ui {

/// The library is empty and the server is there: three prompts to begin with.
class EmptyPage : public QuietPage {
    Q_OBJECT

public:
    explicit EmptyPage(QWidget* parent = nullptr);

    void setExamples(const QStringList& prompts);

Q_SIGNALS:
    void promptChosen(const QString& prompt);

private:
    void showWords();

    QStringList m_prompts;
    QWidget* m_examples;
};

/// The search finds nothing.
class NoMatchPage : public QuietPage {
    Q_OBJECT

public:
    explicit NoMatchPage(QWidget* parent = nullptr);

    void setSearch(const QString& text);

Q_SIGNALS:
    void clearRequested();
};

}  // namespace easel::ui
