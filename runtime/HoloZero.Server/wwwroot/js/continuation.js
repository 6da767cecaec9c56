// What was written so far: bytes with probabilities, alternatives, drafts. No elements, no time.

export class Continuation {
    #bytes = new Uint8Array(256);
    #p = new Float32Array(256);
    #drafted = new Uint8Array(256);
    #tops = [];
    #surprise = 0;

    /** @param {Uint8Array} lead the end of the prompt, shown before the first byte */
    constructor(lead = new Uint8Array()) {
        this.lead = lead;
        this.length = 0;
        this.draftedCount = 0;
    }

    /** The bytes written; a view that further bytes may leave behind. */
    get bytes() {
        return this.#bytes.subarray(0, this.length);
    }

    /** Mean of -log2 p: bits that each byte carried for the model. */
    get bitsPerByte() {
        return this.length === 0 ? null : this.#surprise / this.length;
    }

    add({ byte, p, top, drafted }) {
        if (this.length === this.#bytes.length) this.#grow();
        this.#bytes[this.length] = byte;
        this.#p[this.length] = p ?? Number.NaN;
        this.#drafted[this.length] = drafted ? 1 : 0;
        this.#tops.push(top);
        this.#surprise += p ? -Math.log2(p) : 0;
        this.draftedCount += drafted ? 1 : 0;
        this.length++;
    }

    /** One byte with all that is known of it. */
    at(i) {
        return { byte: this.#bytes[i], p: this.#p[i], drafted: this.#drafted[i] === 1, top: this.#tops[i] };
    }

    #grow() {
        const twice = (array, type) => {
            const larger = new type(array.length * 2);
            larger.set(array);
            return larger;
        };
        this.#bytes = twice(this.#bytes, Uint8Array);
        this.#p = twice(this.#p, Float32Array);
        this.#drafted = twice(this.#drafted, Uint8Array);
    }
}

/** 83 %, 4.2 %, <0.1 %: as short as it can be and still tell small from smaller. */
export function percent(p) {
    if (!Number.isFinite(p)) return "–";
    const value = p * 100;
    if (value >= 99.5) return value >= 99.95 ? "100" : "99";
    if (value >= 9.95) return value.toFixed(0);
    return value >= 0.1 ? value.toFixed(1) : "<.1";
}

/** Five steps from expected (0) to surprising (4): one for each halving of a halving. */
export function surpriseStep(p) {
    return p >= 0.75 ? 0 : p >= 0.4 ? 1 : p >= 0.15 ? 2 : p >= 0.05 ? 3 : 4;
}
