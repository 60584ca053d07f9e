// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QMetaType>
#include <QSettings>
#include <QString>
#include <QVariant>

#include <type_traits>

/// Everything that the app remembers of a person's choices, each thing once: where it stands in the settings,
/// of what type it is, and what it is until it has been set.
namespace easel::preferences {

template <typename T>
struct Preference {
    const char* key;
    /// Text is kept as ASCII, so that the whole table is known when the program is compiled.
    std::conditional_t<std::is_arithmetic_v<T>, T, const char*> usual;

    /// `usual` too where what stands there makes no sense.
    T of(const QSettings& settings) const {
        QVariant stored = settings.value(QLatin1String(key));
        return stored.convert(QMetaType::fromType<T>()) ? stored.value<T>() : T(usual);
    }
    void set(QSettings& settings, const T& value) const {
        settings.setValue(QLatin1String(key), QVariant::fromValue(value));
    }
    bool isSet(const QSettings& settings) const { return settings.contains(QLatin1String(key)); }
    void forget(QSettings& settings) const { settings.remove(QLatin1String(key)); }
};

/// The servers that are known, as JSON; see remote::ServerProfile. Keys are in the keyring.
inline constexpr Preference<QString> kServers{"server/list", ""};
/// Which of them was chosen last; empty: none.
inline constexpr Preference<QString> kServer{"server/current", ""};
/// The one server of earlier versions, taken over into the list.
inline constexpr Preference<QString> kServerAddress{"server/address", "localhost"};
/// Of the server at that address; empty until it has said who it is.
inline constexpr Preference<QString> kServerId{"server/id", ""};
/// The panel's request, as JSON.
inline constexpr Preference<QString> kRequest{"studio/request", ""};
/// Pictures are shown while they are drawn.
inline constexpr Preference<bool> kPreviews{"studio/previews", true};

/// The parts of the panel that are open, by their names, with commas between them.
inline constexpr Preference<QString> kOpenParts{"studio/openParts", ""};

// The server on this computer.

/// The last app drew on it.
inline constexpr Preference<bool> kLocalUsed{"local/used", false};
/// It goes on when the app has closed.
inline constexpr Preference<bool> kLocalKept{"local/keep", false};
/// Its process, where Easel has started it; 0: none.
inline constexpr Preference<qint64> kLocalPid{"local/pid", 0};
inline constexpr Preference<int> kLocalPort{"local/port", 0};

// Machines on Google Cloud.

/// The project whose machines are listed.
inline constexpr Preference<QString> kCloudProject{"cloud/project", ""};
/// The time of a machine that is drawn on is prolonged without asking; not set: nobody was asked yet.
inline constexpr Preference<bool> kCloudProlongs{"cloud/prolong", false};
/// Minutes after which one that draws nothing is stopped; 0: never.
inline constexpr Preference<int> kCloudIdleMinutes{"cloud/idleMinutes", 0};
/// How many pictures came from the machine that was drawn on last, as JSON; see cloud::PictureCount.
inline constexpr Preference<QString> kCloudPictures{"cloud/pictures", ""};

// The window.

inline constexpr Preference<QByteArray> kGeometry{"window/geometry", ""};
inline constexpr Preference<QByteArray> kSplitter{"window/splitter", ""};
/// "light", "dark" or "system".
inline constexpr Preference<QString> kTheme{"window/theme", "system"};
/// Device-independent pixels.
inline constexpr Preference<int> kThumbnailSize{"window/thumbnailSize", 184};
/// Whether the large view shows a picture's details.
inline constexpr Preference<bool> kDetailsShown{"window/details", true};

// The last export; see gallery::ExportOptions.

/// Empty: the person's own folder of pictures.
inline constexpr Preference<QString> kExportFolder{"export/folder", ""};
inline constexpr Preference<QString> kExportPattern{"export/pattern", "{date}_{seed}_{prompt}"};
/// A gallery::ExportOptions::Format.
inline constexpr Preference<int> kExportFormat{"export/format", 0};
inline constexpr Preference<int> kExportQuality{"export/quality", 92};
inline constexpr Preference<int> kExportLongestSide{"export/longestSide", 0};
inline constexpr Preference<bool> kExportKeepsSettings{"export/keepSettings", true};

}  // namespace easel::preferences
