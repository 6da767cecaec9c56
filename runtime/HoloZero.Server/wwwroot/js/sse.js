// Server-sent events over fetch, as the HTML standard parses them. EventSource can neither POST nor send a key.

/** Turns text as it arrives, cut anywhere, into the data of whole events. */
export class EventParser {
    #line = "";
    #data = [];
    #afterReturn = false;

    /** The data of the events that this piece completes. */
    push(text) {
        const events = [];
        for (const character of text) {
            if (this.#afterReturn) {
                this.#afterReturn = false;
                if (character === "\n") continue;
            }
            if (character !== "\n" && character !== "\r") {
                this.#line += character;
                continue;
            }
            this.#afterReturn = character === "\r";
            const event = this.#endLine();
            if (event !== null) events.push(event);
        }
        return events;
    }

    #endLine() {
        const line = this.#line;
        this.#line = "";
        if (line === "") {
            const data = this.#data;
            this.#data = [];
            return data.length > 0 ? data.join("\n") : null;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        if (field !== "data") return null;
        const value = colon < 0 ? "" : line.slice(colon + 1);
        this.#data.push(value.startsWith(" ") ? value.slice(1) : value);
        return null;
    }
}

/** The data of every event of a response's body, in the pieces in which they came: arrays. */
export async function* eventBatches(body) {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    try {
        for (;;) {
            const { value, done } = await reader.read();
            const events = parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
            if (events.length > 0) yield events;
            if (done) return;
        }
    } finally {
        reader.cancel().catch(() => { });
    }
}
