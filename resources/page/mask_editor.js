// SPDX-License-Identifier: Apache-2.0
// Paints a mask over a picture. What was done is kept as a list of strokes, so undoing is drawing all of them but
// the last again.
import {byId} from "./dom.js";

const mostPixels = 2048;  // of the longer side; the server enlarges the mask to its picture
const paint = [13, 148, 136];  // seen on white as on black
const keySteps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

const canvas = byId("mask_canvas");
const pen = canvas.getContext("2d");
const dialog = byId("mask_editor");

let base = null;     // a mask that was there before, in paint
let strokes = [];
let stroke = null;   // that is being drawn
let cursor = null;   // of the keyboard
let isErasing = false;
let finish = () => {};

function draw({kind, size, points}) {
    pen.globalCompositeOperation = {brush: "source-over", eraser: "destination-out", invert: "xor"}[kind] ?? "copy";
    pen.fillStyle = pen.strokeStyle = kind === "clear" ? "transparent" : `rgb(${paint})`;
    if (!points) {
        pen.fillRect(0, 0, canvas.width, canvas.height);
        return;
    }
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = size;
    pen.beginPath();
    pen.moveTo(points[0][0] + 0.01, points[0][1]);  // a line without length would not be seen
    points.forEach((point) => pen.lineTo(...point));
    pen.stroke();
}

function redraw() {
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (base) {
        pen.drawImage(base, 0, 0, canvas.width, canvas.height);
    }
    strokes.forEach(draw);
    byId("mask_undo").disabled = strokes.length === 0;
}

function add(one) {
    strokes.push(one);
    redraw();
}

const sizeOfBrush = () => Number(byId("mask_size").value) / 100 * Math.max(canvas.width, canvas.height);

function begin(point) {
    stroke = {kind: isErasing ? "eraser" : "brush", size: sizeOfBrush(), points: [point]};
    strokes.push(stroke);
    redraw();
}

function goOn(point) {
    stroke.points.push(point);
    draw({...stroke, points: stroke.points.slice(-2)});
}

function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width,
        (event.clientY - box.top) * canvas.height / box.height];
}

function choose(erasing) {
    isErasing = erasing;
    byId("mask_brush").setAttribute("aria-pressed", String(!erasing));
    byId("mask_eraser").setAttribute("aria-pressed", String(erasing));
}

function showCursor() {
    const mark = byId("mask_cursor");
    mark.hidden = !cursor;
    if (cursor) {
        const diameter = sizeOfBrush() / canvas.width * canvas.clientWidth;
        Object.assign(mark.style, {width: `${diameter}px`, height: `${diameter}px`,
            left: `${cursor[0] / canvas.width * 100}%`, top: `${cursor[1] / canvas.height * 100}%`});
    }
}

/** Arrows move the brush; held down, Space paints under it. */
function onKey(event) {
    const isPaint = event.key === " ";
    if (!isPaint && !keySteps[event.key]) {
        return;
    }
    event.preventDefault();
    cursor ??= [canvas.width / 2, canvas.height / 2];
    if (isPaint) {
        if (!event.repeat && !stroke) {
            begin(cursor);
        }
    } else {
        const [x, y] = keySteps[event.key].map((step) => step * sizeOfBrush() / 4);
        cursor = [Math.min(canvas.width, Math.max(0, cursor[0] + x)),
            Math.min(canvas.height, Math.max(0, cursor[1] + y))];
        if (stroke) {
            goOn(cursor);
        }
    }
    showCursor();
}

/** White on black, as the server reads it. */
function picture() {
    const whole = new OffscreenCanvas(canvas.width, canvas.height);
    const brush = whole.getContext("2d");
    const fill = (operation, colour) => {
        Object.assign(brush, {globalCompositeOperation: operation, fillStyle: colour});
        brush.fillRect(0, 0, whole.width, whole.height);
    };
    brush.drawImage(canvas, 0, 0);
    fill("source-in", "white");
    fill("destination-over", "black");
    return whole.convertToBlob({type: "image/png"});
}

/** What is white in `image`, in paint, and nothing else. */
function paintOf(image, width, height) {
    const whole = new OffscreenCanvas(width, height);
    const brush = whole.getContext("2d");
    brush.drawImage(image, 0, 0, width, height);
    const pixels = brush.getImageData(0, 0, width, height);
    for (let at = 0; at < pixels.data.length; at += 4) {
        pixels.data[at + 3] = pixels.data[at] * pixels.data[at + 3] / 255;
        pixels.data.set(paint, at);
    }
    brush.putImageData(pixels, 0, 0);
    return whole;
}

/**
 * Lets a person paint over `image`, going on with `mask` where there is one; both are loaded. Answers the mask's
 * file, or nothing when it was left.
 */
export function paintMask(image, mask) {
    const {naturalWidth: width, naturalHeight: height} = image;
    const scale = Math.min(1, mostPixels / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    byId("mask_picture").src = image.src;
    base = mask ? paintOf(mask, canvas.width, canvas.height) : null;
    [strokes, stroke, cursor] = [[], null, null];
    choose(false);
    redraw();
    showCursor();
    dialog.showModal();
    canvas.focus();
    return new Promise((resolve) => {
        finish = resolve;
    });
}

canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    showCursor();
    begin(pointOf(event));
});
canvas.addEventListener("pointermove", (event) => {
    if (stroke && canvas.hasPointerCapture(event.pointerId)) {
        goOn(pointOf(event));
    }
});
for (const type of ["pointerup", "pointercancel", "blur"]) {
    canvas.addEventListener(type, () => {
        stroke = null;
    });
}
canvas.addEventListener("keydown", onKey);
canvas.addEventListener("keyup", (event) => {
    stroke = event.key === " " ? null : stroke;
});
byId("mask_brush").addEventListener("click", () => choose(false));
byId("mask_eraser").addEventListener("click", () => choose(true));
byId("mask_size").addEventListener("input", showCursor);
byId("mask_invert").addEventListener("click", () => add({kind: "invert"}));
byId("mask_clear").addEventListener("click", () => add({kind: "clear"}));
byId("mask_undo").addEventListener("click", () => {
    strokes.pop();
    redraw();
});
byId("mask_done").addEventListener("click", async () => {
    finish(await picture());
    dialog.close();
});
byId("mask_leave").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => finish(null));
dialog.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && strokes.length > 0) {
        event.preventDefault();
        byId("mask_undo").click();
    }
});
