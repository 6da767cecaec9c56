// What a run measures, and what is said of it aloud: seldom, so that a screen reader is not flooded.
import { element } from "./page.js";

const ANNOUNCE_EVERY = 8000;

/** Endings by the API's finish_reason. */
const ENDINGS = {
    length: "It reached the number of bytes that you asked for.",
    stop: "It came to a stop: a stop sequence, or the model's own end.",
};

export class Readouts {
    #started = 0;
    #first = null;
    #said = 0;
    #written = 0;

    begin(now) {
        [this.#started, this.#first, this.#said, this.#written] = [now, null, now, 0];
        element("ending").textContent = "";
        for (const name of ["speed", "first", "cached"]) tell(name, "–");
        announce("Writing.");
    }

    /** @param {number} now ms @param {number} count bytes that came */
    came(now, count) {
        this.#first ??= now;
        this.#written += count;
    }

    cached(count) {
        tell("cached", String(count));
    }

    show(now, continuation) {
        tell("written", continuation.length.toLocaleString("en"));
        const bits = continuation.bitsPerByte;
        tell("surprise", bits === null ? "–" : bits.toFixed(2));
        tell("drafted", continuation.draftedCount > 0 ? (continuation.draftedCount / continuation.length * 100).toFixed(0) : "–");
        element("draft-key").hidden = continuation.draftedCount === 0;
        if (this.#first !== null) {
            tell("first", Math.round(this.#first - this.#started).toLocaleString("en"));
            const seconds = (now - this.#first) / 1000;
            if (seconds > 0.05) tell("speed", Math.round(this.#written / seconds).toLocaleString("en"));
        }
        if (now - this.#said > ANNOUNCE_EVERY) {
            this.#said = now;
            announce(`${continuation.length} bytes so far.`);
        }
    }

    ended(continuation, reason, seed) {
        const words = reason === "stopped" ? "You stopped it." : ENDINGS[reason] ?? `It ended: ${reason}.`;
        element("ending").textContent = `${words}${seed ? ` Seed ${seed}.` : ""}`;
        announce(`${words} ${continuation.length} bytes.`);
    }
}

function tell(name, words) {
    const place = element(`read-${name}`);
    if (place.textContent !== words) place.textContent = words;
}

/** Says it to who listens instead of looks. */
export function announce(words) {
    element("announcer").textContent = words;
}
