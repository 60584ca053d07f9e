// SPDX-License-Identifier: Apache-2.0
#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>

#include <cmath>

#include "desktop/ui/parts/theme.h"

using namespace easel;

namespace {

/// WCAG 2.
double luminance(const QColor& color) {
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return std::max(x, y) / std::min(x, y);
}

}  // namespace

class TestTheme : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theEdgesOfControlsCanBeSeen_data();
    void theEdgesOfControlsCanBeSeen();
};

void TestTheme::theEdgesOfControlsCanBeSeen_data() {
    QTest::addColumn<ui::Scheme>("scheme");
    QTest::newRow("light") << ui::Scheme::Light;
    QTest::newRow("dark") << ui::Scheme::Dark;
}

void TestTheme::theEdgesOfControlsCanBeSeen() {
    QFETCH(ui::Scheme, scheme);
    ui::Theme theme(*qApp);
    theme.setScheme(scheme);
    QWidget window;
    auto* row = new QHBoxLayout(&window);
    const QList<QWidget*> controls{new QPushButton("Connect"), new QLineEdit, new QSpinBox, new QComboBox,
                                   new QPlainTextEdit,         new QCheckBox};
    for (QWidget* control : controls) {
        row->addWidget(control);
    }
    window.resize(700, 120);
    const QImage image = window.grab().toImage();
    for (const QWidget* control : controls) {
        const QPoint edge(control->x(), control->geometry().center().y());
        const QColor line = image.pixelColor(edge);
        const char* name = control->metaObject()->className();
        QVERIFY2(contrast(line, image.pixelColor(edge - QPoint(3, 0))) >= 3, name);
        QVERIFY2(contrast(line, image.pixelColor(edge + QPoint(3, 0))) >= 3, name);
    }
    const QPalette palette = QApplication::palette();
    for (const auto role : {QPalette::Text, QPalette::PlaceholderText}) {
        for (const auto ground :
             {QPalette::Window, QPalette::Base, QPalette::AlternateBase, QPalette::Midlight}) {
            QVERIFY(contrast(palette.color(role), palette.color(ground)) >= 4.5);
        }
    }
}

QTEST_MAIN(TestTheme)
#include "test_theme.moc"
