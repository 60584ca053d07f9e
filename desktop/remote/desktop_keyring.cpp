// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/desktop_keyring.h"

#include <QObject>

#include <utility>

#include <qt6keychain/keychain.h>

namespace easel::remote {

namespace {

/// The name that keyrings list the keys under.
const QString kService = QStringLiteral("Easel");

/// Runs `job`, which deletes itself, and calls `ended` with it, if `context` is still there.
template <typename Job>
void run(Job* job, const QString& place, QObject* context, std::function<void(const Job& job)> ended) {
    job->setInsecureFallback(false);
    job->setKey(place);
    QObject::connect(job, &QKeychain::Job::finished, context,
                     [job, ended = std::move(ended)] { ended(*job); });
    job->start();
}

}  // namespace

void DesktopKeyring::read(const QString& place, QObject* context,
                          std::function<void(std::optional<QByteArray> key)> done) {
    run<QKeychain::ReadPasswordJob>(new QKeychain::ReadPasswordJob(kService), place, context,
                                    [done = std::move(done)](const QKeychain::ReadPasswordJob& job) {
                                        const bool found = job.error() == QKeychain::NoError;
                                        done(found ? std::optional(job.textData().toLatin1()) : std::nullopt);
                                    });
}

void DesktopKeyring::write(const QString& place, const QByteArray& key, QObject* context,
                           std::function<void(bool kept)> done) {
    auto* job = new QKeychain::WritePasswordJob(kService);
    job->setTextData(QString::fromLatin1(key));
    run<QKeychain::WritePasswordJob>(job, place, context,
                                     [done = std::move(done)](const QKeychain::WritePasswordJob& ended) {
                                         done(ended.error() == QKeychain::NoError);
                                     });
}

void DesktopKeyring::remove(const QString& place) {
    auto* job = new QKeychain::DeletePasswordJob(kService);
    run<QKeychain::DeletePasswordJob>(job, place, job, [](const QKeychain::DeletePasswordJob&) {});
}

}  // namespace easel::remote
