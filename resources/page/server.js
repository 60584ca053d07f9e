// SPDX-License-Identifier: Apache-2.0
// Talking to the server, and what it has.
import {byId} from "./dom.js";

const mostModels = 1000;

/** As the server tells it; filled by learn(). */
export const there = {server: null, models: [], fields: [], addons: []};

export const chosenModel = () => there.models.find((model) => model.id === byId("model").value);

/** Whether `model` can do it; one that tells nothing of itself can. */
export const can = (model, operation) => !model?.operations.length || model.operations.includes(operation);

export const isXl = (model) => Boolean(model?.family.startsWith("stable-diffusion-xl"));

export async function call(path, options) {
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

export const post = (path, body) =>
    call(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});

/** What went wrong, for a person. */
export const sentence = (error) =>
    error.problem ? error.message : "The server cannot be reached. Check that it is running.";

/** Hands in a picture's file; answers its id and size. */
export function upload(file) {
    const most = there.server?.limits.max_input_bytes ?? Infinity;
    if (file.size > most) {
        const error = new Error(`The file is too large; at most ${Math.floor(most / 1048576)} MiB are taken.`);
        throw Object.assign(error, {problem: {}});
    }
    return call("v1/inputs", {method: "POST", headers: {"Content-Type": "application/octet-stream"}, body: file});
}

export const inputPath = (id) => `v1/inputs/${encodeURIComponent(id)}`;
export const jobPath = (job) => `v1/jobs/${encodeURIComponent(job.id)}`;
export const imagePath = (job, image) => `${jobPath(job)}/images/${image.index}`;

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

export async function learn() {
    const [{fields}, models, {addons}, server] = await Promise.all(
        [call("page-fields.json"), allModels(), call("v1/addons"), call("v1/server")]);
    Object.assign(there, {fields, models, addons, server});
}
