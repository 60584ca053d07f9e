// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QRegularExpression>
#include <QStringList>
#include <QTest>

#include <string>
#include <string_view>

#include "tests/server/http/raw_client.h"

namespace easel::tests {

/// What a browser says that it takes.
inline const std::string kBrowser = "Accept: text/html,application/xhtml+xml,image/webp,*/*;q=0.8\r\n";

inline bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// What the expression catches in `text`, each time.
inline QStringList allIn(const std::string& text, const QString& expression) {
    QStringList found;
    auto matches = QRegularExpression(expression).globalMatch(QString::fromStdString(text));
    while (matches.hasNext()) {
        found << matches.next().captured(1);
    }
    return found;
}

/// What a page of ours has, so that nobody can put it into another or anything into it.
inline void verifyIsGuarded(const RawResponse& page) {
    const std::string policy = page.header("content-security-policy");
    QVERIFY(contains(policy, "default-src 'none'") && contains(policy, "frame-ancestors 'none'"));
    QVERIFY(contains(policy, "base-uri 'none'") && contains(policy, "form-action 'self'"));
    QVERIFY(!contains(policy, "unsafe"));
    QCOMPARE(page.header("referrer-policy"), std::string("no-referrer"));
    QCOMPARE(page.header("vary"), std::string("Accept"));
    QVERIFY(!contains(page.body, "style=") && !contains(page.body, "<script>"));
    QVERIFY(allIn(page.body, "\\s(on\\w+=)").isEmpty());
}

/// A refusal as a person sees it: a page with this sentence, already escaped, and a way back.
inline void verifyIsProblemPage(const RawResponse& page, std::string_view sentence,
                                const std::string& field = {}) {
    QCOMPARE(page.header("content-type"), std::string("text/html; charset=utf-8"));
    QCOMPARE(page.header("cache-control"), std::string("no-store"));
    const std::string paragraph = "<p class=\"problem\" data-field=\"" + field + "\">";
    QVERIFY2(contains(page.body, paragraph + std::string(sentence) + "</p>"), page.body.c_str());
    QVERIFY(contains(page.body, "href=\"./\""));
    verifyIsGuarded(page);
}

}  // namespace easel::tests
