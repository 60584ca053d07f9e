// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <string>

#include "shared/protocol/generation_fields.h"

/// Wire names and numbers as a person reads them.
namespace easel::ui {

/// A field of a request, in the person's language.
QString fieldTitle(const protocol::FieldWords& field);
QString groupTitle(protocol::FieldGroup group);
/// What it does, in one sentence.
QString fieldHelp(const protocol::FieldWords& field);
/// What stands in the control of a number at its least, which means something else: "as the first pass";
/// empty where it is a number as any.
QString leastTitle(const protocol::FieldWords& field);
/// "no_norm" → "Strong"; a choice that has no words stays as it is.
QString choiceTitle(const protocol::FieldWords& field, const QString& choice);
/// "dpmpp_2m" → "DPM++ 2M"; a name that we don't know stays as it is.
QString samplerTitle(const std::string& name);
/// "karras" → "Karras".
QString scheduleTitle(const std::string& name);
/// "DDIM", or "DDIM, Karras" where the schedule is not the default one.
QString samplerLine(const protocol::GenerationSettings& settings);
/// "1 picture", "214 pictures".
QString pictures(qsizetype count);
/// "3 selected · 12 of 300 pictures"; empty without pictures.
QString countsLine(int shown, int total, int selected);
/// "12 of 75 tokens", or "83 tokens, 2 chunks" from the second chunk on.
QString tokensLine(int tokens, int chunks, int limit);
/// "1 job", "265 jobs".
QString jobs(qsizetype count);

}  // namespace easel::ui
