// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPointF>
#include <QRectF>
#include <QSize>

class QWidget;

namespace easel::ui {

/// Where a picture lies in a widget: all of it in sight, or closer, and moved. Lengths are device-independent
/// pixels of the widget unless they are the picture's. Owned by that widget.
class PicturePlace {
public:
    explicit PicturePlace(const QWidget& widget) : m_widget(widget) {}

    /// Of the picture; empty for none.
    void setPixels(const QSize& pixels) { m_pixels = pixels; }
    const QSize& pixels() const { return m_pixels; }
    void fit();
    /// One pixel of the picture on one pixel of the screen.
    void actualSize();
    /// In or out around `at`.
    void zoomBy(double factor, const QPointF& at);
    /// In or out by so much of a wheel, in eighths of a degree.
    void zoomByWheel(int angle, const QPointF& at);
    void moveTo(const QPointF& corner);
    /// After the widget's size has changed.
    void settle();

    bool isFitted() const { return m_fitted; }
    /// Whether single pixels are to be seen as squares.
    bool showsPixels() const;
    /// Screen pixels for one pixel of the picture.
    double zoom() const;
    /// The widget's pixels for one pixel of the picture.
    double scale() const { return m_scale; }
    const QPointF& corner() const { return m_corner; }
    QRectF area() const;

private:
    double fittingScale() const;
    void setScale(double scale, const QPointF& at);
    void keepInSight();

    const QWidget& m_widget;
    QSize m_pixels;
    double m_scale = 1;
    QPointF m_corner;
    bool m_fitted = true;
};

}  // namespace easel::ui
