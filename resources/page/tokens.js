// SPDX-License-Identifier: Apache-2.0
// How many tokens the prompt takes, and where it is cut.
import {byId} from "./dom.js";
import {post} from "./server.js";

const delay = 400;  // ms without a key
const mostCuts = 3;
const wordsAfterCut = 4;

let timer;
let asked = "";

/** The words after each cut, which are told in bytes. */
function beginnings(prompt, cuts) {
    const bytes = new TextEncoder().encode(prompt);
    return cuts.slice(0, mostCuts).map((cut) => {
        const rest = new TextDecoder().decode(bytes.slice(cut)).replace(/^\S*\s*BREAK\s+/, "");
        const words = rest.trim().split(/\s+/).slice(0, wordsAfterCut);
        return `“${words.join(" ")} …”`;
    });
}

function inWords(prompt, {tokens, chunks, limit, cuts, warnings}) {
    const parts = [`${tokens} of ${limit} tokens`];
    if (chunks > 1) {
        const where = beginnings(prompt, cuts).join(", ");
        parts.push(`read in ${chunks} parts${where && `, cut before ${where}`}`);
    }
    return [`${parts.join(", ")}.`, ...warnings].join(" ");
}

/** `request` is what the form asks for. */
export function updateTokens({prompt = "", model, prompt_syntax}) {
    const question = JSON.stringify({prompt, model, prompt_syntax});
    if (question === asked) {
        return;
    }
    asked = question;
    clearTimeout(timer);
    const show = (text) => {
        byId("tokens").textContent = question === asked ? text : byId("tokens").textContent;
    };
    if (prompt.trim() === "") {
        show("");
        return;
    }
    timer = setTimeout(async () => {
        try {
            show(inWords(prompt, await post("v1/tokens", JSON.parse(question))));
        } catch {
            show("");  // no picture depends on it
        }
    }, delay);
}
