// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace easel::jobs {

/// Whose turn it is: start-time fair queueing (Goyal, Vin and Cheng, 1996,
/// https://doi.org/10.1145/248156.248171). Next is the owner for whom the device has worked least, so
/// whoever asks for much waits for himself; an owner's own jobs go in the order of their places. One who
/// comes, or comes again, starts level with whoever is next: time in which he asked for nothing is not saved
/// up. Work is in pixel-steps. In memory alone, passive, guarded by its owner.
class Turns {
public:
    /// Where a job stands among its owner's: the higher priority first, then the lower rank.
    struct Place {
        int priority = 0;
        std::int64_t rank = 0;
    };

    void add(const std::string& owner, const std::string& id, std::int64_t work, Place place);
    /// Moves a waiting job.
    void move(const std::string& id, Place place);
    /// In front of all: a job that had its turn, which was paid for, and is to be drawn again.
    void addReturned(const std::string& id);
    /// The job's turn has come.
    void start(const std::string& id);
    /// A waiting job goes.
    void remove(const std::string& id);
    /// Of what `owner` paid `work` was not done.
    void giveBack(const std::string& owner, std::int64_t work);
    /// Nothing waits or runs any more: nobody owes anything.
    void settle();

    /// What counts as done for the owner, as a job sees it that comes now; never falls below an earlier
    /// value but for what was given back.
    std::int64_t used(const std::string& owner) const;
    /// What counts as done for the job's owner once it has started.
    std::int64_t usedOnceStarted(const std::string& id) const;
    /// Goes on where an earlier process was, after every job has been added.
    void restore(const std::map<std::string, std::int64_t>& used);

    /// The waiting jobs in the order in which they will start if no other comes.
    std::vector<std::string> order() const;

private:
    struct Waiting {
        std::string id;
        std::int64_t work = 0;
        Place place;
    };
    struct Line {
        std::int64_t used = 0;
        std::deque<Waiting> jobs;
    };

    static void insert(Line& line, Waiting job);
    bool takeReturned(const std::string& id);
    void forgetTheSettled();

    std::map<std::string, Line> m_lines;  // by owner
    std::deque<std::string> m_returned;
    std::int64_t m_level = 0;  // what had been done for the owner of the latest job when it started
};

}  // namespace easel::jobs
