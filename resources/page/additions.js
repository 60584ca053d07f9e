// SPDX-License-Identifier: Apache-2.0
// The LoRAs and ControlNets of a request: a list of each, with what there is to be added.
import {button, byId, changed, make, option} from "./dom.js";
import {pictureSlot} from "./picture_slot.js";
import {isXl, there} from "./server.js";

const mostWeight = 10;

/** Whether `addon` is made for such a model, as far as either tells. */
const fits = (addon, model) =>
    !addon.why && (!addon.family || !model?.family || addon.family.includes("XL") === isXl(model));

export const addonsOf = (kind, model) => there.addons.filter((each) => each.kind === kind && fits(each, model));

function number(title, value, bounds, properties = {}) {
    const input = make("input", {type: "number", step: "any", value, ...bounds, ...properties});
    return {input, label: make("label", {}, make("span", {textContent: title}), input)};
}

/** A weight, on a slider and as a number. */
function weight(title, value) {
    const slider = make("input", {type: "range", min: -1, max: 2, step: 0.05, value});
    const {input} = number(title, value, {min: -mostWeight, max: mostWeight});
    for (const element of [slider, input]) {
        element.setAttribute("aria-label", title);
    }
    slider.addEventListener("input", () => {
        input.value = slider.value;
    });
    input.addEventListener("input", () => {
        slider.value = input.value;
    });
    return {input, row: make("div", {className: "row"}, slider, input)};
}

const numberIn = (input) => input.value === "" ? undefined : Number(input.value);

function loraRow({name, weight: value = 1, text_weight: textValue, blocks = []}) {
    const main = weight(`Weight of ${name}`, value);
    const text = number("For the text", textValue ?? "", {min: -mostWeight, max: mostWeight},
        {placeholder: "same"});
    const byBlock = make("input", {type: "text", value: blocks.join(" "), placeholder: "1 1 1",
        title: "Down, middle, up; or a number for each block"});
    const addon = there.addons.find((each) => each.kind === "lora" && each.name === name);
    const words = addon?.triggers.slice(0, 8).join(", ");
    const body = [main.row, make("details", {}, make("summary", {textContent: "Parts"}),
        make("div", {className: "row"}, text.label),
        make("div", {className: "row"}, make("label", {}, make("span", {textContent: "By block"}), byBlock)))];
    if (words) {
        body.unshift(make("p", {className: "note", textContent: `Trained with: ${words}`}));
    }
    const read = () => {
        const factors = byBlock.value.split(/[\s,/]+/).filter(Boolean).map(Number);
        return {name, weight: numberIn(main.input) ?? 1, text_weight: numberIn(text.input),
            ...factors.length ? {blocks: factors} : {}};
    };
    return {body, read};
}

function controlRow({model: name, image = "", scale = 1, start = 0, end = 1}) {
    const picture = make("input", {type: "hidden", value: image});
    const holder = make("div", {}, picture);
    const slot = pictureSlot(picture, `Picture for ${name}`, {});
    const main = weight(`Scale of ${name}`, scale);
    const from = number("From", start, {min: 0, max: 1});
    const to = number("to", end, {min: 0, max: 1});
    const read = () => ({model: name, image: picture.value, scale: numberIn(main.input) ?? 1,
        start: numberIn(from.input) ?? 0, end: numberIn(to.input) ?? 1});
    picture.addEventListener("input", slot.update);
    return {body: [holder, main.row, make("div", {className: "row pair"}, from.label, to.label)], read};
}

/** A list with the rows that `rowOf` makes, and a box to choose more from. */
function list(kind, field, title, rowOf, use) {
    const items = new Map();  // rows by their elements
    const rows = make("ul", {className: "additions"});
    const picker = make("select");
    picker.setAttribute("aria-label", `Add a ${title}`);
    const element = make("div", {className: "list"}, rows, picker);

    function add(what) {
        const name = what.name ?? what.model;
        const row = rowOf(what);
        const remove = button("Remove", () => {
            items.delete(item);
            item.remove();
            picker.focus();
            changed(picker);
        });
        remove.setAttribute("aria-label", `Remove ${name}`);
        const item = make("li", {}, make("div", {className: "row"}, make("b", {textContent: name}), remove),
            ...row.body);
        items.set(item, row);
        rows.append(item);
    }
    picker.addEventListener("change", () => {
        add(use(picker.value));
        picker.value = "";
        changed(picker);
    });
    return {
        element,
        read: () => items.size ? {[field]: [...items.values()].map((row) => row.read())} : {},
        fill(settings) {
            if (Array.isArray(settings[field])) {
                items.clear();
                rows.replaceChildren();
                settings[field].forEach(add);
            }
        },
        update(model) {
            const names = addonsOf(kind, model).map(({name, title: own}) => [name, own ? `${name} (${own})` : name]);
            picker.replaceChildren(option("", `Add a ${title}`), ...names.map(([name, own]) => option(name, own)));
            picker.hidden = names.length === 0;
            element.hidden = names.length === 0 && items.size === 0;
        },
    };
}

const lists = [
    list("lora", "loras", "LoRA", loraRow, (name) => ({name})),
    list("controlnet", "controls", "ControlNet", controlRow, (model) => ({model})),
];
byId("group_additions").append(...lists.map(({element}) => element));

export const readAdditions = () => Object.assign({}, ...lists.map((each) => each.read()));
export const fillAdditions = (settings) => lists.forEach((each) => each.fill(settings));
export const updateAdditions = (model) => lists.forEach((each) => each.update(model));
