// SPDX-License-Identifier: Apache-2.0
// The page comes empty, and a plain form asks for one picture. This fills in what the server has and can, and
// draws without leaving the page: progress, cancelling, several jobs waiting, earlier pictures. Limits and
// defaults come from the server.
"use strict";

const byId = (id) => document.getElementById(id);
const form = byId("studio");
const fieldNames = () => [...form.elements].map((element) => element.name).filter(Boolean);
const historyLength = 24;
const mostModels = 1000;

let server = null;
let models = [];
let fields = [];

document.documentElement.classList.add("script");
byId("count").disabled = false;  // a plain form gets one picture as its answer

function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

// --- talking to the server

async function call(path, options) {
    const response = await fetch(path, options);
    if (response.status === 401) {
        location.reload();  // a key is needed meanwhile, or the session has ended: this leads to the login
    }
    const isJson = (response.headers.get("Content-Type") || "").includes("json");
    const body = isJson ? await response.json() : null;
    if (!response.ok) {
        throw Object.assign(new Error(body?.detail || `The server answered ${response.status}.`), {problem: body});
    }
    return body;
}

function showServer(isThere = true) {
    const model = chosenModel();
    byId("server").textContent = !isThere ? "Server unreachable, trying again"
        : !server.ready ? server.status || "Not ready"
        : [model?.title || model?.id, server.device_name || server.device, "ready"].filter(Boolean).join(" · ");
    byId("server").className = isThere && server.ready ? "server ready" : "server waiting";
    byId("warning").hidden = !isThere || !server.device_warning;
    byId("warning").textContent = server?.device_warning ? `Not on the GPU: ${server.device_warning}` : "";
}

async function refreshServer() {
    try {
        server = await call("v1/server");
        showServer();
    } catch {
        showServer(false);
    }
}

// --- the form

const chosenModel = () => models.find((model) => model.id === byId("model").value);

function showProblem(message, field) {
    for (const name of fieldNames()) {
        byId(name).removeAttribute("aria-invalid");
    }
    byId("problem").hidden = !message;
    byId("problem").textContent = message || "";
    const input = field && byId(field);
    if (input && fieldNames().includes(field)) {
        input.closest("details")?.setAttribute("open", "");
        input.setAttribute("aria-invalid", "true");
        input.focus();
    }
}

function readForm() {
    const request = {};
    for (const name of fieldNames()) {
        const value = byId(name).value;
        if (value !== "") {
            request[name] = byId(name).type === "number" ? Number(value) : value;
        }
    }
    return request;
}

const option = (value, title) => make("option", {value, textContent: title || value});

function fillForm(settings) {
    for (const name of fieldNames().filter((each) => settings[each] !== undefined)) {
        const field = byId(name);
        const value = String(settings[name]);
        if (value && field.matches("select") && ![...field.options].some((each) => each.value === value)) {
            field.append(option(value));  // the server says what is wrong with it
        }
        field.value = value;
    }
    if (settings.negative_prompt) {
        byId("negative_prompt").closest("details").open = true;
    }
    formChanged();
}

/** What the model prefers, and nothing of what is the same for all of them. */
function presetsOf(model) {
    const own = fields.map(({name}) => [name, model?.[name]]).filter(([, value]) => typeof value === "number");
    return {...Object.fromEntries(own), sampler: model?.sampler ?? "", schedule: "default"};
}

/** What the address asks for. */
function asked() {
    const query = Object.fromEntries([...new URLSearchParams(location.search)].filter(([, value]) => value));
    return Number(query.seed) < 0 ? {...query, seed: ""} : query;
}

/** A row for a field that this page has no place of its own for, among those of its group. */
function offerField({name, title, help, group, choices, min}) {
    const input = choices
        ? make("select", {id: name, name}, ...choices.map((each) => option(each)))
        : make("input", {id: name, name, type: min === undefined ? "text" : "number"});
    const row = make("div", {className: "row", title: help}, make("label", {htmlFor: name, textContent: title}), input);
    if (group.name === "main") {
        byId("more").append(row);
        return;
    }
    const id = `group_${group.name}`;
    if (!byId(id)) {
        byId("problem").before(make("details", {id, className: "scripted"},
            make("summary", {textContent: group.title})));
    }
    byId(id).append(row);
}

/** Bounds, and rows for what this page has no place of its own for. */
function offerFields() {
    for (const field of fields) {
        if (!byId(field.name) && !Array.isArray(field.default)) {  // lists are no texts
            offerField(field);
        }
        if (field.min !== undefined) {
            Object.assign(byId(field.name), {min: field.min, max: field.max, step: field.whole ? 1 : "any"});
        }
    }
    byId("seed").max = server.limits.max_seed;
    byId("width").step = byId("height").step = server.limits.side_multiple;
    for (const slider of form.querySelectorAll("input[type=range]")) {
        const {min, max} = byId(slider.dataset.for);
        Object.assign(slider, {min, max: Math.min(max, slider.dataset.end)});
    }
}

