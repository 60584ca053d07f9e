// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include "shared/protocol/problem.h"

namespace easel::gallery {

// Codes of what can go wrong on this computer's disk; the status is 0.
inline constexpr char kDiskFull[] = "disk_full";
inline constexpr char kNotWritable[] = "not_writable";
inline constexpr char kNotReadable[] = "not_readable";
inline constexpr char kBrokenPicture[] = "broken_picture";

/// `path` could not be written (`bytes` were needed); `reason` is what the system said.
protocol::Problem cannotWrite(const QString& path, qint64 bytes, const QString& reason);
protocol::Problem cannotRead(const QString& path, const QString& reason);
/// The bytes are no picture that can be used; `reason` completes the sentence.
protocol::Problem brokenPicture(const QString& name, const QString& reason);

}  // namespace easel::gallery
