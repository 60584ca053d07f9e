// SPDX-License-Identifier: Apache-2.0
// Buttons for the sizes that a model likes.
import {byId, make} from "./dom.js";
import {chosenModel, there} from "./server.js";

const iconSide = 13;

function icon(across, down) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const [width, height] = [iconSide * across, iconSide * down];
    const set = (element, attributes) =>
        Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    set(svg, {width: 20, height: 20, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "aria-hidden": "true"});
    set(rect, {x: 10 - width / 2, y: 10 - height / 2, width, height, rx: 1.5});
    svg.append(rect);
    return svg;
}

/** `choose` gets the width and height of a button that was pressed. */
export function offerPresets(choose) {
    const model = chosenModel();
    if (!model || !there.server) {
        return;
    }
    const {side_multiple: multiple, min_side: least, max_side: most} = there.server.limits;
    const side = (length) => Math.min(most, Math.max(least, Math.round(length / multiple) * multiple));
    const [long, short] = [Math.sqrt(1.5), Math.sqrt(1 / 1.5)];
    const presets = [["Square", 1, 1], ["Landscape", long, short], ["Portrait", short, long]];
    byId("presets").replaceChildren(...presets.map(([name, across, down]) => {
        const [width, height] = [side(model.width * across), side(model.height * down)];
        const button = make("button", {type: "button", title: `${name}, ${width} × ${height}`}, icon(across, down));
        button.setAttribute("aria-label", button.title);
        button.setAttribute("aria-pressed",
            String(Number(byId("width").value) === width && Number(byId("height").value) === height));
        button.addEventListener("click", () => choose({width, height}));
        return button;
    }));
}
