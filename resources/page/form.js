// SPDX-License-Identifier: Apache-2.0
// The form. It comes empty; fields, limits and defaults come from the server.
import {fillAdditions, readAdditions, updateAdditions} from "./additions.js";
import {byId, make, option} from "./dom.js";
import {offerPresets} from "./presets.js";
import {choicesOf, showWhatIsRead} from "./relevance.js";
import {chosenModel, there} from "./server.js";
import {updateStart} from "./start_picture.js";
import {updateTokens} from "./tokens.js";
import {updateWords} from "./words.js";

export const form = byId("studio");
const mostOnASlider = 10;
const previewEvery = 2;  // steps; where the server sends any, a person at the page wants to look

const fieldNames = () => [...form.elements].map((element) => element.name).filter(Boolean);

// --- reading and filling

export function showProblem(message, field) {
    for (const name of fieldNames()) {
        byId(name).removeAttribute("aria-invalid");
    }
    byId("problem").hidden = !message;
    byId("problem").textContent = message || "";
    const group = ["loras", "controls"].includes(field) ? "group_additions" : field;
    const place = group && byId(group);
    for (let around = place; around && around !== form; around = around.parentElement) {
        if (around.matches("details")) {
            around.open = true;
        }
    }
    if (fieldNames().includes(field)) {
        place.setAttribute("aria-invalid", "true");
        place.focus();
    }
}

export function readForm() {
    const request = readAdditions();
    for (const input of form.elements) {
        if (input.name && !input.disabled && input.value !== "") {
            request[input.name] = input.type === "number" ? Number(input.value) : input.value;
        }
    }
    return request;
}

/** A seed that the server is to draw is an empty field. */
const written = (name, value) => name.endsWith("seed") && Number(value) < 0 ? "" : String(value);

export function fillForm(settings) {
    for (const name of fieldNames().filter((each) => settings[each] !== undefined)) {
        const field = byId(name);
        const value = written(name, settings[name]);
        if (value && field.matches("select") && ![...field.options].some((each) => each.value === value)) {
            field.append(option(value));  // the server says what is wrong with it
        }
        field.value = value;
    }
    if (settings.negative_prompt) {
        byId("negative_prompt").closest("details").open = true;
    }
    fillAdditions(settings);
    formChanged();
}

/** What the model prefers, and nothing of what is the same for all of them. */
export function presetsOf(model) {
    const own = there.fields.map(({name}) => [name, model?.[name]]).filter(([, value]) => typeof value === "number");
    return {...Object.fromEntries(own), sampler: model?.sampler ?? "", schedule: "default"};
}

/** What goes without saying. */
export const usual = () =>
    ({...Object.fromEntries(there.fields.map((field) => [field.name, field.default])), preview_every: previewEvery});

// --- what is offered

function sliderFor(name, max) {
    const slider = make("input", {type: "range", step: max > 1 ? 0.1 : 0.05});
    slider.dataset.for = name;
    slider.setAttribute("aria-hidden", "true");  // the number beside it says the same
    slider.tabIndex = -1;
    return slider;
}

/** A row for a field that this page has no place of its own for, among those of its group. */
function offerField({name, title, help, group, choices, max, whole, default: usually}) {
    const isChoice = choices || choicesOf[name];
    const input = isChoice
        ? make("select", {id: name, name}, ...(choices ?? []).map((each) => option(each)))
        : make("input", {id: name, name, type: typeof usually === "number" ? "number" : "text"});
    if (name.endsWith("seed")) {
        input.placeholder = "random";
    }
    const slider = max <= mostOnASlider && !whole ? [sliderFor(name, max)] : [];
    const row = make("div", {className: "row", title: help}, make("label", {htmlFor: name, textContent: title}),
        ...slider, input);
    if (group.name === "main") {
        byId("more").append(row);
        return;
    }
    const id = `group_${group.name}`;
    if (!byId(id)) {
        byId("problem").before(make("details", {id, className: "scripted"},
            make("summary", {textContent: group.title})));
    }
    const within = byId(id).querySelector(":scope > [id^=group_]");
    byId(id).insertBefore(row, within);
}

/** Bounds, and rows for what this page has no place of its own for. */
export function offerFields() {
    for (const field of there.fields) {
        if (!byId(field.name) && !Array.isArray(field.default)) {  // lists have places of their own
            offerField(field);
        }
        if (field.min !== undefined) {
            Object.assign(byId(field.name), {min: field.min, max: field.max, step: field.whole ? 1 : "any"});
        }
    }
    byId("seed").max = there.server.limits.max_seed;
    byId("width").step = byId("height").step = there.server.limits.side_multiple;
    for (const slider of form.querySelectorAll("input[data-for]")) {
        const {min, max} = byId(slider.dataset.for);
        Object.assign(slider, {min, max: Math.min(max, slider.dataset.end ?? max)});
    }
}

export function offerExamples() {
    byId("examples").replaceChildren(...(chosenModel()?.example_prompts ?? []).slice(0, 3).map((prompt) =>
        make("a", {className: "example", href: `./?prompt=${encodeURIComponent(prompt)}`, textContent: prompt})));
}

function offerChoices() {
    const model = chosenModel();
    for (const [name, choices] of Object.entries(choicesOf)) {
        const select = byId(name);
        const chosen = select?.value ?? "";
        select?.replaceChildren(option("", "None"), ...choices(model));
        if (chosen && [...select.options].every(({value}) => value !== chosen)) {
            select.append(option(chosen));
        }
        if (select) {
            select.value = chosen;
        }
    }
}

function offerSchedules() {
    const select = byId("schedule");
    const sampler = there.server?.samplers.find((each) => each.name === byId("sampler").value);
    if (!sampler) {
        return;
    }
    const chosen = select.value;
    select.replaceChildren(...sampler.schedules.map((name) => option(name)));
    select.value = sampler.schedules.includes(chosen) ? chosen : sampler.schedules[0];
}

export function formChanged() {
    const model = chosenModel();
    for (const slider of form.querySelectorAll("input[data-for]")) {
        slider.value = byId(slider.dataset.for).value;
    }
    byId("random").disabled = byId("seed").value === "";
    byId("setup").textContent =
        [model?.title || byId("model").value, byId("sampler").value].filter(Boolean).join(" · ");
    offerSchedules();
    offerPresets((size) => fillForm(size));
    offerChoices();
    updateStart();
    updateAdditions(model);
    if (there.server) {
        showWhatIsRead(form);
        updateTokens(readForm());
    }
    updateWords(model);
}
