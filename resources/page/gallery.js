// SPDX-License-Identifier: Apache-2.0
// The pictures that were drawn: one job's large, and earlier ones small.
import {button, byId, make} from "./dom.js";
import {fillForm, showProblem} from "./form.js";
import {can, call, chosenModel, imagePath, jobPath, sentence} from "./server.js";
import {startFrom} from "./start_picture.js";

const historyLength = 24;
const smallSide = 384;  // pixels; a picture much smaller than the screen is shown larger

function settingsLine(job, {width, height}) {
    const s = job.request;
    const more = [s.init_image && "from a picture", s.mask && "masked", s.hires_scale > 1 && "drawn twice",
        ...s.loras.map(({name, weight}) => `${name} ${weight}`), ...s.controls.map(({model}) => model)];
    return [`${width} × ${height}`, `${s.steps} steps`, `guidance ${s.guidance}`, `seed ${s.seed}`,
        `${s.model}, ${s.sampler}`, ...more.filter(Boolean)].join(" · ");
}

const picture = (job, image) =>
    make("img", {src: imagePath(job, image), width: image.width, height: image.height, alt: job.request.prompt});

function largePicture(job, image) {
    const element = picture(job, image);
    element.classList.toggle("small", Math.max(image.width, image.height) < smallSide);
    return element;
}

async function startFromDrawn(job, image) {
    try {
        const response = await fetch(imagePath(job, image));
        if (!response.ok) {
            throw Object.assign(new Error("This picture is no longer kept."), {problem: {}});
        }
        await startFrom(await response.blob());
    } catch (error) {
        showProblem(sentence(error));
    }
}

export function showJob(job, images) {
    const actions = make("div", {className: "actions"},
        button("Use these settings", () => fillForm(job.request)));
    if (images.length === 1) {
        if (can(chosenModel(), "image_to_image") || can(chosenModel(), "inpaint")) {
            actions.append(button("Start from it", () => startFromDrawn(job, images[0])));
        }
        actions.append(make("a", {className: "example", href: imagePath(job, images[0]), textContent: "Download",
            download: `easel-${job.id}-${images[0].index}.png`}));
    }
    const notes = [...new Set(images.map(({note}) => note).filter(Boolean))];
    byId("figure").replaceChildren(
        make("div", {className: "pictures"}, ...images.map((image) => largePicture(job, image))),
        make("figcaption", {}, make("p", {className: "words", textContent: job.request.prompt}),
            make("p", {className: "settings", textContent: [settingsLine(job, images[0]), ...notes].join(" · ")}), actions));
    byId("figure").hidden = false;
    byId("empty").hidden = true;
    for (const link of byId("history").querySelectorAll("a")) {
        const isShown = link.dataset.job === job.id &&
            images.some((image) => image.index === Number(link.dataset.image));
        link.setAttribute("aria-current", String(isShown));
    }
}

export function addToHistory(job, image) {
    const link = make("a", {href: imagePath(job, image), title: job.request.prompt}, picture(job, image));
    link.dataset.job = job.id;
    link.dataset.image = image.index;
    byId("history").prepend(make("li", {}, link));
}

export function showHistory(jobs) {
    const pictures = jobs.filter((job) => job.finished_at)
        .flatMap((job) => job.images.map((image) => [job, image]).reverse()).slice(0, historyLength);
    pictures.reverse().forEach(([job, image]) => addToHistory(job, image));
    byId("empty").hidden = pictures.length > 0;
}

/** What draws image `index` alone: variations share the seed, and count up what they vary towards. */
function alone(request, {index, seed}) {
    const towards = request.variation_strength > 0 ? index : 0;
    return {...request, seed, count: 1, variation_seed: request.variation_seed + towards};
}

/** One of the earlier ones, as if it had been drawn alone. */
export async function showEarlier(link) {
    try {
        const job = await call(jobPath({id: link.dataset.job}));
        const index = Number(link.dataset.image);
        const image = job.images.find((each) => each.index === index);
        job.request = alone(job.request, image);
        showJob(job, [image]);
    } catch (error) {
        showProblem(error.problem ? "This picture is no longer kept." : "The server cannot be reached.");
    }
}
