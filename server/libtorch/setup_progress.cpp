// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/setup_progress.h"

namespace easel::libtorch {

std::string_view toString(SetupStage stage) {
    switch (stage) {
        case SetupStage::Waiting:
            return "waiting";
        case SetupStage::LookingUp:
            return "looking_up";
        case SetupStage::Comparing:
            return "comparing";
        case SetupStage::Fetching:
            return "fetching";
        case SetupStage::Unpacking:
            return "unpacking";
    }
    return "waiting";
}

void SetupTeller::begin(SetupStage stage, int files, std::int64_t bytes, std::int64_t here) {
    m_progress = {stage, 0, files, here, bytes, 0};
    m_speed = hub::Speed(here);
    tell();
}

void SetupTeller::set(int filesDone, std::int64_t bytesDone) {
    m_progress.filesDone = filesDone;
    m_progress.bytesDone = bytesDone;
    tell();
}

void SetupTeller::add(std::int64_t bytes) {
    constexpr std::chrono::milliseconds kPause{250};
    m_progress.bytesDone += bytes;
    if (Clock::now() - m_toldAt >= kPause) {
        tell();
    }
}

void SetupTeller::fileDone() {
    ++m_progress.filesDone;
    tell();
}

void SetupTeller::tell() {
    m_progress.bytesPerSecond = m_speed.after(m_progress.bytesDone);
    m_toldAt = Clock::now();
    m_onProgress(m_progress);
}

}  // namespace easel::libtorch
