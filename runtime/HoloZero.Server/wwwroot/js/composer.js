// The prompt: bytes, shown as text where they are text and as hexadecimal where they are not.
import { editableText, fromHex, pieces, toHex } from "./bytes.js";
import { element, problem } from "./page.js";
import { kindOf } from "./senses.js";

/** Files up to here are put into the field; larger ones are shown by name and sent all the same. */
const EDITABLE = 16 * 1024;

const EXAMPLES = [
    { name: "scripture", bytes: text("And the LORD said unto Moses,") },
    { name: "a beginning", bytes: text("In the beginning ") },
    { name: "한국어", bytes: text("태초에 하나님이 ") },
    { name: "NUL and broken UTF-8", bytes: Uint8Array.of(0x41, 0x00, 0x42, 0xff, 0xfe, 0x0d, 0x0a, 0xc3, 0x28, 0x80) },
];

function text(words) {
    return new TextEncoder().encode(words);
}

const kind = { text: "text", hex: "hex" };

export class Composer {
    #field = element("prompt");
    #form = element("composer");
    #bytes = new Uint8Array();
    #file = null;
    #mode = kind.text;
    #window = null;
    #changed;
    #sensed;

    /**
     * @param {(bytes: Uint8Array) => void} changed told of every change of the bytes
     * @param {(kind: "picture" | "sound" | null, file?: File) => void} sensed told of a dropped file that is one of these, or null where
     *   other bytes take the place of a window
     */
    constructor(changed, sensed) {
        [this.#changed, this.#sensed] = [changed, sensed];
        this.#field.addEventListener("input", () => this.#read());
        for (const radio of this.#radios) radio.addEventListener("change", () => this.#switchTo(radio.value));
        element("file").addEventListener("change", event => {
            if (event.target.files.length > 0) this.openFile(event.target.files[0]);
            event.target.value = "";
        });
        element("file-remove").addEventListener("click", () => {
            this.set(new Uint8Array());
            this.#field.focus();
        });
        element("examples").append(...EXAMPLES.map(example => {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = example.name;
            button.addEventListener("click", () => this.set(example.bytes));
            return button;
        }));
        this.#acceptDrops();
    }

    /** The first example, ready to run: what a visitor finds. */
    begin() {
        this.#fill(EXAMPLES[0].bytes);
    }

    /** What is sent: a window's, while there is one. */
    get bytes() {
        return this.#window ? Uint8Array.from(this.#window.continuation.prompt) : this.#bytes;
    }

    /** The window that is sent instead of what the field says; null where there is none. */
    get window() {
        return this.#window;
    }

    /** Sends a window instead of what the field says, which is there again when the window is taken away. */
    set window(window) {
        this.#window = window;
        this.#show();
    }

    /** Why the bytes are not what the field says; null where they are. */
    get problem() {
        return element("prompt-problem").hidden ? null : element("prompt-problem").textContent;
    }

    /** Makes these bytes the prompt, in the place of a window or of what was to become one, and shows them as what they are. */
    set(bytes, file = null) {
        this.#sensed(null);
        this.#fill(bytes, file);
    }

    #fill(bytes, file = null) {
        this.#bytes = bytes;
        this.#file = bytes.length > EDITABLE ? file ?? { name: "These bytes" } : null;
        this.#problem(null);
        const words = this.#file ? null : editableText(bytes);
        this.#mode = words === null ? kind.hex : kind.text;
        if (!this.#file) this.#field.value = words ?? toHex(bytes);
        this.#show();
    }

    async openFile(file) {
        try {
            this.set(new Uint8Array(await file.arrayBuffer()), file);
        } catch {
            this.#problem(`${file.name} cannot be read.`);
        }
    }

    get #radios() {
        return this.#form.querySelectorAll("input[name=mode]");
    }

    #read() {
        try {
            this.#bytes = this.#mode === kind.hex ? fromHex(this.#field.value) : text(this.#field.value);
            this.#problem(null);
            this.#show();
        } catch (error) {
            this.#problem(error.message);
        }
    }

    #switchTo(mode) {
        const words = mode === kind.text ? editableText(this.#bytes) : null;
        if (mode === kind.text && words === null) {
            this.#show();
            return;
        }
        this.#problem(null);
        this.#mode = mode;
        this.#field.value = words ?? toHex(this.#bytes);
        this.#show();
    }

    #show() {
        const isText = !this.#file && editableText(this.#bytes) !== null;
        for (const radio of this.#radios) {
            radio.checked = radio.value === this.#mode;
            radio.disabled = this.#file !== null || this.#window !== null || (radio.value === kind.text && !isText);
        }
        this.#field.hidden = this.#file !== null || this.#window !== null;
        this.#field.classList.toggle("hex", this.#mode === kind.hex);
        element("file-card").hidden = this.#file === null || this.#window !== null;
        if (this.#file) {
            element("file-name").textContent = this.#file.name;
            element("file-size").textContent = `${this.#bytes.length.toLocaleString("en")} bytes; it begins`;
            element("file-head").textContent = toHex(this.#bytes.subarray(0, 96));
        }
        element("prompt-facts").textContent = this.#window ? `a window in ${this.#window.continuation.prefix_slots} prefix slots`
            : facts(this.#bytes);
        this.#changed(this.bytes);
    }

    #problem(words) {
        problem("prompt-problem", words);
        this.#field.toggleAttribute("aria-invalid", words !== null);
        if (words !== null) this.#field.setAttribute("aria-invalid", "true");
    }

    #acceptDrops() {
        let depth = 0;
        const over = inside => this.#form.classList.toggle("dropping", inside);
        document.addEventListener("dragenter", event => {
            event.preventDefault();
            depth++;
            over(true);
        });
        document.addEventListener("dragleave", () => over(--depth > 0));
        document.addEventListener("dragover", event => event.preventDefault());
        document.addEventListener("drop", event => {
            event.preventDefault();
            depth = 0;
            over(false);
            const [file] = event.dataTransfer.files;
            const sense = file ? kindOf(file) : null;
            if (sense) this.#sensed(sense, file);
            else if (file) this.openFile(file);
            else if (event.dataTransfer.getData("text/plain")) this.set(text(event.dataTransfer.getData("text/plain")));
        });
    }
}

function facts(bytes) {
    if (bytes.length === 0) return "no bytes yet";
    const count = `${bytes.length.toLocaleString("en")} ${bytes.length === 1 ? "byte" : "bytes"}`;
    const sample = bytes.subarray(0, 64 * 1024);
    const odd = pieces(sample).filter(part => part.byte !== undefined);
    const broken = odd.filter(part => part.byte >= 0x80).length;
    if (broken > 0) return `${count}, not UTF-8: sent as they are`;
    if (odd.some(part => part.byte === 0)) return `${count}, with NUL: sent as they are`;
    const characters = [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(sample)].length;
    return characters < sample.length ? `${count}, ${characters.toLocaleString("en")} characters` : count;
}
