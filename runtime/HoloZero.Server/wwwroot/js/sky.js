// 256 stars: each byte where its own features put it, and the bytes read and written as a path from star to star.
import { CLASSES, classOf, describe, glyph, isPrintable } from "./bytes.js";
import { makeCursor } from "./cursor.js";
import { principalAxes } from "./projection.js";

const PATH_LENGTH = 40;
const COLOURS = ["#b9c6ff", "#ffc08a", "#e7aefa", "#7ee2c4", "#f7dd7a", "#ff93a8", "#c0c8d8"];
const PROMPT = "255, 244, 214";
/** Where a letter may stand beside its star, the best first. */
const SPOTS = [[0.8, -0.8], [-0.8, -0.8], [0.8, 0.8], [-0.8, 0.8], [1.1, 0], [-1.1, 0], [0, -1.2], [0, 1.2]];
const WRITTEN = "255, 138, 92";

export class Sky {
    #canvas;
    #holder;
    #selectedWords;
    #turn;
    #stars = null;
    #prompt = new Uint8Array();
    #written = new Uint8Array();
    #selected = null;
    #scheduled = false;
    #places = [];
    #cursor;

    constructor() {
        this.#holder = document.getElementById("sky");
        this.#canvas = this.#holder.querySelector("canvas");
        this.#selectedWords = document.getElementById("sky-selected");
        this.#turn = document.getElementById("sky-turn");
        this.#turn.addEventListener("input", () => this.draw());
        this.#cursor = makeCursor(this.#holder, {
            count: () => (this.#stars ? 256 : 0), rowLength: () => 16, words: byte => describe(byte), moved: byte => this.select(byte),
        });
        this.#holder.addEventListener("pointermove", event => this.#point(event));
        this.#holder.addEventListener("pointerleave", () => this.select(null));
        this.#drag();
        new ResizeObserver(() => this.draw()).observe(this.#holder);
        document.fonts.ready.then(() => this.draw());
    }

    /** Features of the bytes 0 to 255 in one run: the columns that depend on the byte alone make the sky. */
    setFeatures({ channels, values }) {
        const own = channels.map((channel, i) => (channel.group === "d2xor" || channel.group === "boundary" ? -1 : i)).filter(i => i >= 0);
        const { points, shares } = principalAxes(values.map(row => own.map(i => row[i])), 3);
        const reach = Math.max(...points.map(point => Math.hypot(...point)));
        this.#stars = points.map(point => point.map(value => value / reach));
        this.#cursor.tell();
        const shown = Math.round(shares.reduce((sum, share) => sum + share, 0) * 100);
        document.getElementById("sky-caption").textContent = `Each star is a byte. Its place comes from the ${own.length} of its 27 `
            + `features that depend on the byte alone, on the three axes along which bytes differ most (${shown} % of all difference); `
            + "bytes that share a star differ along the others. Drag to turn.";
        this.draw();
    }

    /** The path begins with the end of the prompt. */
    setPrompt(bytes) {
        this.#prompt = bytes.slice(-PATH_LENGTH);
        this.#written = new Uint8Array();
        this.#legend(bytes);
        this.draw();
    }

    /** It goes on with the end of what was written. */
    setWritten(bytes) {
        this.#written = bytes.slice(-PATH_LENGTH);
        this.draw();
    }

