// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QImage>
#include <QPointF>
#include <QWidget>

#include <optional>

#include "desktop/ui/paint/mask_image.h"
#include "desktop/ui/parts/picture_place.h"

namespace easel::ui {

/// The picture under its mask, and the brush that paints on it: by mouse, by pen (pressure is the brush's
/// width, its other end erases) and by keyboard. Only what has changed is drawn again. Owned by the painter.
class MaskCanvas : public QWidget {
    Q_OBJECT

public:
    enum class Tool { Brush, Eraser, Fill };
    static constexpr int kLargestBrush = 1000;  ///< pixels of the picture

    /// `mask` outlives it and has the size of `picture`.
    MaskCanvas(const QImage& picture, MaskImage& mask, QWidget* parent = nullptr);

    void setTool(Tool tool);
    Tool tool() const { return m_tool; }
    /// How far it is across, in pixels of the picture.
    void setBrush(int pixels);
    int brush() const { return m_brush; }
    void growBrush();
    void shrinkBrush();
    /// For how many pixels of the picture edges are soft; the mask itself stays as it is.
    void setFeather(int pixels);
    /// The mask with its soft edges, as it is shown.
    const QImage& shown();
    /// `part` of the mask has changed.
    void showChange(const QRect& part);

    void fit();
    void actualSize();
    /// In or out around the brush, or the middle.
    void zoomBy(double factor);
    double zoom() const { return m_place.zoom(); }
    /// Where the picture is.
    QRectF area() const { return m_place.area(); }

Q_SIGNALS:
    void zoomChanged();
    void brushChanged(int pixels);
    /// The person has painted: a whole stroke, or a fill.
    void painted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void tabletEvent(QTabletEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Stroke {
        QPointF at;  ///< in the picture
        Ink ink;
    };

    void begin(const QPointF& at, double pressure, Ink ink, bool straight);
    void goOn(const QPointF& at, double pressure);
    void end();
    void letGo();
    void flood(const QPointF& at);
    Ink ink() const { return m_tool == Tool::Eraser ? Ink::Erase : Ink::Paint; }
    bool moveByKey(QKeyEvent* event);
    void showPlace();
    void showCursor();
    void movePointer(std::optional<QPointF> to);
    QRect ringRect() const;
    void paintRing(QPainter& painter) const;
    const QImage& pictureAsShown();
    QPointF inPicture(const QPointF& at) const { return (at - m_place.corner()) / m_place.scale(); }

    QImage m_picture;
    QImage m_reduced;  ///< the picture at a zoom below 1, smooth
    MaskImage& m_mask;
    QImage m_soft;   ///< the mask with soft edges, as long as there are any
    QRect m_unsoft;  ///< what of it is not up to date
    QColor m_color;
    PicturePlace m_place;
    Tool m_tool = Tool::Brush;
    int m_brush;
    int m_feather = 0;
    std::optional<Stroke> m_stroke;
    std::optional<QPointF> m_last;     ///< where the last stroke ended, in the picture
    std::optional<QPointF> m_pointer;  ///< where the brush is
    std::optional<QPointF> m_grabbed;  ///< while the picture is moved
    bool m_spaceHeld = false;
};

}  // namespace easel::ui
