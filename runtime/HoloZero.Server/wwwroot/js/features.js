// Asks the server for features: of all 256 bytes once, of the prompt as it changes. The page computes none itself.
import { ServerError } from "./api.js";
import { element, problem } from "./page.js";

const PAUSE = 120;
/** Bytes of a prompt that are shown: its end, enough to look at. */
const SHOWN = 2048;

export class FeatureFeed {
    #server;
    #sky;
    #heatMap;
    #haveSky = false;
    #timer = 0;
    #abort = null;
    #last = null;

    constructor(server, sky, heatMap) {
        [this.#server, this.#sky, this.#heatMap] = [server, sky, heatMap];
    }

    /** Shows the features of these bytes, a moment after the last call; `prefixSlots` where the request says how many there are. */
    show(bytes, slotBytes, prefixSlots) {
        this.#last = { bytes, slotBytes, prefixSlots };
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#fetch(), PAUSE);
    }

    /** Asks again: a model has become ready, or another was chosen. */
    refresh(slotBytes) {
        if (!this.#haveSky) this.#fetchSky(element("model").value);
        if (this.#last) this.show(this.#last.bytes, slotBytes, this.#last.prefixSlots);
    }

    async #fetchSky(model) {
        this.#haveSky = true;
        try {
            this.#sky.setFeatures(await this.#server.features(model, Uint8Array.from({ length: 256 }, (_, i) => i)));
        } catch {
            this.#haveSky = false;
        }
    }

    async #fetch() {
        this.#abort?.abort();
        this.#abort = new AbortController();
        const { bytes, slotBytes, prefixSlots } = this.#last;
        element("reads").classList.toggle("empty", bytes.length === 0);
        if (bytes.length === 0) return;
        const run = async (from, to) => {
            if (from >= to) return { values: [] };
            // Two bytes more at the front: all that a byte's features know of those before it.
            const first = Math.max(0, from - 2);
            const answer = await this.#server.features(element("model").value, bytes.subarray(first, to), this.#abort.signal);
            return { channels: answer.channels, values: answer.values.slice(from - first) };
        };
        try {
            // The prefix is one run, the stream another: its first byte has no neighbour.
            const slots = prefixSlots ?? Math.floor((bytes.length - 1) / slotBytes);
            const streamStart = slotBytes ? slots * slotBytes : bytes.length;
            const first = Math.max(0, bytes.length - SHOWN);
            const prefix = await run(first, streamStart);
            const stream = streamStart === bytes.length ? { values: [] }
                : await this.#server.features(element("model").value, bytes.subarray(streamStart), this.#abort.signal);
            problem("features-problem", null);
            this.#heatMap.show({
                channels: prefix.channels ?? stream.channels, values: [...prefix.values, ...stream.values], bytes: bytes.subarray(first),
                first, slotBytes, streamStart,
            });
        } catch (error) {
            if (error.name === "AbortError") return;
            const why = error instanceof ServerError ? ` ${error.message}` : "";
            problem("features-problem", `The features cannot be shown.${why}`);
        }
    }
}
