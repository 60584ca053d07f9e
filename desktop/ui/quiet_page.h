// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace easel::ui {

/// What stands where pictures would be: a quiet drawing, one heading, one sentence, and a column beneath it
/// for what can be done. Base of the pages of an empty library.
class QuietPage : public QWidget {
    Q_OBJECT

public:
    explicit QuietPage(QWidget* parent = nullptr);

    void setWords(const QString& heading, const QString& sentence);

protected:
    QVBoxLayout* column() const { return m_column; }
    void changeEvent(QEvent* event) override;

private:
    void showDrawing();

    QLabel* m_drawing;
    QLabel* m_heading;
    QLabel* m_sentence;
    QVBoxLayout* m_column;
};

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
