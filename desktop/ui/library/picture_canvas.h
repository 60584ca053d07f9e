// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QPointF>
#include <QWidget>

#include "desktop/ui/parts/picture_place.h"

namespace easel::ui {

/// One picture on a neutral ground: whole, or closer at the pointer, and moved by dragging.
class PictureCanvas : public QWidget {
    Q_OBJECT

public:
    explicit PictureCanvas(QWidget* parent = nullptr);

    /// `image` may have fewer pixels than the picture, whose size is `pixels`. Keeps zoom and place for one
    /// of the same size, else shows all of it. `message` stands beneath it, or alone when the image is null.
    void setImage(const QImage& image, const QSize& pixels, const QString& message = {});
    void fit();
    /// One pixel of the picture on one pixel of the screen.
    void actualSize();
    /// In or out around `at` (in this widget).
    void zoomBy(double factor, const QPointF& at);
    bool isFitted() const { return m_place.isFitted(); }
    /// Screen pixels for one pixel of the picture.
    double zoom() const { return m_place.zoom(); }
    const QImage& image() const { return m_image; }
    QString message() const { return m_message; }

Q_SIGNALS:
    void zoomChanged();
    /// The picture is pulled out of the window; only while all of it is in sight.
    void dragRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;

private:
    void showPlace();
    void paintChecks(QPainter& painter, const QRectF& area) const;
    void paintMessage(QPainter& painter) const;

    QImage m_image;
    QString m_message;
    PicturePlace m_place;
    QPointF m_grabbed;
    QPointF m_pressed;
};

}  // namespace easel::ui
