// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPersistentModelIndex>
#include <QWidget>

#include "desktop/gallery/picture.h"

class QAbstractItemModel;
class QLabel;
class QListView;
class QToolButton;

namespace easel::ui {

class DetailsPanel;
class ImageLoader;
class PictureCanvas;

/// One picture at a time, in the place of the grid: the picture, its settings, and its neighbours in a film
/// strip. Works on a model that holds pictures only. Owned by the library.
class LargeView : public QWidget {
    Q_OBJECT

public:
    explicit LargeView(QAbstractItemModel* pictures, QWidget* parent = nullptr);

    /// Shows the picture of this path; nothing happens when the model has none.
    void open(const QString& path);
    /// Path of the picture in sight; empty when there is none.
    QString path() const { return m_path; }
    /// Height of the film strip: what floats over the view stays above it.
    int footHeight() const;
    /// Nothing but the picture, for the full screen.
    void setPictureOnly(bool on);
    bool isPictureOnly() const { return m_pictureOnly; }
    void setDetailsShown(bool shown);
    void next() { step(1); }
    void previous() { step(-1); }

Q_SIGNALS:
    void closed();
    void currentChanged(const QString& path);
    void exportRequested();
    void copyRequested();
    void deleteRequested();
    void useSettingsRequested();
    void usePictureRequested();
    void copyPromptRequested();
    void showInFolderRequested();
    /// The person hid them or had them back.
    void detailsShownChanged(bool shown);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QListView* filmStrip();
    QWidget* buildHeader();
    QWidget* buildFoot();
    void connectParts();
    void showParts();
    void showZoom();
    void drag();
    QToolButton* tool(const char* name, const QString& iconName, const QString& tip);
    void show(const QModelIndex& index);
    void showImage();
    void showPosition();
    void step(int by);
    /// The picture in sight has gone: show what took its place.
    void replaceLost();
    QModelIndex indexOf(const QString& path) const;

    QAbstractItemModel* m_pictures;
    QPersistentModelIndex m_current;
    QString m_path;
    int m_row = 0;
    ImageLoader* m_loader;
    PictureCanvas* m_canvas;
    DetailsPanel* m_details;
    QListView* m_strip;
    QLabel* m_position;
    QLabel* m_zoom;
    QToolButton* m_info;
    QToolButton* m_back;
    QToolButton* m_previous;
    QToolButton* m_next;
    QWidget* m_header;
    QWidget* m_foot;
    bool m_showDetails = true;
    bool m_pictureOnly = false;
};

}  // namespace easel::ui
