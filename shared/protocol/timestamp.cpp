// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/timestamp.h"

#include <algorithm>
#include <charconv>
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
    constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";  // a digit where there is a 0
    const auto fits = [](char found, char wanted) {
        return wanted == '0' ? found >= '0' && found <= '9' : found == wanted;
    };
    if (!std::ranges::equal(text, kForm, fits)) {
        return {};
    }
    const auto number = [text](std::size_t at, std::size_t digits) {
        unsigned value = 0;
        std::from_chars(text.data() + at, text.data() + at + digits, value);
        return value;
    };
    const auto date = year(int(number(0, 4))) / month(number(5, 2)) / day(number(8, 2));
    const hours hour(number(11, 2));
    const minutes minute(number(14, 2));
    const seconds second(number(17, 2));
    if (!date.ok() || hour >= days(1) || minute >= hours(1) || second > minutes(1)) {
        return {};
    }
    const auto time = sys_days(date) + hour + minute + second + milliseconds(number(20, 3));
    return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace easel::protocol
