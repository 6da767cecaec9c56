// Server-sent events over fetch, as the HTML standard parses them. EventSource can neither POST nor send a key.

/** Turns text as it arrives, cut anywhere, into the data of whole events. */
export class EventParser {
    #rest = "";
    #data = [];
    #afterReturn = false;

    /** The data of the events that this piece completes. */
    push(text) {
        if (text === "") return [];
        const events = [];
        const fresh = this.#afterReturn && text.startsWith("\n") ? text.slice(1) : text;
        this.#afterReturn = text.endsWith("\r");
        const lines = (this.#rest + fresh).split(/\r\n|\r|\n/);
        this.#rest = lines.pop();
        for (const line of lines) {
            const event = this.#take(line);
            if (event !== null) events.push(event);
        }
        return events;
    }

    #take(line) {
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

/** Events handed on at once, so that a reader can come up for air however much arrives in one piece. */
const MOST = 64;

/** The data of every event of a response's body, in pieces: arrays of at most MOST. */
export async function* eventBatches(body) {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    try {
        for (;;) {
            const { value, done } = await reader.read();
            const events = parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
            for (let from = 0; from < events.length; from += MOST) yield events.slice(from, from + MOST);
            if (done) return;
        }
    } finally {
        reader.cancel().catch(() => { });
    }
}
