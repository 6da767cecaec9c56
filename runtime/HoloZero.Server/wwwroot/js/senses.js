// Picture, sound and caption as a prompt: they go to the server, and what it says the model reads of them comes back.
import { ServerError } from "./api.js";
import { element, problem } from "./page.js";
import { WindowView } from "./window-view.js";

const PAUSE = 300;
const KINDS = ["picture", "sound"];

/** Which field a file belongs in, by what the browser says it is; null where it is bytes like any other. */
export function kindOf({ type, name }) {
    if (type.startsWith("image/")) return "picture";
    return type.startsWith("audio/") || /\.(wav|flac|mp3)$/i.test(name) ? "sound" : null;
}

export class Senses {
    #server;
    #changed;
    #view = new WindowView(element("read-window"));
    #files = {};
    #timer = 0;
    #asking = Promise.resolve();
    #abort = null;

    /** @param {(window: object | null) => void} changed told what POST /v1/window/show answers; null where there is no window any more */
    constructor(server, changed) {
        [this.#server, this.#changed] = [server, changed];
        for (const kind of KINDS) {
            element(kind).addEventListener("change", event => {
                if (event.target.files.length > 0) this.take(kind, event.target.files[0]);
                event.target.value = "";
            });
        }
        for (const id of ["at", "caption"]) element(id).addEventListener("input", () => this.#soon());
        element("window-remove").addEventListener("click", () => {
            this.clear();
            element("prompt").focus();
        });
    }

    /** Makes a file the picture or the sound. */
    take(kind, file) {
        element("senses").open = true;
        this.#files[kind] = file;
        this.#soon();
    }

    /** Asks again: a model has become ready, or another was chosen. */
    refresh() {
        if (this.#isGiven) this.#soon();
    }

    /** Why there is no window although something is given; null where there is one or nothing. */
    get problem() {
        return element("senses-problem").hidden ? null : element("senses-problem").textContent;
    }

    /** Resolves once the window is that of what is given now. */
    async settled() {
        let asked;
        do {
            if (this.#timer !== 0) this.#askNow();
            asked = this.#asking;
            await asked;
        } while (asked !== this.#asking || this.#timer !== 0);
    }

    clear() {
        this.#files = {};
        for (const id of ["at", "caption"]) element(id).value = "";
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.#abort?.abort();
        problem("senses-problem", null);
        this.#tell(null);
    }

    get #isGiven() {
        return Object.keys(this.#files).length > 0 || element("caption").value !== "";
    }

    #soon() {
        this.#nameFiles();
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#askNow(), PAUSE);
    }

    #askNow() {
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.#asking = this.#ask();
    }

    #nameFiles() {
        for (const kind of KINDS) element(`${kind}-name`).textContent = this.#files[kind]?.name ?? "none";
    }

    async #ask() {
        this.#abort?.abort();
        this.#abort = new AbortController();
        if (!this.#isGiven) {
            this.clear();
            return;
        }
        const at = element("at").value.trim();
        const fields = { ...this.#files, ...this.#files.sound && at ? { at } : {}, caption: element("caption").value };
        try {
            const model = element("model").value;
            const bytes = await this.#server.window(model, fields, this.#abort.signal);
            const shown = await this.#server.showWindow(model, bytes, this.#abort.signal);
            problem("senses-problem", null);
            this.#tell(shown);
        } catch (error) {
            if (error.name === "AbortError") return;
            if (!(error instanceof ServerError)) console.error(error);
            problem("senses-problem", error instanceof ServerError ? error.message : "These cannot be read here.");
            this.#tell(null);
        }
    }

    #tell(shown) {
        this.#nameFiles();
        this.#view.show(shown);
        this.#changed(shown);
    }
}
