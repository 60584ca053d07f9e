// SPDX-License-Identifier: Apache-2.0
// The page comes empty, and a plain form asks for one picture. This fills in what the server has and can, and
// draws without leaving the page.
import {byId, option} from "./dom.js";
import {fillForm, form, formChanged, offerExamples, offerFields, presetsOf, readForm, showProblem, usual}
    from "./form.js";
import {showEarlier, showHistory} from "./gallery.js";
import {follow} from "./jobs.js";
import {call, chosenModel, learn, post, sentence, there} from "./server.js";

const lookAgain = 5000;  // ms

document.documentElement.classList.add("script");

function showServer(isThere = true) {
    const {server} = there;
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
        there.server = await call("v1/server");
        showServer();
    } catch {
        showServer(false);
    }
}

/** What the address asks for. */
function asked() {
    return Object.fromEntries([...new URLSearchParams(location.search)].filter(([, value]) => value));
}

async function generate() {
    showProblem("");
    const request = readForm();
    if (!request.prompt?.trim()) {
        showProblem("Please say what the picture should show.", "prompt");
        return;
    }
    try {
        follow(await post("v1/jobs", request));
    } catch (error) {
        showProblem(sentence(error), error.problem?.field);
    }
}

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
    const other = event.target.dataset.for;
    if (other) {
        byId(other).value = event.target.value;
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
byId("history").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && !isForAnotherTab(event)) {
        event.preventDefault();
        showEarlier(link);
    }
});

async function offerLogout() {
    byId("logout").hidden = !(await call("v1/keys/self")).session;
}

async function start() {
    let jobs;
    try {
        [{jobs}] = await Promise.all([call("v1/jobs?limit=100"), learn()]);
    } catch {
        showServer(false);
        setTimeout(start, lookAgain);
        return;
    }
    offerFields();
    byId("model").replaceChildren(...there.models.map(({id, title}) => option(id, title)));
    byId("sampler").replaceChildren(...there.server.samplers.map(({name, title}) => option(name, title)));
    const query = asked();
    const model = query.model ? there.models.find(({id}) => id === query.model) : there.models[0];
    fillForm({...usual(), ...presetsOf(model), model: model?.id, ...query});
    offerExamples();
    showServer();
    showHistory(jobs);
    jobs.filter((job) => !job.finished_at).reverse().forEach(follow);
    setInterval(refreshServer, lookAgain);
}

start();
offerLogout().catch(() => {});  // without it one is logged in for 30 days
