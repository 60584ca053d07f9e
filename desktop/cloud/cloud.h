// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/cloud/cloud_desk.h"
#include "desktop/cloud/machine_keeper.h"
#include "desktop/cloud/machine_maker.h"

namespace easel::cloud {

/// What there is of Google Cloud for as long as the app runs. Owned by main.
struct Cloud {
    CloudDesk desk;
    MachineMaker maker;
    MachineKeeper keeper;

    /// All outlive it.
    Cloud(QSettings& settings, remote::Servers& servers, remote::ServerLink& link,
          const QString& program = findGcpProgram(), const MachineKeeper::Timing& timing = {})
        : desk(settings, program), maker(program), keeper(desk, servers, link, settings, timing) {}
};

}  // namespace easel::cloud
