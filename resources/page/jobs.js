// SPDX-License-Identifier: Apache-2.0
// Jobs on their way, each followed from the queue to its last picture.
import {button, byId, make} from "./dom.js";
import {showProblem} from "./form.js";
import {addToHistory, showJob} from "./gallery.js";
import {call, jobPath} from "./server.js";

const again = 2000;  // ms until a stream that was lost is tried again

function timeLeft(seconds) {
    return seconds == null ? "" : seconds < 90 ? `, ${Math.ceil(seconds)} s left`
        : `, ${Math.ceil(seconds / 60)} min left`;
}

function describe(job) {
    const {stage, step, steps, eta_seconds: eta} = job.progress;
    if (job.state === "queued") {
        return job.ahead > 0 ? `Waiting, ${job.ahead} before it` : "Waiting";
    }
    if (job.state === "held") {
        return [job.hold?.detail, job.hold?.cure].filter(Boolean).join(" ") || "On hold";
    }
    if (stage === "encoding") {
        return "Reading the prompt";
    }
    return steps > 0 ? `Step ${step} of ${steps}${timeLeft(eta)}` : "Starting";
}

/** Onto a canvas, for no address of the page's may hold a picture's bytes. */
async function showPreview(canvas, {content_type: type, data}) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], {type}));
    Object.assign(canvas, {width: picture.width, height: picture.height, hidden: false});
    canvas.getContext("2d").drawImage(picture, 0, 0);
    byId("empty").hidden = true;
}

/** A line for one job. */
export function follow(job) {
    const bar = make("progress", {max: 1, value: 0});
    const state = make("span", {className: "state"});
    const cancel = button("Cancel", async () => {
        cancel.disabled = true;
        state.textContent = "Cancelling";
        try {
            await call(`${jobPath(job)}/cancel`, {method: "POST"});
        } catch (error) {
            cancel.disabled = false;
            showProblem(error.message);
        }
    });
    const preview = make("canvas", {className: "preview", hidden: true, role: "img"});
    preview.setAttribute("aria-label", "The picture so far");
    const line = make("li", {className: "job"},
        make("span", {className: "words", textContent: job.request.prompt, title: job.request.prompt}), state,
        cancel, bar, preview);
    byId("jobs").append(line);
    const shown = new Set();

    const update = () => {
        state.textContent = describe(job);
        const {step, steps} = job.progress;
        bar.value = steps > 0 ? step / steps : 0;
    };
    const takeImages = () => {
        for (const image of job.images.filter((each) => !shown.has(each.index))) {
            shown.add(image.index);
            addToHistory(job, image);
        }
        if (job.images.length) {
            showJob(job, job.images);
        }
    };
    const finish = () => {
        takeImages();
        if (job.state !== "failed") {
            line.remove();
            return;
        }
        line.classList.add("failed");
        preview.remove();
        state.textContent = job.error?.detail || "It failed.";
        bar.remove();
        cancel.replaceWith(button("Dismiss", () => line.remove()));
    };
    const listen = () => {
        const events = new EventSource(`${jobPath(job)}/events`);
        const on = (type, take) => events.addEventListener(type, (event) => take(JSON.parse(event.data)));
        on("state", (data) => {
            job = data;
            takeImages();
            update();
        });
        on("progress", (data) => {
            job.state = "running";
            job.progress = data;
            update();
        });
        on("preview", (data) => showPreview(preview, data).catch(() => {}));  // the next one may do
        on("image", (data) => {
            job.images = [...job.images.filter((each) => each.index !== data.index), data];
            takeImages();
        });
        on("done", (data) => {
            events.close();
            job = data;
            finish();
        });
        events.addEventListener("error", async () => {
            state.textContent = "Server unreachable, trying again";
            if (events.readyState !== EventSource.CLOSED) {
                return;  // it connects again by itself
            }
            try {
                await call(jobPath(job));
                setTimeout(listen, again);
            } catch (error) {
                if (error.problem) {
                    line.remove();  // the job was deleted meanwhile
                } else {
                    setTimeout(listen, again);
                }
            }
        });
    };
    update();
    listen();
}
