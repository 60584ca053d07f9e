// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QImage>

#include "desktop/ui/paint/mask_canvas.h"
#include "desktop/ui/paint/mask_image.h"

class QAbstractButton;
class QLabel;
class QToolButton;

namespace easel::ui {

class NumberSlider;

/// Paints a mask over a picture. What is painted is asked about before it is thrown away. Owned by whoever
/// opens it; GUI thread.
class MaskPainter : public QDialog {
    Q_OBJECT

public:
    /// `picture` is one. Goes on with `mask`, stretched to the picture's size; null begins with nothing
    /// painted.
    MaskPainter(const QImage& picture, const QImage& mask, QWidget* parent = nullptr);

    /// 8-bit grey of the picture's size: white is drawn anew, black stays.
    // NOLINTNEXTLINE(bugprone-derived-method-shadowing-base-method): a dialog has no other mask to speak of
    QImage mask() const { return m_canvas->shown(); }

public Q_SLOTS:
    void reject() override;

private:
    QWidget* buildTools();
    QWidget* buildFoot();
    QToolButton* toolButton(const char* name, const QString& iconName, const QString& words,
                            MaskCanvas::Tool tool);
    QAbstractButton* actionButton(const char* name, const QString& words, QRect (MaskImage::*act)());
    QToolButton* quietButton(const char* name, const QString& words);
    QToolButton* iconButton(const char* name, const QString& iconName, const QString& words);
    void orderTabs();
    void addKeys();
    void change(QRect (MaskImage::*act)());
    void showState();
    void showZoom();

    MaskImage m_mask;
    const QImage m_start;  ///< the mask as it was
    MaskCanvas* m_canvas;
    NumberSlider* m_size;
    NumberSlider* m_feather;
    QToolButton* m_undo;
    QToolButton* m_redo;
    QLabel* m_zoom;
};

}  // namespace easel::ui
