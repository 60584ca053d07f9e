// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QStandardPaths>

#include <algorithm>

#include "desktop/gallery/file_name.h"
#include "desktop/preferences/preferences.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_slider.h"
#include "desktop/ui/parts/problem_mark.h"
#include "desktop/ui/parts/words.h"

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
      m_size(new QComboBox(this)),
      m_keep(new QCheckBox(tr("&Keep prompt and settings in the file"), this)),
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
    m_size->setObjectName("exportSizeBox");
    m_keep->setObjectName("keepSettingsBox");
    m_quality->setObjectName("qualityField");
    m_trouble->setObjectName("exportTrouble");
    m_export->setObjectName("startExportButton");
    for (QPushButton* button : {m_browse, m_cancel}) {
        button->setAutoDefault(false);  // The accent stays where it is while the keyboard goes round.
    }
    m_export->setDefault(true);
    m_cancel->setObjectName("cancelExportButton");

    auto* column = new QVBoxLayout(this);
    column->setSpacing(kMargin);
    column->addWidget(buildFolder());
    column->addWidget(buildPattern());
    column->addWidget(buildFormat());
    column->addWidget(m_trouble);
    column->addStretch(1);  // Room to spare goes here, so that labels stand beside their fields.
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
    m_folderBox = new FieldBox(tr("&Folder"), FieldBox::Place::Before, line, m_folder, this);
    return m_folderBox;
}

QWidget* ExportDialog::buildPattern() {
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_pattern);
    column->addWidget(m_name);
    column->addWidget(captionLabel(tr("Filled in: %1").arg(gallery::patternTokens().join(' ')), part));
    m_patternBox = new FieldBox(tr("File &name"), FieldBox::Place::Before, part, m_pattern, this);
    return m_patternBox;
}

QWidget* ExportDialog::buildFormat() {
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    fillFormats();
    m_quality->setRange(1, 100, 100);
    m_size->addItem(tr("Its own"), 0);
    for (const int side : {4096, 2048, 1024, 512}) {
        m_size->addItem(tr("At most %1 pixels").arg(side), side);
    }
    m_size->setToolTip(tr("Of the longer side; smaller pictures stay as they are"));
    column->addWidget(new FieldBox(tr("F&ormat"), FieldBox::Place::Before, m_format, m_format, part));
    m_qualityBox = new FieldBox(tr("&Quality"), FieldBox::Place::Before, m_quality, m_quality->box(), part);
    column->addWidget(m_qualityBox);
    column->addWidget(new FieldBox(tr("&Size"), FieldBox::Place::Before, m_size, m_size, part));
    column->addWidget(new FieldBox({}, FieldBox::Place::Before, m_keep, m_keep, part));
    return part;
}

void ExportDialog::fillFormats() {
    m_format->addItem(tr("PNG"), int(Format::Png));
    m_format->addItem(tr("JPEG, smaller"), int(Format::Jpeg));
    if (gallery::canExport(Format::WebP)) {
        m_format->addItem(tr("WebP, smaller still"), int(Format::WebP));
    }
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
        if (!chosen.isEmpty()) {
            m_folder->setText(chosen);
        }
    });
    connect(m_folder, &QLineEdit::textChanged, this, [this] {
        m_folderBox->setProblem({});
        markProblem(m_folder, false);
        m_trouble->hide();
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
    using namespace preferences;
    const QString pictures = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
    m_folder->setText(kExportFolder.isSet(m_settings) ? kExportFolder.of(m_settings) : pictures);
    m_pattern->setText(kExportPattern.of(m_settings));
    const auto choose = [](QComboBox* box, int value) {
        box->setCurrentIndex(std::max(0, box->findData(value)));
    };
    choose(m_format, kExportFormat.of(m_settings));
    choose(m_size, kExportLongestSide.of(m_settings));
    m_keep->setChecked(kExportKeepsSettings.of(m_settings));
    m_quality->setValue(kExportQuality.of(m_settings));
}

void ExportDialog::remember() {
    using namespace preferences;
    kExportFolder.set(m_settings, m_folder->text());
    kExportPattern.set(m_settings, m_pattern->text());
    kExportFormat.set(m_settings, m_format->currentData().toInt());
    kExportQuality.set(m_settings, qRound(m_quality->value()));
    kExportLongestSide.set(m_settings, m_size->currentData().toInt());
    kExportKeepsSettings.set(m_settings, m_keep->isChecked());
}

gallery::ExportOptions ExportDialog::options() const {
    QString folder = m_folder->text().trimmed();
    if (folder == QLatin1String("~") || folder.startsWith(QLatin1String("~/"))) {
        folder.remove(0, 1).prepend(QDir::homePath());
    }
    return {.folder = QDir::home().absoluteFilePath(folder),
            .pattern = m_pattern->text(),
            .format = Format(m_format->currentData().toInt()),
            .quality = qRound(m_quality->value()),
            .longestSide = m_size->currentData().toInt(),
            .keepSettings = m_keep->isChecked()};
}

void ExportDialog::showName() {
    const QString name =
        m_pictures.isEmpty() ? QString() : gallery::expandPattern(m_pattern->text(), m_pictures.first(), 1);
    m_name->setText(tr("Becomes %1").arg(name + '.' + gallery::suffixOf(options().format)));
    const QStringList unknown = gallery::unknownTokens(m_pattern->text());
    m_patternBox->setHint(
        unknown.isEmpty() ? QString() : tr("There is no %1: it stays as it is.").arg(unknown.join(tr(", "))));
}

void ExportDialog::showFormat() {
    m_qualityBox->setEnabled(options().format != Format::Png);
    m_keep->setEnabled(options().format != Format::WebP);
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
        if (!report.files.isEmpty()) {
            Q_EMIT exported(int(report.files.size()), options().folder);
        }
        if (!report.cancelled) {
            accept();
        }
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
