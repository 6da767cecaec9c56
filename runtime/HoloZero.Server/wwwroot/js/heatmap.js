// The 27 features of the prompt: a column a byte, a row a channel. Only what can be seen is drawn.
import { characterAround, describe, glyph } from "./bytes.js";
import { components, mix } from "./colours.js";
import { makeCursor } from "./cursor.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A column is as wide as the pane allows, within these. */
const NARROW = 18;
const WIDE = 34;
const ROW = 13;
const GAP = 9;
const HEAD = 26;

/** Greatest magnitude of each group's values: what full colour stands for. */
const REACH = { dxor: 1, d2xor: 1, boundary: 1.5, fourier: 4, phase: 1 };

const GROUPS = {
    dxor: "Gray code",
    d2xor: "change since the byte before",
    boundary: "edge between two bytes",
    fourier: "spectrum of the eight bits",
    phase: "place on a circle of 256",
};

export class HeatMap {
    #pane = document.getElementById("heat-pane");
    #wide = document.getElementById("heat-cursor");
    #canvas = this.#wide.querySelector("canvas");
    #data = null;
    #tops = [];
    #column = NARROW;
    #selected = null;
    #scheduled = false;
    #cursor;
    #pointed;

    /** @param {(byte: number | null) => void} pointed told which byte is pointed at */
    constructor(pointed) {
        this.#pointed = pointed;
        this.#cursor = makeCursor(this.#wide, {
            count: () => this.#data?.values.length ?? 0, rowLength: () => 8, words: i => this.#words(i),
            moved: i => {
                this.select(i);
                this.#reveal(i);
            },
        });
        this.#pane.addEventListener("scroll", () => this.draw(), { passive: true });
        this.#wide.addEventListener("pointermove", event => {
            const i = Math.floor((event.clientX - this.#wide.getBoundingClientRect().left) / this.#column);
            if (this.#data && i >= 0 && i < this.#data.values.length) {
                this.#cursor.at = i;
                this.select(i);
            }
        });
        document.documentElement.addEventListener("themechange", () => this.draw());
        new ResizeObserver(() => this.#fit()).observe(this.#pane);
        document.fonts.ready.then(() => this.draw());
    }

    /**
     * @param {{ channels: { name: string, group: string, description: string }[], values: number[][], bytes: Uint8Array, first: number,
     *   slotBytes: number | null, streamStart: number }} data one row of values a byte; `first` is the place of the first one in the prompt
     */
    show(data) {
        this.#data = data;
        this.#layOut(data.channels);
        this.#fit();
        const last = data.values.length - 1;
        this.#mark(last);
        this.#cursor.at = last;
        this.#reveal(last);
        document.getElementById("heat-lines").textContent = data.slotBytes
            ? `; thin lines: prefix slots of ${data.slotBytes} bytes; thick line: the stream begins` : "";
    }

    select(i) {
        if (!this.#data || i === this.#selected) return;
        this.#mark(i);
        this.#pointed(this.#data.bytes[i]);
    }

    /** Draws before the next frame, however often it is asked. */
    draw() {
        if (this.#scheduled) return;
        this.#scheduled = true;
        requestAnimationFrame(() => {
            this.#scheduled = false;
            if (this.#data) this.#paint();
        });
    }

    #mark(i) {
        this.#selected = i;
        document.getElementById("heat-where").textContent = this.#words(i);
        this.#tell(this.#data.values[i]);
        this.draw();
    }

    #fit() {
        if (!this.#data) return;
        const count = Math.max(1, this.#data.values.length);
        this.#column = Math.max(NARROW, Math.min(WIDE, Math.floor(this.#pane.clientWidth / count)));
        this.#wide.style.setProperty("width", `${count * this.#column}px`);
        this.draw();
    }

    #words(i) {
        const { bytes, first, streamStart, slotBytes } = this.#data;
        const at = first + i;
        const part = !slotBytes ? "" : at < streamStart ? `, slot ${Math.floor(at / slotBytes) + 1}` : ", stream";
        return `byte ${at + 1}: ${describe(bytes[i])}${part}`;
    }

    #layOut(channels) {
        let top = HEAD;
        this.#tops = channels.map((channel, i) => {
            if (i > 0 && channel.group !== channels[i - 1].group) top += GAP;
            const own = top;
            top += ROW;
            return own;
        });
        const height = top + 6;
        const names = document.getElementById("heat-names");
        if (names.childElementCount !== channels.length) names.replaceChildren(...channels.map(nameOf));
        [...names.children].forEach((name, i) => name.style.setProperty("top", `${this.#tops[i]}px`));
        names.style.setProperty("height", `${height}px`);
        this.#wide.style.setProperty("height", `${height}px`);
    }

    #paint() {
        const { values, bytes, channels, first, slotBytes, streamStart } = this.#data;
        const scale = Math.min(2, devicePixelRatio || 1);
        const width = Math.min(this.#pane.clientWidth, values.length * this.#column);
        const height = this.#tops.at(-1) + ROW + 6;
        this.#canvas.width = Math.max(1, Math.round(width * scale));
        this.#canvas.height = Math.round(height * scale);
        this.#canvas.style.setProperty("width", `${width}px`);
        this.#canvas.style.setProperty("height", `${height}px`);
        const context = this.#canvas.getContext("2d");
        const left = this.#pane.scrollLeft;
        context.scale(scale, scale);
        context.translate(-left, 0);
        const inks = { zero: components("--heat-zero"), plus: components("--heat-plus"), minus: components("--heat-minus") };
        ramp(inks);
        const [ink, muted, rule] = ["--ink", "--muted", "--rule"].map(name => mix(components(name), [0, 0, 0], 0));
        context.textAlign = "center";
        const from = Math.floor(left / this.#column);
        const to = Math.min(values.length, Math.ceil((left + width) / this.#column));
        for (let i = from; i < to; i++) {
            const x = i * this.#column;
            const chosen = i === this.#selected;
            label(context, bytes, i, x, this.#column, chosen ? ink : muted);
            for (const [row, value] of values[i].entries()) {
                cell(context, x, this.#tops[row], this.#column, value, REACH[channels[row].group] ?? 1, inks);
            }
            const at = first + i;
            if (slotBytes && at > 0 && (at === streamStart || (at < streamStart && at % slotBytes === 0))) {
                context.fillStyle = at === streamStart ? ink : rule;
                context.fillRect(x - (at === streamStart ? 1.5 : 1), 2, at === streamStart ? 2 : 1, height - 4);
            }
        }
        context.strokeStyle = ink;
        context.lineWidth = 1.5;
        context.strokeRect(this.#selected * this.#column + 0.25, 2, this.#column - 1.5, height - 4);
    }

    #reveal(i) {
        const [left, right] = [i * this.#column, (i + 1) * this.#column];
        if (left < this.#pane.scrollLeft) this.#pane.scrollLeft = left;
        if (right > this.#pane.scrollLeft + this.#pane.clientWidth) this.#pane.scrollLeft = right - this.#pane.clientWidth;
    }

    #tell(values) {
        const list = document.getElementById("channels");
        const groups = Map.groupBy(this.#data.channels.map((channel, i) => ({ ...channel, value: values[i] })), channel => channel.group);
        list.replaceChildren(...[...groups].map(([group, channels]) => {
            const row = document.createElement("div");
            row.className = `channel channel-${group}`;
            const term = document.createElement("dt");
            term.textContent = group;
            const words = document.createElement("small");
            words.textContent = GROUPS[group] ?? "";
            term.append(words);
            const value = document.createElement("dd");
            value.append(...channels.map(channel => {
                const one = document.createElement("span");
                one.textContent = number(channel.value);
                one.title = `${channel.name}: ${channel.description ?? ""}`;
                return one;
            }));
            row.append(term, value);
            return row;
        }));
    }
}

const number = value => (Number.isInteger(value) ? String(value) : value.toFixed(2)).replace("-", "−");

function nameOf(channel, i, channels) {
    const name = document.createElement("div");
    name.className = "heat-name";
    const first = i === 0 || channels[i - 1].group !== channel.group;
    if (first) {
        const group = document.createElement("b");
        group.textContent = channel.group;
        name.append(group);
    }
    const part = document.createElement("span");
    part.textContent = channel.name === channel.group ? "" : channel.name.slice(channel.group.length).replace(/^[._]/, "");
    name.append(part);
    return name;
}

function label(context, bytes, i, x, width, ink) {
    const { start, length } = characterAround(bytes, i);
    const text = length > 1 ? (start === i ? decoder.decode(bytes.subarray(i, i + length)) : "·") : glyph(bytes[i]);
    context.font = text.length > 1 ? "400 9.5px \"Plex Mono\", monospace" : "500 13px \"Plex Mono\", monospace";
    context.fillStyle = ink;
    context.fillText(text === " " ? "␣" : text, x + width / 2 - 0.5, 16);
}

function cell(context, x, y, width, value, reach, inks) {
    const part = Math.min(1, Math.abs(value) / reach);
    context.fillStyle = mix(inks.zero, value < 0 ? inks.minus : inks.plus, part ** 0.8);
    context.fillRect(x + 0.5, y + 0.5, width - 2, ROW - 1.5);
    if (value > -0.005) return;
    // Below zero also without colour.
    context.fillStyle = mix(inks.zero, [255, 255, 255], 0.9);
    context.fillRect(x + 4.5, y + ROW / 2 - 0.75, width - 10, 1.2);
}

function ramp({ zero, plus, minus }) {
    const canvas = document.getElementById("heat-ramp");
    const context = canvas.getContext("2d");
    for (let x = 0; x < canvas.width; x++) {
        const t = x / (canvas.width - 1) * 2 - 1;
        context.fillStyle = mix(zero, t < 0 ? minus : plus, Math.abs(t) ** 0.8);
        context.fillRect(x, 0, 1, canvas.height);
    }
}
