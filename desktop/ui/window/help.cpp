// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/help.h"

#include <QApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QIcon>
#include <QKeySequence>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <array>
#include <utility>
#include <vector>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kAppIcon = 64;

QString tr(const char* text) {
    return QCoreApplication::translate("help", text);
}

struct Group {
    const char* title;
    std::vector<std::pair<const char*, const char*>> keys;  ///< portable names, what they do
};

const std::array<Group, 3>& groups() {
    static const std::array<Group, 3> all{{
        {QT_TRANSLATE_NOOP("help", "Everywhere"),
         {{"Ctrl+Return", QT_TRANSLATE_NOOP("help", "Generate")},
          {"Ctrl+L", QT_TRANSLATE_NOOP("help", "To the prompt")},
          {"Ctrl+F", QT_TRANSLATE_NOOP("help", "Search pictures")},
          {"Ctrl+K", QT_TRANSLATE_NOOP("help", "Choose a server")},
          {"Ctrl+M", QT_TRANSLATE_NOOP("help", "Models")},
          {"Ctrl+E", QT_TRANSLATE_NOOP("help", "Export")},
          {"Ctrl+Z", QT_TRANSLATE_NOOP("help", "Undo delete or Cancel all")},
          {"F9", QT_TRANSLATE_NOOP("help", "Hide or show the panel")},
          {"F11", QT_TRANSLATE_NOOP("help", "Full screen")},
          {"Ctrl+Q", QT_TRANSLATE_NOOP("help", "Quit")}}},
        {QT_TRANSLATE_NOOP("help", "In the grid"),
         {{"Return", QT_TRANSLATE_NOOP("help", "Open a picture, retry a failed job")},
          {"Del", QT_TRANSLATE_NOOP("help", "Delete pictures, cancel jobs")},
          {"Ctrl+C", QT_TRANSLATE_NOOP("help", "Copy pictures")},
          {"Ctrl+A", QT_TRANSLATE_NOOP("help", "Select all")},
          {"F5", QT_TRANSLATE_NOOP("help", "Look for new files")},
          {"Ctrl++", QT_TRANSLATE_NOOP("help", "Larger thumbnails")},
          {"Ctrl+-", QT_TRANSLATE_NOOP("help", "Smaller thumbnails")}}},
        {QT_TRANSLATE_NOOP("help", "In the large view"),
         {{"Left", QT_TRANSLATE_NOOP("help", "Previous picture")},
          {"Right", QT_TRANSLATE_NOOP("help", "Next picture")},
          {"Home", QT_TRANSLATE_NOOP("help", "First picture")},
          {"End", QT_TRANSLATE_NOOP("help", "Last picture")},
          {"1", QT_TRANSLATE_NOOP("help", "One pixel for one")},
          {"F", QT_TRANSLATE_NOOP("help", "Fit the window")},
          {"I", QT_TRANSLATE_NOOP("help", "Hide or show the details")},
          {"Esc", QT_TRANSLATE_NOOP("help", "Back to the grid")}}},
    }};
    return all;
}

QLabel* label(const QString& text, QWidget* parent) {
    auto* made = new QLabel(text, parent);
    made->setTextFormat(Qt::PlainText);
    return made;
}

QDialog* dialog(const char* name, const QString& title, QWidget* content, QWidget* parent) {
    auto* made = new QDialog(parent);
    made->setObjectName(name);
    made->setWindowTitle(title);
    made->setAttribute(Qt::WA_DeleteOnClose);
    auto* close = new QDialogButtonBox(QDialogButtonBox::Close, made);
    close->button(QDialogButtonBox::Close)->setIcon({});
    QObject::connect(close, &QDialogButtonBox::rejected, made, &QDialog::reject);
    auto* column = new QVBoxLayout(made);
    column->setSpacing(kMargin);
    column->addWidget(content);
    column->addWidget(close);
    column->setSizeConstraint(QLayout::SetFixedSize);
    return made;
}

}  // namespace

void showShortcuts(QWidget* parent) {
    auto* content = new QWidget;
    auto* columns = new QHBoxLayout(content);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(2 * kGroupGap);
    for (const Group& group : groups()) {
        auto* grid = new QGridLayout;
        grid->setHorizontalSpacing(kMargin);
        grid->setVerticalSpacing(kUnit);
        QLabel* title = label(tr(group.title), content);
        title->setFont(headingFont());
        grid->addWidget(title, 0, 0, 1, 2);
        int row = 1;
        for (const auto& [keys, what] : group.keys) {
            const QString name = QKeySequence(QLatin1String(keys), QKeySequence::PortableText)
                                     .toString(QKeySequence::NativeText);
            QLabel* key = label(name, content);
            key->setForegroundRole(QPalette::PlaceholderText);
            grid->addWidget(key, row, 0);
            grid->addWidget(label(tr(what), content), row++, 1);
        }
        grid->setRowStretch(row, 1);
        columns->addLayout(grid);
    }
    dialog("shortcutsDialog", tr("Keyboard shortcuts"), content, parent)->open();
}

void showAbout(QWidget* parent) {
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(kGroupGap, kUnit, kGroupGap, 0);
    column->setSpacing(kUnit);
    auto* sign = new QLabel(content);
    sign->setPixmap(
        QApplication::windowIcon().pixmap(QSize(kAppIcon, kAppIcon), parent->devicePixelRatioF()));
    QLabel* name = label(tr("Easel %1").arg(QApplication::applicationVersion()), content);
    name->setFont(headingFont());
    QLabel* what = label(tr("Pictures from words, drawn on your own GPU."), content);
    QLabel* terms = label(
        tr("Free software under the Apache License 2.0.\nMade with Qt %1.").arg(QLatin1String(qVersion())),
        content);
    terms->setFont(captionFont());
    terms->setForegroundRole(QPalette::PlaceholderText);
    for (QLabel* line : {sign, name, what, terms}) {
        line->setAlignment(Qt::AlignHCenter);
        column->addWidget(line);
    }
    dialog("aboutDialog", tr("About Easel"), content, parent)->open();
}

}  // namespace easel::ui
