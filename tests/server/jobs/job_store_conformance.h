// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

#include <QObject>

#include "server/jobs/job_store.h"

/// What every JobStore promises; one subclass for each implementation.
class JobStoreConformance : public QObject {
    Q_OBJECT

protected:
    /// Makes m_store one that holds nothing.
    virtual void openEmpty() = 0;
    /// Makes m_store another that holds what the former one held, as after a crash.
    virtual void reopen() = 0;
    /// Lets the time go on by which claims are measured.
    virtual void pass(std::chrono::milliseconds time) = 0;

    easel::protocol::Job add(const std::string& id);

    std::unique_ptr<easel::jobs::JobStore> m_store;

private Q_SLOTS:
    void init() { openEmpty(); }
    void cleanup() { m_store.reset(); }

    void keepsWhatWasAdded();
    void keepsWhatWasDone();
    void keepsWhoAskedAndWhatTheyUsed();
    void knowsNoOtherJobs();
    void pagesNewestFirst();
    void pagesSurviveRemovals();
    void refusesAForeignCursor();
    void listsOneOwnersJobsInPagesOfTheirOwn();
    void listsTheUnfinishedOldestFirst();
    void startsAnAttemptOnce();
    void refusesALateWorker();
    void requeueForgetsImages();
    void countsLossesOnly();
    void finishesOnce();
    void keepsTheProblem();
    void sameKeySameJob();
    void removes();
    void expiresByAge();
    void agesAreUptimeWhateverTheClock();
    void keepsTheTime();
    void expiresByNumber();
    void expiresByBytes();
    void claimsEndUnlessTheyAreRenewed();
    void aLateRenewalHolds();
    void aClaimEndsWithItsAttempt();
    void holdsAndReleases();
    void aHeldJobCanEnd();
    void givesRanksAndPlaces();
    void remembersThatItIsPaused();
    void tellsWhatEndedAfterAnEvent();

private:
    easel::protocol::Expected<bool> claim(const std::string& id, int attempt, std::int64_t now,
                                          std::int64_t ownerUsed);
    easel::jobs::JobRecord get(const std::string& id);
    void runToEnd(const std::string& id, std::int64_t now, std::int64_t bytes);
};