    /** Marks one byte, or none. */
    select(byte) {
        if (byte === this.#selected) return;
        this.#selected = byte;
        this.#selectedWords.textContent = byte === null ? "" : describe(byte);
        this.draw();
    }

    /** Draws before the next frame, however often it is asked. */
    draw() {
        if (this.#scheduled) return;
        this.#scheduled = true;
        requestAnimationFrame(() => {
            this.#scheduled = false;
            this.#paint();
        });
    }

    #paint() {
        const { clientWidth: width, clientHeight: height } = this.#holder;
        if (width === 0 || !this.#stars) return;
        const scale = Math.min(2, devicePixelRatio || 1);
        if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
            this.#canvas.width = Math.round(width * scale);
            this.#canvas.height = Math.round(height * scale);
        }
        const context = this.#canvas.getContext("2d");
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, width, height);
        this.#places = this.#place(width, height);
        this.#rings(context, width, height);
        this.#path(context, this.#prompt, PROMPT);
        this.#path(context, this.#written.length ? [...this.#prompt.slice(-1), ...this.#written] : [], WRITTEN);
        const used = new Map();
        for (const byte of [...this.#prompt, ...this.#written]) used.set(byte, (used.get(byte) ?? 0) + 1);
        const order = [...this.#places.keys()].sort((a, b) => this.#places[a].depth - this.#places[b].depth);
        for (const byte of order) star(context, this.#places[byte], byte, used.get(byte) ?? 0, byte === this.#selected);
        const named = [...used.keys(), ...this.#selected === null || used.has(this.#selected) ? [] : [this.#selected]];
        nameStars(context, named.filter(isPrintable).map(byte => ({ byte, ...this.#places[byte], times: used.get(byte) ?? 0 })));
    }

    #place(width, height) {
        const angle = this.#turn.valueAsNumber * Math.PI / 180;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        const tilt = 0.4;
        const seen = this.#stars.map(([x, y, z]) => {
            const into = -x * sin + z * cos;
            const depth = y * Math.sin(tilt) + into * Math.cos(tilt);
            const size = 1 + depth * 0.28;
            return { x: (x * cos + z * sin) * size, y: (into * Math.sin(tilt) - y * Math.cos(tilt)) * size, depth, size };
        });
        // Fills its frame; where that is wide, across may be drawn half as large again as up.
        const [left, right] = extent(seen.map(s => s.x));
        const [top, bottom] = extent(seen.map(s => s.y));
        const up = Math.min((width - 64) / (right - left), (height - 52) / (bottom - top));
        const across = Math.min((width - 64) / (right - left), up * 1.5);
        return seen.map(s => ({
            ...s, x: width / 2 + (s.x - (left + right) / 2) * across, y: height / 2 + (s.y - (top + bottom) / 2) * up,
        }));
    }

    #rings(context, width, height) {
        const up = height * 0.485;
        const across = Math.min(width * 0.485, up * 1.5);
        context.strokeStyle = "rgba(168, 182, 235, 0.14)";
        context.lineWidth = 1;
        for (const part of [0.5, 1]) {
            context.beginPath();
            context.ellipse(width / 2, height / 2, across * part, up * part, 0, 0, 2 * Math.PI);
            context.stroke();
        }
        context.beginPath();
        for (let i = 0; i < 12; i++) {
            const [c, s] = [Math.cos(i * Math.PI / 6), Math.sin(i * Math.PI / 6)];
            context.moveTo(width / 2 + c * across * 0.5, height / 2 + s * up * 0.5);
            context.lineTo(width / 2 + c * across, height / 2 + s * up);
        }
        context.stroke();
    }

    #path(context, bytes, colour) {
        context.lineJoin = "round";
        for (let i = 1; i < bytes.length; i++) {
            const [from, to] = [this.#places[bytes[i - 1]], this.#places[bytes[i]]];
            const fresh = 1 - (bytes.length - 1 - i) / PATH_LENGTH;
            context.strokeStyle = `rgba(${colour}, ${0.12 + 0.7 * fresh ** 3})`;
            context.lineWidth = 0.7 + fresh ** 3;
            context.beginPath();
            context.moveTo(from.x, from.y);
            context.lineTo(to.x, to.y);
            context.stroke();
        }
        if (bytes.length === 0) return;
        const last = this.#places[bytes.at(-1)];
        context.strokeStyle = `rgb(${colour})`;
        context.lineWidth = 1.5;
        context.beginPath();
        context.arc(last.x, last.y, 13, 0, 2 * Math.PI);
        context.stroke();
    }

    #point(event) {
        if (!this.#stars || event.buttons !== 0) return;
        const box = this.#holder.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        let best = null;
        let nearest = 18;
        for (const [byte, place] of this.#places.entries()) {
            const distance = Math.hypot(place.x - x, place.y - y);
            if (distance < nearest) [best, nearest] = [byte, distance];
        }
        this.select(best);
        if (best !== null) this.#cursor.at = best;
    }

    #drag() {
        let from = null;
        this.#holder.addEventListener("pointerdown", event => {
            from = { x: event.clientX, turn: this.#turn.valueAsNumber };
            this.#holder.setPointerCapture(event.pointerId);
        });
        this.#holder.addEventListener("pointermove", event => {
            if (!from || event.buttons === 0) return;
            const turn = from.turn + (event.clientX - from.x) * 0.5;
            this.#turn.valueAsNumber = ((turn + 180) % 360 + 360) % 360 - 180;
            this.draw();
        });
        this.#holder.addEventListener("pointerup", () => { from = null; });
        this.#holder.addEventListener("pointercancel", () => { from = null; });
    }

    #legend(prompt) {
        const counts = new Array(CLASSES.length).fill(0);
        for (const byte of prompt) counts[classOf(byte)]++;
        const list = document.getElementById("sky-legend");
        if (list.children.length === 0) list.append(...CLASSES.map(legendItem));
        counts.forEach((count, i) => {
            list.children[i].lastElementChild.textContent = count > 0 ? String(count) : "";
            list.children[i].lastElementChild.title = count > 0 ? `${count} in the prompt` : "";
        });
    }
}