function offerExamples() {
    byId("examples").replaceChildren(...(chosenModel()?.example_prompts ?? []).slice(0, 3).map((prompt) =>
        make("a", {className: "example", href: `./?prompt=${encodeURIComponent(prompt)}`, textContent: prompt})));
}

const wordsOf = (text) => text.toLowerCase().replaceAll("'", "").match(/[\p{L}\p{N}]+/gu) || [];

const isPlural = (word, known) =>
    [[/s$/, ""], [/es$/, ""], [/ies$/, "y"]].some(([ending, singular]) =>
        ending.test(word) && known.has(word.replace(ending, singular)));

/** A kind word about what a small model has never seen; never a refusal. */
function showHint() {
    const model = chosenModel();
    let unknown = [];
    if (model?.known_names.length) {
        const known = new Set([...model.known_names, ...model.known_words].flatMap(wordsOf));
        unknown = wordsOf(byId("prompt").value).filter((word) => !known.has(word) && !isPlural(word, known));
    }
    byId("hint").textContent = unknown.length ? `This model has not learned: ${unknown.join(", ")}.` : "";
    byId("known").hidden = !model?.known_names.length;
    byId("known_names").textContent = model?.known_names.join(", ") ?? "";
}

function offerSchedules() {
    const select = byId("schedule");
    const sampler = server?.samplers.find((each) => each.name === byId("sampler").value);
    if (!sampler) {
        return;
    }
    const chosen = select.value;
    select.replaceChildren(...sampler.schedules.map((name) => option(name)));
    select.value = sampler.schedules.includes(chosen) ? chosen : sampler.schedules[0];
}

function offerPresets() {
    const model = chosenModel();
    if (!model || !server) {
        return;
    }
    const {side_multiple: multiple, min_side: least, max_side: most} = server.limits;
    const side = (length) => Math.min(most, Math.max(least, Math.round(length / multiple) * multiple));
    const [long, short] = [Math.sqrt(1.5), Math.sqrt(1 / 1.5)];
    const presets = [["Square", 1, 1], ["Landscape", long, short], ["Portrait", short, long]];
    byId("presets").replaceChildren(...presets.map(([name, across, down]) => {
        const [width, height] = [side(model.width * across), side(model.height * down)];
        const button = make("button", {type: "button", title: `${name}, ${width} × ${height}`});
        button.setAttribute("aria-label", button.title);
        button.setAttribute("aria-pressed",
            String(Number(byId("width").value) === width && Number(byId("height").value) === height));
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const [w, h] = [13 * across, 13 * down];
        for (const [key, value] of Object.entries({width: 20, height: 20, fill: "none", stroke: "currentColor",
            "stroke-width": 1.5})) {
            svg.setAttribute(key, value);
        }
        for (const [key, value] of Object.entries({x: 10 - w / 2, y: 10 - h / 2, width: w, height: h, rx: 1.5})) {
            rect.setAttribute(key, value);
        }
        svg.append(rect);
        button.append(svg);
        button.addEventListener("click", () => fillForm({width, height}));
        return button;
    }));
}

function formChanged() {
    for (const slider of form.querySelectorAll("input[type=range]")) {
        slider.value = byId(slider.dataset.for).value;
    }
    byId("random").disabled = byId("seed").value === "";
    const model = chosenModel();
    byId("setup").textContent =
        [model?.title || byId("model").value, byId("sampler").value].filter(Boolean).join(" · ");
    offerSchedules();
    offerPresets();
    showHint();
}

// --- pictures

function settingsLine(job) {
    const s = job.request;
    return `${s.width} × ${s.height} · ${s.steps} steps · guidance ${s.guidance} · seed ${s.seed} · ` +
        `${s.model}, ${s.sampler}`;
}

const jobPath = (job) => `v1/jobs/${encodeURIComponent(job.id)}`;
const imagePath = (job, image) => `${jobPath(job)}/images/${image.index}`;

const picture = (job, image) =>
    make("img", {src: imagePath(job, image), width: image.width, height: image.height, alt: job.request.prompt});

/** A picture much smaller than the screen is shown larger. */
function largePicture(job, image) {
    const element = picture(job, image);
    element.classList.toggle("small", Math.max(image.width, image.height) < 384);
    return element;
}

function showJob(job, images) {
    const actions = make("div", {className: "actions"});
    const use = make("button", {type: "button", textContent: "Use these settings"});
    use.addEventListener("click", () => fillForm(job.request));
    actions.append(use);
    if (images.length === 1) {
        actions.append(make("a", {className: "example", href: imagePath(job, images[0]), textContent: "Download",
            download: `easel-${job.id}-${images[0].index}.png`}));
    }
    byId("figure").replaceChildren(
        make("div", {className: "pictures"}, ...images.map((image) => largePicture(job, image))),
        make("figcaption", {}, make("p", {className: "words", textContent: job.request.prompt}),
            make("p", {className: "settings", textContent: settingsLine(job)}), actions));
    byId("figure").hidden = false;
    byId("empty").hidden = true;
    for (const link of byId("history").querySelectorAll("a")) {
        const isShown = link.dataset.job === job.id &&
            images.some((image) => image.index === Number(link.dataset.image));
        link.setAttribute("aria-current", String(isShown));
    }
}

