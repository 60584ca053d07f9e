// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <cstdint>
#include <optional>

class QLineEdit;
class QToolButton;

namespace easel::ui {

/// The seed: a new one for each picture, or one that is kept.
class SeedField : public QWidget {
    Q_OBJECT

public:
    explicit SeedField(QWidget* parent = nullptr);

    void setMaximum(std::int64_t maximum) { m_maximum = maximum; }
    /// Absent: a new one each time.
    std::optional<std::int64_t> value() const { return m_value; }
    /// Without `edited`.
    void setValue(std::optional<std::int64_t> seed);
    /// Shows the value as it is taken, however it was typed.
    void settle() { setValue(m_value); }
    /// What the lock takes when the field is empty: the seed of the last picture.
    void setLastSeed(std::int64_t seed) { m_last = seed; }
    QLineEdit* edit() const { return m_edit; }

Q_SIGNALS:
    /// The person changed it.
    void edited(std::optional<std::int64_t> seed);

private:
    void change(std::optional<std::int64_t> seed);

    std::optional<std::int64_t> m_value;
    std::int64_t m_last = 0;
    std::int64_t m_maximum = 0;
    QLineEdit* m_edit;
    QToolButton* m_random;
    QToolButton* m_lock;
};

}  // namespace easel::ui
