// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_image.h"

#include <QPainter>

#include <algorithm>
#include <vector>

namespace easel::ui {

namespace {

constexpr uchar kPainted = 128;  ///< from here on
constexpr uchar kWhite = 255;

QImage fitted(const QImage& mask, const QSize& size) {
    if (mask.isNull()) {
        QImage black(size, QImage::Format_Grayscale8);
        black.fill(0);
        return black;
    }
    const QImage sized =
        mask.size() == size ? mask : mask.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    return sized.convertToFormat(QImage::Format_Grayscale8);
}

}  // namespace

MaskImage::MaskImage(const QSize& size, const QImage& mask) : m_mask(fitted(mask, size)) {}

bool MaskImage::isPainted(const QPoint& at) const {
    return m_mask.rect().contains(at) && m_mask.constScanLine(at.y())[at.x()] >= kPainted;
}

QRect MaskImage::stroke(const QPointF& from, const QPointF& to, double width, Ink ink) {
    const double reach = width / 2 + 1;  // with the edge, which is half covered
    const QRectF line = QRectF(from, to).normalized().adjusted(-reach, -reach, reach, reach);
    const QRect touched = line.toAlignedRect().intersected(m_mask.rect());
    if (touched.isEmpty()) {
        return {};
    }
    m_history.keep(m_mask, touched);
    QPainter painter(&m_mask);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor color = ink == Ink::Paint ? Qt::white : Qt::black;
    if (from == to) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        painter.drawEllipse(from, width / 2, width / 2);
    } else {
        painter.setPen(QPen(color, width, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(from, to);
    }
    return touched;
}

void MaskImage::endStroke() {
    m_history.close(m_mask);
}

QRect MaskImage::undo() {
    endStroke();
    return m_history.undo(m_mask);
}

QRect MaskImage::redo() {
    endStroke();
    return m_history.redo(m_mask);
}

template <typename Change>
QRect MaskImage::changeAll(Change change) {
    m_history.keep(m_mask, m_mask.rect());
    change();
    m_history.close(m_mask);
    return m_mask.rect();
}

QRect MaskImage::fill() {
    return changeAll([this] { m_mask.fill(kWhite); });
}

QRect MaskImage::clear() {
    return changeAll([this] { m_mask.fill(0); });
}

QRect MaskImage::invert() {
    return changeAll([this] { m_mask.invertPixels(); });
}

QRect MaskImage::flood(const QPoint& at) {
    if (!m_mask.rect().contains(at) || isPainted(at)) {
        return {};
    }
    return changeAll([this, at] {
        uchar* const bits = m_mask.bits();
        const auto line = [&](int y) { return bits + y * m_mask.bytesPerLine(); };
        // What bounds the fill is painted in full where they meet, or its half covered edge would stay as a
        // seam.
        std::vector<QPoint> seeds{at};
        while (!seeds.empty()) {
            const QPoint seed = seeds.back();
            seeds.pop_back();
            uchar* const row = line(seed.y());
            if (row[seed.x()] >= kPainted) {
                continue;
            }
            int left = seed.x(), right = seed.x();
            while (left > 0 && row[left] < kPainted) {
                --left;
            }
            while (right < m_mask.width() - 1 && row[right] < kPainted) {
                ++right;
            }
            const bool endsLeft = row[left] >= kPainted, endsRight = row[right] >= kPainted;
            std::fill(row + left, row + right + 1, kWhite);
            left += endsLeft ? 1 : 0;
            right -= endsRight ? 1 : 0;
            for (const int y : {seed.y() - 1, seed.y() + 1}) {
                if (y < 0 || y >= m_mask.height()) {
                    continue;
                }
                uchar* const beside = line(y);
                for (int x = left; x <= right; ++x) {
                    if (beside[x] >= kPainted) {
                        beside[x] = kWhite;
                    } else if (x == left || beside[x - 1] >= kPainted) {
                        seeds.emplace_back(x, y);
                    }
                }
            }
        }
    });
}

}  // namespace easel::ui
