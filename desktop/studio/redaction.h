// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>

namespace easel::studio {

/// Makes text fit to be sent to somebody who helps. A value.
class Redaction {
public:
    /// `prompts` are not to be told, but for those of one or two letters, which tell nothing.
    explicit Redaction(const QStringList& prompts = {});

    /// `text` with *** for keys, for tickets, for the prompts and for whatever else is called one, and with ~
    /// for the person's home folder. It may go through here twice.
    QString of(QString text) const;

private:
    QStringList m_prompts;  ///< in every spelling, the longest first
};

}  // namespace easel::studio
