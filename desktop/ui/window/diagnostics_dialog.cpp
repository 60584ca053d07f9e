// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/diagnostics_dialog.h"

#include <QClipboard>
#include <QDate>
#include <QDir>
#include <QFileDialog>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSaveFile>
#include <QStandardPaths>
#include <QTextCursor>

#include "desktop/gallery/disk_problem.h"
#include "desktop/studio/diagnostics.h"
#include "desktop/ui/parts/announce.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr QSize kSize(90 * kUnit, 72 * kUnit);

/// Plain text that is only read. The style draws its rounded ground, and a ring around it that needs room.
class ReadingText : public QPlainTextEdit {
public:
    explicit ReadingText(QWidget* parent) : QPlainTextEdit(parent) {
        viewport()->setAutoFillBackground(false);
        setViewportMargins(2, 2, 2, 2);
        document()->setDocumentMargin(kUnit);
        setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        setTabChangesFocus(true);
        setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    }
};

}  // namespace

DiagnosticsDialog::DiagnosticsDialog(const studio::Diagnostics& diagnostics, QWidget* parent)
    : QDialog(parent), m_text(new ReadingText(this)), m_note(captionLabel({}, this)) {
    setObjectName("diagnosticsDialog");
    setWindowTitle(tr("Diagnostics"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(kSize);
    auto* sentence = new QLabel(tr("Read it before you send it: it holds no keys and no prompts."), this);
    sentence->setTextFormat(Qt::PlainText);
    sentence->setWordWrap(true);
    m_text->setObjectName("diagnosticsText");
    m_text->setAccessibleName(tr("Diagnostics"));
    m_note->setObjectName("diagnosticsNote");
    m_note->setTextFormat(Qt::PlainText);
    m_note->setWordWrap(true);
    makeSpeaker(m_note);
    auto* copy = new QPushButton(tr("&Copy"), this);
    auto* save = new QPushButton(tr("&Save…"), this);
    auto* close = new QPushButton(tr("Close"), this);
    copy->setObjectName("copyDiagnosticsButton");
    save->setObjectName("saveDiagnosticsButton");
    for (QPushButton* button : {copy, save, close}) {
        button->setAutoDefault(false);
    }
    copy->setDefault(true);

    auto* foot = new QHBoxLayout;
    foot->addWidget(m_note, 1);
    for (QPushButton* button : {close, save, copy}) {
        foot->addWidget(button);
    }
    auto* column = new QVBoxLayout(this);
    column->setSpacing(kUnit);
    column->addWidget(sentence);
    column->addWidget(m_text, 1);
    column->addLayout(foot);

    connect(copy, &QPushButton::clicked, this, &DiagnosticsDialog::copy);
    connect(save, &QPushButton::clicked, this, &DiagnosticsDialog::askWhere);
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    const QString report = diagnostics.report();
    m_ownEnd = static_cast<int>(report.size());
    m_text->setPlainText(report + tr("\nAsking the server for its log…\n"));
    diagnostics.askServerLog(this, [this](const QString& lines) { showServerLog(lines); });
    m_text->setFocus();
}

void DiagnosticsDialog::showServerLog(const QString& lines) {
    // What somebody reads or has marked meanwhile stays where it is.
    QTextCursor place(m_text->document());
    place.setPosition(m_ownEnd);
    place.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
    place.insertText(lines);
}

void DiagnosticsDialog::copy() {
    QGuiApplication::clipboard()->setText(m_text->toPlainText());
    tell(tr("Copied"), false);
}

void DiagnosticsDialog::askWhere() {
    const QDir folder(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    const QString name = tr("easel-diagnostics-%1.txt").arg(QDate::currentDate().toString(Qt::ISODate));
    auto* question = new QFileDialog(this, tr("Save diagnostics"),
                                     folder.exists() ? folder.path() : QDir::homePath(), tr("Text (*.txt)"));
    question->setObjectName("saveDiagnosticsQuestion");
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setAcceptMode(QFileDialog::AcceptSave);
    question->setDefaultSuffix(QStringLiteral("txt"));
    question->selectFile(name);
    connect(question, &QFileDialog::fileSelected, this, &DiagnosticsDialog::save);
    question->open();
}

void DiagnosticsDialog::save(const QString& path) {
    const QByteArray bytes = m_text->toPlainText().toUtf8();
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        const auto problem = gallery::cannotWrite(path, bytes.size(), file.errorString());
        return tell(QString::fromStdString(problem.detail), true);
    }
    tell(tr("Saved as %1").arg(QDir::toNativeSeparators(path)), false);
}

void DiagnosticsDialog::tell(const QString& words, bool isTrouble) {
    QPalette colors = palette();
    if (isTrouble) {
        colors.setColor(QPalette::PlaceholderText, statusColors(colors).bad);
    }
    m_note->setPalette(colors);
    m_note->setText(words);
    announce(m_note, words);
}

}  // namespace easel::ui