function addToHistory(job, image) {
    const link = make("a", {href: imagePath(job, image), title: job.request.prompt}, picture(job, image));
    link.dataset.job = job.id;
    link.dataset.image = image.index;
    byId("history").prepend(make("li", {}, link));
}

// --- jobs on their way

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

/** A line for one job, from the queue to its last picture. */
function follow(job) {
    const bar = make("progress", {max: 1, value: 0});
    const state = make("span", {className: "state"});
    const cancel = make("button", {type: "button", textContent: "Cancel"});
    const line = make("li", {className: "job"},
        make("span", {className: "words", textContent: job.request.prompt, title: job.request.prompt}), state,
        cancel, bar);
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
        state.textContent = job.error?.detail || "It failed.";
        bar.remove();
        const close = make("button", {type: "button", textContent: "Dismiss"});
        close.addEventListener("click", () => line.remove());
        cancel.replaceWith(close);
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
                setTimeout(listen, 2000);
            } catch (error) {
                if (error.problem) {
                    line.remove();  // the job was deleted meanwhile
                } else {
                    setTimeout(listen, 2000);
                }
            }
        });
    };
    cancel.addEventListener("click", async () => {
        cancel.disabled = true;
        state.textContent = "Cancelling";
        try {
            await call(`${jobPath(job)}/cancel`, {method: "POST"});
        } catch (error) {
            cancel.disabled = false;
            showProblem(error.message);
        }
    });
    update();
    listen();
}

async function generate() {
    showProblem("");
    const request = readForm();
    if (!request.prompt?.trim()) {
        showProblem("Please say what the picture should show.", "prompt");
        return;
    }
    try {
        const job = await call("v1/jobs", {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(request),
        });
        follow(job);
    } catch (error) {
        showProblem(error.problem ? error.message : "The server cannot be reached. Check that it is running.",
            error.problem?.field);
    }
}

// --- at home

const isForAnotherTab = (event) => event.ctrlKey || event.metaKey || event.shiftKey;

form.noValidate = true;  // the server's own sentences are better
form.addEventListener("submit", (event) => {
    event.preventDefault();
    generate();
});
form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        generate();
    }
});
form.addEventListener("input", (event) => {
    if (event.target.type === "range") {
        byId(event.target.dataset.for).value = event.target.value;
    }
    formChanged();
});
byId("model").addEventListener("change", () => {
    fillForm(presetsOf(chosenModel()));
    offerExamples();
    showServer();
});
byId("random").addEventListener("click", () => fillForm({seed: ""}));
byId("examples").addEventListener("click", (event) => {
    if (event.target.matches("a") && !isForAnotherTab(event)) {
        event.preventDefault();
        fillForm({prompt: event.target.textContent});
        byId("prompt").focus();
    }
});
byId("history").addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link || isForAnotherTab(event)) {
        return;
    }
    event.preventDefault();
    try {
        const job = await call(jobPath({id: link.dataset.job}));
        const index = Number(link.dataset.image);
        // A picture's own seed makes it again alone.
        const image = job.images.find((each) => each.index === index);
        job.request = {...job.request, seed: image.seed, count: 1};
        showJob(job, [image]);
    } catch (error) {
        showProblem(error.problem ? "This picture is no longer kept." : "The server cannot be reached.");
    }
});

function showHistory(jobs) {
    const pictures = jobs.filter((job) => job.finished_at)
        .flatMap((job) => job.images.map((image) => [job, image]).reverse()).slice(0, historyLength);
    pictures.reverse().forEach(([job, image]) => addToHistory(job, image));
    byId("empty").hidden = pictures.length > 0;
}

async function offerLogout() {
    byId("logout").hidden = !(await call("v1/keys/self")).session;
}

/** Page by page, as many as a list to choose from can hold. */
async function allModels() {
    const found = [];
    let page;
    do {
        const after = page ? `?after=${encodeURIComponent(page.next)}` : "";
        page = await call(`v1/models${after}`);
        found.push(...page.models);
    } while (page.next && page.models.length > 0 && found.length < mostModels);
    return found.slice(0, mostModels);
}

async function start() {
    let jobs;
    try {
        [{fields}, models, {jobs}, server] = await Promise.all(
            [call("page-fields.json"), allModels(), call("v1/jobs?limit=100"), call("v1/server")]);
    } catch {
        showServer(false);
        setTimeout(start, 5000);
        return;
    }
    offerFields();
    byId("model").replaceChildren(...models.map(({id, title}) => option(id, title)));
    byId("sampler").replaceChildren(...server.samplers.map(({name, title}) => option(name, title)));
    const query = asked();
    const model = query.model ? models.find(({id}) => id === query.model) : models[0];
    const usual = Object.fromEntries(fields.map((field) => [field.name, field.default]));
    fillForm({...usual, ...presetsOf(model), ...query});
    offerExamples();
    showServer();
    showHistory(jobs);
    jobs.filter((job) => !job.finished_at).reverse().forEach(follow);
    setInterval(refreshServer, 5000);
}

start();
offerLogout().catch(() => {});  // without it one is logged in for 30 days
