// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/export_dialog.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QStandardPaths>

#include "desktop/gallery/file_name.h"
#include "desktop/ui/field_box.h"
#include "desktop/ui/flat_style.h"
#include "desktop/ui/number_slider.h"
#include "desktop/ui/theme.h"
#include "desktop/ui/words.h"

namespace easel::ui {

namespace {

using Format = gallery::ExportOptions::Format;

constexpr int kWidth = 520;

}  // namespace

ExportDialog::ExportDialog(QList<gallery::Picture> pictures, QSettings& settings, QWidget* parent)
    : QDialog(parent),
      m_pictures(std::move(pictures)),
      m_settings(settings),
      m_folder(new QLineEdit(this)),
      m_browse(new QPushButton(tr("&Browse…"), this)),
      m_pattern(new QLineEdit(this)),
      m_name(captionLabel({}, this)),
      m_format(new QComboBox(this)),
      m_quality(new NumberSlider(tr("Quality"), 0, 1, this)),
      m_trouble(captionLabel({}, this)),
      m_progress(new QProgressBar(this)),
      m_export(new QPushButton(tr("&Export %1").arg(ui::pictures(m_pictures.size())), this)),
      m_cancel(new QPushButton(tr("Cancel"), this)) {
    setObjectName("exportDialog");
    setWindowTitle(tr("Export"));
    setMinimumWidth(kWidth);
    m_folder->setObjectName("folderEdit");
    m_pattern->setObjectName("patternEdit");
    m_name->setObjectName("namePreview");
    m_format->setObjectName("formatBox");
    m_quality->setObjectName("qualityField");
    m_trouble->setObjectName("exportTrouble");
    m_export->setObjectName("startExportButton");
    m_export->setDefault(true);
    m_cancel->setObjectName("cancelExportButton");

    auto* column = new QVBoxLayout(this);
    column->setSpacing(kMargin);
    column->addWidget(buildFolder());
    column->addWidget(buildPattern());
    column->addWidget(buildFormat());
    column->addWidget(m_trouble);
    column->addLayout(buildFoot());
    restore();
    connectParts();
    setRunning(false);
    m_trouble->hide();
    showName();
    showFormat();
}

QWidget* ExportDialog::buildFolder() {
    auto* line = new QWidget(this);
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_folder, 1);
    row->addWidget(m_browse);
    m_folderBox = new FieldBox(tr("&Folder"), FieldBox::Place::Above, line, m_folder, this);
    return m_folderBox;
}

QWidget* ExportDialog::buildPattern() {
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    auto* box = new FieldBox(tr("File &name"), FieldBox::Place::Above, m_pattern, m_pattern, part);
    m_pattern->setToolTip(
        tr("Filled in: {date} {time} {seed} {prompt} {model} {sampler} {steps} {width} {height} {index}"));
    column->addWidget(box);
    column->addWidget(m_name);
    return part;
}

QWidget* ExportDialog::buildFormat() {
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    m_format->addItem(tr("PNG, unchanged"), int(Format::Png));
    m_format->addItem(tr("JPEG, smaller"), int(Format::Jpeg));
    m_quality->setRange(1, 100, 100);
    column->addWidget(new FieldBox(tr("F&ormat"), FieldBox::Place::Before, m_format, m_format, part));
    m_qualityBox = new FieldBox(tr("&Quality"), FieldBox::Place::Before, m_quality, m_quality->box(), part);
    column->addWidget(m_qualityBox);
    return part;
}

QLayout* ExportDialog::buildFoot() {
    auto* row = new QHBoxLayout;
    row->addWidget(m_progress, 1);
    row->addStretch();
    row->addWidget(m_cancel);
    row->addWidget(m_export);
    m_progress->setTextVisible(false);
    return row;
}

