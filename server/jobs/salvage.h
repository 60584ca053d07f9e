// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

namespace easel::jobs {

/// Copies every job, image and input that can still be read from a damaged database into an empty one, and
/// answers how many jobs that were. `damaged` may have an older schema; it is not changed. Throws what
/// SQLiteCpp throws when `into` cannot be written.
int salvage(SQLite::Database& damaged, SQLite::Database& into);

}  // namespace easel::jobs
