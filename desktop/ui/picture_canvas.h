// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QPointF>
#include <QWidget>

namespace easel::ui {

/// One picture on a neutral ground: whole, or closer at the pointer, and moved by dragging.
class PictureCanvas : public QWidget {
    Q_OBJECT

public:
    explicit PictureCanvas(QWidget* parent = nullptr);

    /// A null image shows `message` instead. Shows the whole picture again.
    void setImage(const QImage& image, const QString& message = {});
    void fit();
    /// One pixel of the picture on one pixel of the screen.
    void actualSize();
    /// In or out around `at` (in this widget).
    void zoomBy(double factor, const QPointF& at);
    bool isFitted() const { return m_fitted; }
    /// Screen pixels for one pixel of the picture.
    double zoom() const;

Q_SIGNALS:
    void zoomChanged();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;

private:
    double fittingScale() const;
    void setScale(double scale, const QPointF& at);
    void keepInSight();
    QSizeF shownSize() const;

    QImage m_image;
    QString m_message;
    double m_scale = 1;  ///< device-independent pixels for one pixel of the picture
    QPointF m_origin;    ///< where the picture's corner is
    QPointF m_grabbed;
    bool m_fitted = true;
};

}  // namespace easel::ui
