// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>

#include "desktop/gallery/exporter.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSettings;

namespace easel::ui {

class FieldBox;
class NumberSlider;

/// Where pictures are exported to, under which names and in which format; remembers the last choice. Stays
/// open while the export runs, then says what became of it. Owned by the window; GUI thread.
class ExportDialog : public QDialog {
    Q_OBJECT

public:
    ExportDialog(QList<gallery::Picture> pictures, QSettings& settings, QWidget* parent = nullptr);

    void reject() override;

Q_SIGNALS:
    /// All is written, to this folder.
    void exported(int files, const QString& folder);

private:
    QWidget* buildFolder();
    QWidget* buildPattern();
    QWidget* buildFormat();
    void fillFormats();
    QLayout* buildFoot();
    void connectParts();
    void restore();
    void remember();
    gallery::ExportOptions options() const;
    void showName();
    void showFormat();
    void start();
    void setRunning(bool running);
    void finish(const gallery::ExportReport& report);

    QList<gallery::Picture> m_pictures;
    QSettings& m_settings;
    gallery::Exporter m_exporter;
    QLineEdit* m_folder;
    QPushButton* m_browse;
    QLineEdit* m_pattern;
    QLabel* m_name;
    QComboBox* m_format;
    QComboBox* m_size;
    QCheckBox* m_keep;
    NumberSlider* m_quality;
    FieldBox* m_folderBox;
    FieldBox* m_patternBox;
    FieldBox* m_qualityBox;
    QLabel* m_trouble;
    QProgressBar* m_progress;
    QPushButton* m_export;
    QPushButton* m_cancel;
};

}  // namespace easel::ui