void ExportDialog::connectParts() {
    connect(m_browse, &QPushButton::clicked, this, [this] {
        const QString chosen = QFileDialog::getExistingDirectory(this, tr("Export to"), m_folder->text());
        if (!chosen.isEmpty())
            m_folder->setText(chosen);
    });
    connect(m_folder, &QLineEdit::textChanged, this, [this] {
        m_folderBox->setProblem({});
        markProblem(m_folder, false);
    });
    connect(m_pattern, &QLineEdit::textChanged, this, &ExportDialog::showName);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::showFormat);
    connect(m_export, &QPushButton::clicked, this, &ExportDialog::start);
    connect(m_cancel, &QPushButton::clicked, this, &ExportDialog::reject);
    connect(&m_exporter, &gallery::Exporter::progress, this, [this](int done, int total) {
        m_progress->setMaximum(total);
        m_progress->setValue(done);
    });
    connect(&m_exporter, &gallery::Exporter::finished, this, &ExportDialog::finish);
}

void ExportDialog::restore() {
    const gallery::ExportOptions usual;
    const QString pictures = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
    m_folder->setText(m_settings.value("export/folder", pictures).toString());
    m_pattern->setText(m_settings.value("export/pattern", usual.pattern).toString());
    m_format->setCurrentIndex(
        m_format->findData(m_settings.value("export/format", int(Format::Png)).toInt()));
    m_quality->setValue(m_settings.value("export/quality", usual.quality).toInt());
}

void ExportDialog::remember() {
    m_settings.setValue("export/folder", m_folder->text());
    m_settings.setValue("export/pattern", m_pattern->text());
    m_settings.setValue("export/format", m_format->currentData());
    m_settings.setValue("export/quality", qRound(m_quality->value()));
}

gallery::ExportOptions ExportDialog::options() const {
    return {.folder = m_folder->text(),
            .pattern = m_pattern->text(),
            .format = Format(m_format->currentData().toInt()),
            .quality = qRound(m_quality->value())};
}

void ExportDialog::showName() {
    const QString suffix = options().format == Format::Jpeg ? QStringLiteral(".jpg") : QStringLiteral(".png");
    const QString name =
        m_pictures.isEmpty() ? QString() : gallery::expandPattern(m_pattern->text(), m_pictures.first(), 1);
    m_name->setText(tr("Becomes %1").arg(name + suffix));
}

void ExportDialog::showFormat() {
    m_qualityBox->setEnabled(options().format == Format::Jpeg);
    showName();
}

void ExportDialog::start() {
    if (m_folder->text().trimmed().isEmpty()) {
        m_folderBox->setProblem(tr("Choose the folder that the pictures go to."));
        markProblem(m_folder, true);
        return;
    }
    remember();
    m_trouble->hide();
    setRunning(true);
    m_exporter.start(m_pictures, options());
}

void ExportDialog::setRunning(bool running) {
    m_progress->setVisible(running);
    m_progress->setRange(0, int(m_pictures.size()));
    m_export->setEnabled(!running);
    m_cancel->setText(running ? tr("Stop") : tr("Cancel"));
}

void ExportDialog::finish(const gallery::ExportReport& report) {
    setRunning(false);
    if (report.problems.empty()) {
        if (!report.files.isEmpty())
            Q_EMIT exported(int(report.files.size()), m_folder->text());
        if (!report.cancelled)
            accept();
        return;
    }
    QPalette colors = palette();
    colors.setColor(QPalette::PlaceholderText, statusColors(colors).bad);
    m_trouble->setPalette(colors);
    const QString why = QString::fromStdString(report.problems.front().detail);
    m_trouble->setText(report.files.isEmpty() ? why
                                              : tr("%1 written, %2 not. %3")
                                                    .arg(ui::pictures(report.files.size()))
                                                    .arg(report.problems.size())
                                                    .arg(why));
    m_trouble->show();
    m_cancel->setText(tr("Close"));
}

void ExportDialog::reject() {
    if (m_exporter.isRunning()) {
        m_exporter.cancel();
        return;
    }
    QDialog::reject();
}

}  // namespace easel::ui
