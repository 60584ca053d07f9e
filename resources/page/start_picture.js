// SPDX-License-Identifier: Apache-2.0
// The picture that a request begins with, and the mask over it.
import {button, byId, changed} from "./dom.js";
import {paintMask} from "./mask_editor.js";
import {pictureSlot, takePictures} from "./picture_slot.js";
import {can, chosenModel, inputPath, there} from "./server.js";

const start = byId("init_image");
const mask = byId("mask");

const isOffered = () => can(chosenModel(), "image_to_image") || can(chosenModel(), "inpaint") ||
    can(chosenModel(), "edit");

/** A picture that is loaded; nothing where it is not there. */
async function loaded(id) {
    const image = new Image();
    image.src = inputPath(id);
    try {
        await image.decode();
        return image;
    } catch {
        return null;
    }
}

/** The size that a picture of its shape and the form's area has. */
function takeItsSize() {
    const {side_multiple: multiple, min_side: least, max_side: most} = there.server.limits;
    const {naturalWidth: width, naturalHeight: height} = startSlot.image;
    const area = chosenModel().width * chosenModel().height;
    const scale = Math.min(1, Math.sqrt(area / (width * height)));
    const side = (length) => Math.min(most, Math.max(least, Math.round(length * scale / multiple) * multiple));
    byId("width").value = side(width);
    byId("height").value = side(height);
    changed(byId("width"));
}

async function paint() {
    const picture = await loaded(start.value);
    const file = picture && await paintMask(picture, mask.value ? await loaded(mask.value) : null);
    if (file) {
        await maskSlot.take(file);
    }
}

const startSlot = pictureSlot(start, "Start picture", {users: [button("Take its size", takeItsSize)]});
const maskSlot = pictureSlot(mask, "Mask", {makers: [button("Paint", paint)]});

takePictures((picture) => {
    if (isOffered()) {
        startFrom(picture);
    }
});

/** Takes a file, a picture that was drawn among them, to begin with. */
export async function startFrom(picture) {
    byId("group_start").open = true;
    byId("group_start").scrollIntoView({block: "nearest"});
    mask.value = "";  // it was another picture's
    await startSlot.take(picture);
}

export function updateStart() {
    startSlot.update();
    maskSlot.update();
}
