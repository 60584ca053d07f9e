// SPDX-License-Identifier: Apache-2.0

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

export const option = (value, title) => make("option", {value, textContent: title || value});

export function button(title, onClick, properties = {}) {
    const element = make("button", {type: "button", textContent: title, ...properties});
    element.addEventListener("click", onClick);
    return element;
}

/** Tells the form, as typing does, that `element` has another value. */
export const changed = (element) => element.dispatchEvent(new Event("input", {bubbles: true}));
