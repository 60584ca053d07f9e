// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

class QNetworkReply;
class QNetworkRequest;

namespace easel::remote {

/// A picture's bytes as far as they have come, so that after a cut only the rest is asked for, of whatever
/// server has the same picture. Kept from one try to the next by who asks, filled by Remote; GUI thread.
class PartialImage {
public:
    /// Bytes that are there.
    qsizetype size() const { return m_bytes.size(); }

    // For Remote.
    /// A try begins: has `request` ask for the rest alone, if that can be told from the rest of another
    /// picture.
    void askForRest(QNetworkRequest& request);
    /// The head of an answer has come: drops what is there, unless its body is the rest or no picture.
    void begin(const QNetworkReply& reply);
    /// The answer does not go on from what was there: the picture has to be asked for anew.
    bool isUnfit() const { return m_isUnfit; }
    /// Bytes that were there before this answer's.
    qsizetype before() const { return m_before; }
    /// Takes what has come of the picture.
    void take(QNetworkReply& reply);
    /// The whole picture; nothing of it stays here.
    QByteArray release();

private:
    bool canGoOn() const { return !m_bytes.isEmpty() && !m_tag.isEmpty(); }
    bool isRest(const QNetworkReply& reply) const;

    QByteArray m_bytes;
    QByteArray m_tag;  ///< a strong validator; empty: none
    qsizetype m_before = 0;
    bool m_isPicture = false;  ///< of the present answer
    bool m_isUnfit = false;
};

}  // namespace easel::remote
