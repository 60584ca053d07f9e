// SPDX-License-Identifier: Apache-2.0
// Which fields the chosen model reads, with what else is chosen. The others are hidden, and not sent.
import {addonsOf} from "./additions.js";
import {byId, option} from "./dom.js";
import {can, chosenModel, isXl, there} from "./server.js";

const valueOf = (name) => byId(name)?.value ?? "";

const canHurry = (by) => (model) => Boolean(model?.accelerations?.includes(by));
const begins = (model) => ["image_to_image", "inpaint", "edit"].some((each) => can(model, each));
const edits = (model) => Boolean(model?.operations.includes("edit"));
const hasStart = (model) => begins(model) && valueOf("init_image") !== "";
const mayFill = (model) => hasStart(model) && can(model, "inpaint");
const isFilled = (model) => mayFill(model) && valueOf("mask") !== "";
const isTwice = (model) => !edits(model) && Number(valueOf("hires_scale")) > 1;
const refinersOf = (model) => isXl(model)
    ? there.models.filter(({id, operations}) => id !== model.id && operations.includes("refine")) : [];
const hasRefiner = (model) => refinersOf(model).length > 0 && valueOf("refiner") !== "";
const isRefined = (model) => hasRefiner(model) || Boolean(model?.family.endsWith("-refiner"));

/** What there is to choose from, where that is no matter of the field alone. */
export const choicesOf = {
    vae: (model) => addonsOf("vae", model).map(({name, title}) => option(name, title)),
    refiner: (model) => refinersOf(model).map(({id, title}) => option(id, title)),
};

/** When the chosen model reads a field; it always reads the others. */
const isRead = {
    eta: () => there.server.samplers.some(({name, takes_eta: takes}) => takes && name === valueOf("sampler")),
    guidance_rescale: (model) => !edits(model),
    vae: (model) => addonsOf("vae", model).length > 0,
    init_image: begins,
    strength: (model) => hasStart(model) && !edits(model),
    resize: hasStart,
    image_guidance: (model) => hasStart(model) && edits(model),
    mask: mayFill,
    mask_blur: (model) => isFilled(model) || isExtended(model),
    masked_content: (model) => isFilled(model) || isExtended(model),
    inpaint_area: isFilled,
    inpaint_padding: (model) => isFilled(model) && valueOf("inpaint_area") === "masked",
    hires_scale: (model) => !edits(model),
    hires_steps: isTwice,
    hires_strength: isTwice,
    hires_upscaler: isTwice,
    guidance_from: canHurry("guidance_interval"),
    guidance_to: canHurry("guidance_interval"),
    deepcache_interval: canHurry("deepcache"),
    token_merging: canHurry("token_merging"),
    decoder: canHurry("tiny_decoder"),
    preview_every: () => there.server.previews === true,
    variation_seed: () => Number(valueOf("variation_strength")) > 0,
    refiner: (model) => refinersOf(model).length > 0,
    refiner_start: hasRefiner,
    aesthetic_score: isRefined,
    negative_aesthetic_score: isRefined,
};
/** The same of whole groups. */
const isGroupRead = {extend: mayFill, sizes: isXl};

const isExtended = (model) => mayFill(model) &&
    there.fields.some(({name, group}) => group.name === "extend" && Number(valueOf(name)) > 0);

export function showWhatIsRead(form) {
    const model = chosenModel();
    for (const {name, group} of there.fields) {
        const input = form.elements.namedItem(name);
        if (input) {
            input.disabled = !((isRead[name]?.(model) ?? true) && (isGroupRead[group.name]?.(model) ?? true));
            const row = input.closest(".row, .part");
            if (row && group.name !== "main") {
                row.hidden = input.disabled;
            }
        }
    }
    // Those within others come after them.
    for (const group of [...form.querySelectorAll("[id^=group_]")].reverse()) {
        group.hidden = [...group.children].every((each) => each.hidden || each.matches("summary"));
    }
}
