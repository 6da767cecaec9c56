// The continuation as a compositor would set it: a cell a byte, its probability beneath.
import { characterAround, characterLength, classOf, describe, glyph, isPrintable } from "./bytes.js";
import { percent, surpriseStep } from "./continuation.js";
import { makeCursor } from "./cursor.js";
import { RowBreaker } from "./rows.js";
import { VirtualRows } from "./virtual-rows.js";

const CELL = { width: 23, height: 46 };

export class ByteGrid {
    #pane = document.getElementById("byte-grid");
    #rows = new VirtualRows(this.#pane, row => this.#render(row));
    #breaker = new RowBreaker(1);
    #continuation = null;
    #selected = null;
    #cursor;
    #pointed;

    /** @param {(i: number | null) => void} pointed told which byte of the continuation is pointed at */
    constructor(pointed) {
        this.#pointed = pointed;
        this.#cursor = makeCursor(this.#pane, {
            count: () => this.#continuation?.length ?? 0, rowLength: () => this.#columns, words: i => this.#words(i),
            moved: i => {
                this.select(i);
                this.#rows.scrollTo(this.#rowOf(i + this.#continuation.lead.length));
            },
        });
        this.#pane.addEventListener("pointerover", event => {
            const cell = event.target.closest("[data-i]");
            if (!cell) return;
            this.#cursor.at = Number(cell.dataset.i);
            this.select(this.#cursor.at);
        });
        new ResizeObserver(() => this.#layOut()).observe(this.#pane);
    }

    show(continuation) {
        this.#continuation = continuation;
        this.#selected = null;
        this.#layOut();
        this.#cursor.at = 0;
    }

    /** Shows bytes that came since. */
    grow() {
        const follow = this.#rows.atEnd;
        // What came may complete a character or a word of the row before the last one.
        const stale = Math.max(0, this.#breaker.count - 2);
        this.#extend();
        if (follow) this.#rows.scrollToEnd();
        this.#rows.update(stale);
    }

    /** Tells assistive technology how many there are now: seldom, since each telling may be spoken. */
    tell() {
        this.#cursor.tell();
    }

    select(i) {
        if (i === this.#selected) return;
        this.#pane.querySelector(".selected")?.classList.remove("selected");
        this.#selected = i;
        this.#pane.querySelector(`[data-i="${i}"]`)?.classList.add("selected");
        this.#pointed(i);
    }

    get #columns() {
        return Math.max(8, Math.floor((this.#pane.clientWidth - 24) / CELL.width));
    }

    #layOut() {
        if (!this.#continuation || this.#pane.clientWidth === 0) return;
        this.#breaker = new RowBreaker(this.#columns);
        this.#rows.reset(CELL.height);
        this.#extend();
        this.#rows.update();
    }

    #extend() {
        const { lead, bytes, length } = this.#continuation;
        this.#breaker.extend(i => (i < lead.length ? lead[i] : bytes[i - lead.length]), lead.length + length);
        this.#rows.count = this.#breaker.count;
    }

    #rowOf(i) {
        let [low, high] = [0, this.#breaker.count - 1];
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (this.#breaker.starts[middle] <= i) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    #words(i) {
        const { byte, p, drafted } = this.#continuation.at(i);
        return `${describe(byte)}, ${percent(p)} percent${drafted ? ", guessed by a draft" : ""}`;
    }

    #render(row) {
        const element = document.createElement("div");
        element.className = "row";
        const { lead } = this.#continuation;
        for (let i = this.#breaker.starts[row]; i < this.#breaker.end(row); i++) {
            element.append(i < lead.length ? leadCell(lead, i) : this.#cell(i - lead.length));
        }
        return element;
    }

    #cell(i) {
        const { byte, p, drafted } = this.#continuation.at(i);
        const cell = makeCell(this.#continuation.bytes, i, byte);
        cell.dataset.i = String(i);
        cell.classList.add(`s${surpriseStep(p)}`);
        if (i === this.#selected) cell.classList.add("selected");
        if (drafted) cell.classList.add("drafted");
        const words = document.createElement("small");
        words.textContent = percent(p);
        words.style.setProperty("--p", String(Number.isFinite(p) ? p : 0));
        cell.append(words);
        return cell;
    }
}

function leadCell(lead, i) {
    const cell = makeCell(lead, i, lead[i]);
    cell.classList.add("lead");
    return cell;
}

/** A cell with its glyph. The bytes of one character are joined; what is no character shows its hexadecimal digits. */
function makeCell(bytes, i, byte) {
    const cell = document.createElement("span");
    const face = document.createElement("b");
    const { start, length } = characterAround(bytes, i);
    cell.className = "cell";
    if (length > 1) {
        cell.classList.add(start === i ? "opens" : "carries");
        face.textContent = start === i ? character(bytes, i) : "·";
    } else {
        face.textContent = glyph(byte);
        if (!isPrintable(byte) && byte !== 0x20) cell.classList.add("code");
        if (byte === 0x20) cell.classList.add("blank");
        if (classOf(byte) === 3) cell.classList.add("broken");
    }
    cell.append(face);
    return cell;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const character = (bytes, i) => decoder.decode(bytes.subarray(i, i + characterLength(bytes, i)));