const extent = values => [Math.min(...values), Math.max(...values)];

function legendItem(kind, i) {
    const item = document.createElement("li");
    const mark = document.createElement("canvas");
    mark.width = mark.height = 28;
    mark.setAttribute("aria-hidden", "true");
    const context = mark.getContext("2d");
    context.scale(2, 2);
    shape(context, 7, 7, 4.2, kind.mark, COLOURS[i]);
    const name = document.createElement("span");
    name.textContent = kind.name;
    const count = document.createElement("b");
    item.append(mark, name, count);
    return item;
}

/** A byte that is on the path shines, the more often the larger. */
function star(context, place, byte, times, selected) {
    const kind = classOf(byte);
    const bright = times > 0 || selected;
    const size = place.size * (1 + 0.16 * Math.log2(Math.max(1, times)));
    context.globalAlpha = bright ? 1 : 0.72 + 0.28 * Math.max(-1, Math.min(1, place.depth));
    if (bright) {
        const glow = context.createRadialGradient(place.x, place.y, 0, place.x, place.y, 18);
        glow.addColorStop(0, `${COLOURS[kind]}66`);
        glow.addColorStop(1, `${COLOURS[kind]}00`);
        context.fillStyle = glow;
        context.fillRect(place.x - 18, place.y - 18, 36, 36);
    }
    shape(context, place.x, place.y, (bright ? 4.2 : 2.6) * size, CLASSES[kind].mark, bright && selected ? "#fff" : COLOURS[kind]);
    context.globalAlpha = 1;
    if (!selected) return;
    context.strokeStyle = "#fff";
    context.lineWidth = 1.5;
    context.strokeRect(place.x - 9, place.y - 9, 18, 18);
}

/** As on a map: a letter stands beside its star, where no other letter stands; the most frequent choose first. */
function nameStars(context, stars) {
    const taken = [];
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const { byte, x, y, size, times } of stars.toSorted((a, b) => b.times - a.times)) {
        const reach = Math.round((13 + 1.6 * Math.log2(Math.max(1, times))) * size);
        const spots = [0.9, 1.6, 2.3].flatMap(far => SPOTS.map(([dx, dy]) => [x + dx * far * 13, y + dy * far * 13]));
        const free = ([px, py]) => taken.every(([qx, qy]) => Math.abs(px - qx) > 11 || Math.abs(py - qy) > 14);
        const [left, top] = spots.find(free) ?? spots[0];
        taken.push([left, top]);
        context.font = `500 ${reach + 2}px "Plex Mono", monospace`;
        context.lineWidth = 4;
        context.strokeStyle = "#0b1022";
        context.strokeText(glyph(byte), left, top);
        context.fillStyle = COLOURS[classOf(byte)];
        context.fillText(glyph(byte), left, top);
    }
}

function shape(context, x, y, r, mark, colour) {
    context.fillStyle = context.strokeStyle = colour;
    context.lineWidth = Math.max(1, r * 0.4);
    context.beginPath();
    if (mark === "disc" || mark === "ring") context.arc(x, y, r, 0, 2 * Math.PI);
    else if (mark === "square") context.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
    else if (mark === "cross") corners(context, [[-r, 0], [r, 0], [0, 0], [0, r], [0, -r]], x, y);
    else if (mark === "diamond") corners(context, [[0, -r * 1.2], [r, 0], [0, r * 1.2], [-r, 0]], x, y);
    else if (mark === "triangle") corners(context, [[0, -r * 1.1], [r * 1.1, r * 0.8], [-r * 1.1, r * 0.8]], x, y);
    else corners(context, Array.from({ length: 8 }, (_, i) => [Math.cos(i * Math.PI / 4) * r * (i % 2 ? 0.4 : 1.5),
        Math.sin(i * Math.PI / 4) * r * (i % 2 ? 0.4 : 1.5)]), x, y);
    if (mark === "ring" || mark === "cross") context.stroke();
    else context.fill();
}

function corners(context, places, x, y) {
    places.forEach(([dx, dy], i) => (i === 0 ? context.moveTo(x + dx, y + dy) : context.lineTo(x + dx, y + dy)));
    context.closePath();
}
