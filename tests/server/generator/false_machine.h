// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <QTemporaryDir>

namespace easel::tests {

/// A machine's /proc, /sys and /dev as far as Easel looks at them, in a folder of its own.
class FalseMachine {
public:
    std::filesystem::path root() const { return m_folder.path().toStdString(); }

    void write(const std::filesystem::path& file, const std::string& text) const {
        const auto whole = root() / file;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole) << text;
    }

    /// A device on the PCI bus; `driver`: the one that holds it, if any.
    void plug(const std::string& address, const std::string& vendor, const std::string& kind,
              const std::string& driver = {}) const {
        const std::filesystem::path device = "sys/bus/pci/devices/" + address;
        write(device / "vendor", vendor + "\n");
        write(device / "class", kind + "\n");
        if (!driver.empty()) {
            std::filesystem::create_symlink("../../../bus/pci/drivers/" + driver, root() / device / "driver");
        }
    }

    void loadDriver(const std::string& version) const {
        write("proc/driver/nvidia/version",
              "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  " + version +
                  "  Release Build  (builder@host)\nGCC version:  gcc version 13.3.0\n");
    }

    void makeNodes() const { write("dev/nvidiactl", ""); }

private:
    QTemporaryDir m_folder;
};

}  // namespace easel::tests
