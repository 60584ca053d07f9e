// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <optional>
#include <vector>

#include "desktop/cloud/machine_maker.h"

class QCheckBox;
class QComboBox;
class QLineEdit;

namespace easel::cloud {
class CloudDesk;
class MachineKeeper;
}  // namespace easel::cloud

namespace easel::ui {

class FieldBox;
class ModelChoice;
class WholeBox;

/// What a new machine is to be: project, GPU, model and time, each with what there is to know of it. Owned by
/// the page.
class NewMachineForm : public QWidget {
    Q_OBJECT

public:
    /// Both outlive it.
    NewMachineForm(cloud::CloudDesk& desk, cloud::MachineKeeper& keeper, QWidget* parent = nullptr);

    void refresh();
    /// None: something in it can't be used, and says why.
    std::optional<cloud::MachineWish> wish() const;
    /// The hub's token; empty where none was asked for.
    QByteArray token() const;
    /// Its time may be prolonged, so that what it costs is no upper bound.
    bool mayGoOn() const;
    /// The person has agreed to what the form says on looking after the machine.
    void keepPromises() const;

Q_SIGNALS:
    void edited();

private:
    QWidget* buildTime();
    void fillProjects();
    void fillOffers();
    bool isTaken(const QString& name) const;
    void suggestName();
    void check();

    cloud::CloudDesk& m_desk;
    cloud::MachineKeeper& m_keeper;
    QComboBox* m_project;
    FieldBox* m_projectBox;
    QLineEdit* m_name;
    FieldBox* m_nameBox;
    QComboBox* m_gpu;
    FieldBox* m_gpuBox;
    QCheckBox* m_spot;
    ModelChoice* m_model;
    WholeBox* m_hours;
    QCheckBox* m_prolong;
    QComboBox* m_idle;
    std::vector<cloud::Project> m_shownProjects;
    std::vector<cloud::Offer> m_shownOffers;
    bool m_isSpotShown = false;
};

}  // namespace easel::ui
