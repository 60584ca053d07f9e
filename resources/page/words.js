// SPDX-License-Identifier: Apache-2.0
// A kind word about what a small model has never seen; never a refusal.
import {byId} from "./dom.js";

/** What a prompt says beside its words. */
const signs = /<[^<>]*>|:\s*[\d.]+|\b(BREAK|AND)\b/g;

const wordsOf = (text) => text.toLowerCase().replaceAll("'", "").match(/[\p{L}\p{N}]+/gu) || [];

const isPlural = (word, known) =>
    [[/s$/, ""], [/es$/, ""], [/ies$/, "y"]].some(([ending, singular]) =>
        ending.test(word) && known.has(word.replace(ending, singular)));

export function updateWords(model) {
    let unknown = [];
    if (model?.known_names.length) {
        const known = new Set([...model.known_names, ...model.known_words].flatMap(wordsOf));
        const words = new Set(wordsOf(byId("prompt").value.replace(signs, " ")));
        unknown = [...words].filter((word) => !known.has(word) && !isPlural(word, known));
    }
    byId("hint").textContent = unknown.length ? `This model has not learned: ${unknown.join(", ")}.` : "";
    byId("known").hidden = !model?.known_names.length;
    byId("known_names").textContent = model?.known_names.join(", ") ?? "";
}
