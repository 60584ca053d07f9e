// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/timestamp.h"

#include <chrono>
#include <cstdio>

namespace easel::protocol {

using namespace std::chrono;

std::int64_t millisecondsNow() {
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string formatTimestamp(std::int64_t total) {
    const sys_time<milliseconds> time{milliseconds(total)};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                  int(clock.minutes().count()), int(clock.seconds().count()),
                  int(clock.subseconds().count()));
    return text;
}

std::optional<std::int64_t> parseTimestamp(std::string_view text) {
    int year = 0;
    int end = 0;
    unsigned month = 0, dayOfMonth = 0, hour = 0, minute = 0, second = 0, milli = 0;
    const std::string copy(text);
    const int read = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3uZ%n", &year, &month, &dayOfMonth,
                                 &hour, &minute, &second, &milli, &end);
    const auto date = std::chrono::year(year) / std::chrono::month(month) / day(dayOfMonth);
    if (read != 7 || end != int(text.size()) || !date.ok() || hour > 23 || minute > 59 || second > 60) {
        return {};
    }
    const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(milli);
    return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace easel::protocol
