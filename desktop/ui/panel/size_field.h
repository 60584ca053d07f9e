// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSize>
#include <QWidget>

class QSpinBox;
class QToolButton;

namespace easel::protocol {
struct Limits;
}

namespace easel::ui {

/// Width and height of a picture: three shapes made from the model's own size, and free numbers.
class SizeField : public QWidget {
    Q_OBJECT

public:
    explicit SizeField(QWidget* parent = nullptr);

    void setLimits(const protocol::Limits& limits);
    /// The size that the model was made for, in pixels; the shapes follow it.
    void setNative(const QSize& pixels);
    /// Pixels.
    QSize value() const;
    /// Without `edited`.
    void setValue(const QSize& pixels);
    QSpinBox* widthBox() const { return m_width; }
    QSpinBox* heightBox() const { return m_height; }

Q_SIGNALS:
    /// The person changed it.
    void edited(const QSize& pixels);

private:
    QToolButton* addShape(const char* name, const QString& iconName);
    QSize fitted(double width, double height) const;
    void choose(const QSize& pixels);
    void showShape();

    QToolButton* m_square;
    QToolButton* m_landscape;
    QToolButton* m_portrait;
    QToolButton* m_swap;
    QSpinBox* m_width;
    QSpinBox* m_height;
    QSize m_native{512, 512};
    int m_multiple = 8;
};

}  // namespace easel::ui
