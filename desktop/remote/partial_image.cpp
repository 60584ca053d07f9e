// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/partial_image.h"

#include <QNetworkReply>
#include <QNetworkRequest>
#include <QRegularExpression>

#include <algorithm>
#include <utility>

namespace easel::remote {

namespace {

constexpr int kWhole = 200;
constexpr int kPart = 206;
constexpr int kBehindTheEnd = 416;

/// A weak one, W/"…", says nothing of the bytes.
QByteArray strongTagOf(const QNetworkReply& reply) {
    const QByteArray tag = reply.rawHeader("ETag").trimmed();
    return tag.size() > 2 && tag.startsWith('"') && tag.endsWith('"') ? tag : QByteArray();
}

}  // namespace

void PartialImage::askForRest(QNetworkRequest& request) {
    m_before = m_bytes.size();
    m_isPicture = m_isUnfit = false;
    // Packed bytes could not be counted on.
    request.setRawHeader("Accept-Encoding", "identity");
    if (canGoOn()) {
        request.setRawHeader("Range", "bytes=" + QByteArray::number(m_bytes.size()) + '-');
        request.setRawHeader("If-Range", m_tag);
    }
}

void PartialImage::begin(const QNetworkReply& reply) {
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const bool goesOn = canGoOn() && status == kPart && isRest(reply);
    m_isUnfit = canGoOn() && !goesOn && (status == kPart || status == kBehindTheEnd);
    m_isPicture = (status == kWhole || status == kPart) && !m_isUnfit;
    if (m_isUnfit || (m_isPicture && !goesOn)) {
        m_bytes = {};
        m_tag = m_isPicture ? strongTagOf(reply) : QByteArray();
    }
    m_before = m_bytes.size();
}

/// Whether it is all that comes after what is there.
bool PartialImage::isRest(const QNetworkReply& reply) const {
    static const QRegularExpression range(QStringLiteral("\\Abytes ([0-9]+)-([0-9]+)/([0-9]+)\\z"));
    const auto match = range.match(QString::fromLatin1(reply.rawHeader("Content-Range").trimmed()));
    bool isNumber = false;
    const qlonglong size = match.captured(3).toLongLong(&isNumber);
    const bool isSame = !reply.hasRawHeader("ETag") || strongTagOf(reply) == m_tag;
    return isNumber && isSame && match.captured(1).toLongLong() == m_bytes.size() &&
           match.captured(2).toLongLong() == size - 1;
}

void PartialImage::take(QNetworkReply& reply) {
    if (!m_isPicture) {
        return;
    }
    const qsizetype there = m_bytes.size();
    if (there == m_before) {
        const qint64 coming = reply.header(QNetworkRequest::ContentLengthHeader).toLongLong();
        m_bytes.reserve(there + std::max(coming, reply.bytesAvailable()));
    }
    m_bytes.resize(there + reply.bytesAvailable());
    const qint64 read = reply.read(m_bytes.data() + there, m_bytes.size() - there);
    m_bytes.resize(there + std::max<qint64>(read, 0));
}

QByteArray PartialImage::release() {
    return std::exchange(m_bytes, {});
}

}  // namespace easel::remote
