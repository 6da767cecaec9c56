// The continuation as plain text and as a hexadecimal dump.
import { hex, isPrintable, isUnfinished, pieces } from "./bytes.js";

/** Text as it grows: whole characters are appended, what is none stands in a box, an unfinished character waits. */
export class TextView {
    #pane = document.getElementById("text-view");
    #continuation = null;
    #done = 0;

    show(continuation) {
        this.#continuation = continuation;
        this.#done = 0;
        this.#pane.replaceChildren();
    }

    grow(ended) {
        const { bytes, length } = this.#continuation;
        let end = length;
        if (!ended && end > 0) {
            for (let i = Math.max(this.#done, end - 3); i < end; i++) {
                if (isUnfinished(bytes, i, end)) {
                    end = i;
                    break;
                }
            }
        }
        if (end <= this.#done) return;
        const follow = this.#pane.scrollTop + this.#pane.clientHeight >= this.#pane.scrollHeight - 30;
        const last = this.#pane.lastChild;
        for (const part of pieces(bytes, this.#done, end)) {
            if (part.text !== undefined && last?.nodeType === Node.TEXT_NODE && this.#pane.lastChild === last && last.length < 4096) {
                last.appendData(part.text);
            } else this.#pane.append(part.text ?? box(part.byte));
        }
        this.#done = end;
        if (follow) this.#pane.scrollTop = this.#pane.scrollHeight;
    }
}

function box(byte) {
    const raw = document.createElement("span");
    raw.className = "raw";
    raw.textContent = hex(byte);
    return raw;
}

/** Offset, bytes, and the printable ones as themselves. */
export class HexView {
    #pane = document.getElementById("hex-view");
    #continuation = null;
    #lines = 0;
    #width = 0;

    show(continuation) {
        this.#continuation = continuation;
        this.#lines = 0;
        this.#width = 0;
        this.#pane.replaceChildren();
    }

    grow() {
        const { bytes, length } = this.#continuation;
        const follow = this.#pane.scrollTop + this.#pane.clientHeight >= this.#pane.scrollHeight - 30;
        // As wide to the end as at the beginning: rows are counted, not measured.
        this.#width ||= this.#pane.clientWidth < 560 ? 8 : 16;
        const width = this.#width;
        if (this.#lines > 0) this.#pane.lastChild?.remove();
        let text = "";
        const whole = Math.floor(length / width);
        for (let row = Math.max(0, this.#lines - 1); row < whole; row++) text += line(bytes, row * width, width);
        if (text !== "") this.#pane.append(text);
        this.#pane.append(whole * width < length ? line(bytes, whole * width, length - whole * width, width) : "");
        this.#lines = whole + 1;
        if (follow) this.#pane.scrollTop = this.#pane.scrollHeight;
    }
}

function line(bytes, at, count, width = count) {
    const row = bytes.subarray(at, at + count);
    const digits = Array.from(row, hex).join(" ").padEnd(width * 3 - 1);
    const faces = Array.from(row, byte => (isPrintable(byte) || byte === 0x20 ? String.fromCharCode(byte) : ".")).join("");
    return `${at.toString(16).padStart(6, "0")}  ${digits}  ${faces}\n`;
}
