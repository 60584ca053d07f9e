// SPDX-License-Identifier: Apache-2.0
// A place for a picture: chosen, dropped or pasted, it is handed in, and its id becomes the value of an input.
import {button, changed, make} from "./dom.js";
import {inputPath, sentence, upload} from "./server.js";

const slots = new Map();  // by their elements

const pictureIn = (transfer) => [...transfer?.files ?? []].find((file) => file.type.startsWith("image/"));

/**
 * Puts the slot after `input`, which holds the id. `title` is what the picture is for; `makers` are buttons that
 * make one, `users` are there once it is. The answer shows whatever `input` holds when update() is called.
 */
export function pictureSlot(input, title, {makers = [], users = []}) {
    const file = make("input", {type: "file", accept: "image/png,image/jpeg,image/webp"});
    const prompt = make("span");
    const chooser = make("label", {className: "chooser"}, file, prompt);
    const image = make("img", {alt: title});
    const note = make("p", {className: "note"});
    note.setAttribute("role", "status");
    const remove = button("Remove", () => {
        set("");
        file.focus();
    });
    const element = make("div", {className: "slot scripted"}, image, note,
        make("div", {className: "actions"}, chooser, ...makers, ...users, remove));
    let shown = null;

    function set(id) {
        input.value = id;
        note.textContent = "";
        changed(input);
    }
    async function take(picture) {
        note.textContent = "Sending it";
        element.setAttribute("aria-busy", "true");
        try {
            set((await upload(picture)).id);
        } catch (error) {
            note.textContent = sentence(error);
        }
        element.removeAttribute("aria-busy");
    }
    function update() {
        if (shown === input.value) {
            return;
        }
        shown = input.value;
        [image, remove, ...users].forEach((each) => {
            each.hidden = !shown;
        });
        image.removeAttribute("src");
        if (shown) {
            image.src = inputPath(shown);
        }
        element.classList.toggle("filled", Boolean(shown));
        prompt.textContent = shown ? "Another" : `${title}: choose, drop or paste`;
    }

    image.addEventListener("load", () => {
        note.textContent = `${image.naturalWidth} × ${image.naturalHeight}`;
    });
    image.addEventListener("error", () => {
        image.hidden = true;
        note.textContent = "This picture is no longer kept; choose it again.";
    });
    file.addEventListener("change", () => {
        if (file.files[0]) {
            take(file.files[0]);
        }
        file.value = "";
    });
    input.after(element);
    slots.set(element, take);
    update();
    return {element, image, set, take, update};
}

/** Pictures that are dropped or pasted outside of all slots go to `main`, where that is offered. */
export function takePictures(main) {
    const at = (target) => {
        const element = target instanceof Element ? target.closest(".slot") : null;
        return slots.get(element) ?? main;
    };
    document.addEventListener("dragover", (event) => {
        if ([...event.dataTransfer?.items ?? []].some((item) => item.kind === "file")) {
            event.preventDefault();
        }
    });
    document.addEventListener("drop", (event) => {
        const picture = pictureIn(event.dataTransfer);
        if (picture) {
            event.preventDefault();
            at(event.target)(picture);
        }
    });
    document.addEventListener("paste", (event) => {
        const picture = pictureIn(event.clipboardData);
        if (picture) {
            event.preventDefault();
            at(document.activeElement)(picture);
        }
    });
}
