// The server, as the page uses it. Everything goes to the page's own origin.
import { eventBatches } from "./sse.js";

/** What went wrong, in words that a visitor can act on. */
export class ServerError extends Error {
    /** @param {string} message @param {number} status HTTP's; 0 where no answer came */
    constructor(message, status = 0) {
        super(message);
        this.status = status;
    }
}

const WORDS = {
    401: "The server wants an API key. Enter one under “All settings”; it stays in this page's memory and is gone when you leave.",
    404: "The server does not know this model.",
    413: "This is larger than the server accepts.",
    415: "This is no file that the server can read here.",
    429: "The server is busy: more requests wait than it takes.",
    503: "The model is not ready: it is loading, or the server is stopping.",
};

/** Says what an HTTP status means here; the server's own message follows it. */
export function inWords(status, said, retryAfter) {
    const own = said ? ` ${WORDS[status] ? "It says: " : ""}${said}` : "";
    const wait = retryAfter ? ` Try again in ${retryAfter} s.` : "";
    return `${WORDS[status] ?? `The server refused this (HTTP ${status}).`}${wait}${own}`;
}

const GONE = "The server cannot be reached. Is it still running?";
const CUT = "The stream ended before it was complete. What came until then is shown.";

async function failure(response) {
    const text = await response.text().catch(() => "");
    let said = "";
    try {
        const body = JSON.parse(text);
        said = body.error?.message ?? body.detail ?? body.title ?? "";
    } catch { /* An answer without a body that we know: the status says enough. */ }
    const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10) || null;
    return new ServerError(inWords(response.status, said, retryAfter), response.status);
}

/** The model's own end, among the ids 0-255 that are bytes. */
export const END = 257;

/** A choice's top_logprobs as { id, p }, the likeliest first. */
export function alternatives(top) {
    return Object.entries(top ?? {}).map(([key, logprob]) => ({ id: idOf(key), p: Math.exp(logprob) })).sort((a, b) => b.p - a.p);
}

function idOf(key) {
    if (key.startsWith("bytes:\\x")) return Number.parseInt(key.slice(8), 16);
    return key.length === 1 ? key.charCodeAt(0) : END;
}

const of = model => (model ? `?${new URLSearchParams({ model })}` : "");

export class Server {
    /** In memory alone; sent only to this origin. */
    key = "";

    async #fetch(path, init = {}) {
        const headers = { ...init.headers, ...this.key ? { Authorization: `Bearer ${this.key}` } : {} };
        let response;
        try {
            response = await fetch(path, { ...init, headers });
        } catch (error) {
            if (error.name === "AbortError") throw error;
            throw new ServerError(GONE);
        }
        if (!response.ok) throw await failure(response);
        return response;
    }

    #post(path, body, signal) {
        const headers = { "Content-Type": "application/json" };
        return this.#fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
    }

    /** @returns {Promise<"ready" | "loading" | "gone">} */
    async readiness() {
        try {
            const response = await fetch("/health/ready", { cache: "no-store" });
            return response.ok ? "ready" : "loading";
        } catch {
            return "gone";
        }
    }

    async models() {
        return (await (await this.#fetch("/v1/models")).json()).data;
    }

    /** The 27 features of each byte of one run. */
    async features(model, bytes, signal) {
        return (await this.#post("/v1/features", { ...model ? { model } : {}, input: Array.from(bytes) }, signal)).json();
    }

    /** The bytes that the model reads of picture, sound and caption: a form's fields by their names in the API. */
    async window(model, fields, signal) {
        const form = new FormData();
        for (const [name, value] of Object.entries(fields)) form.append(name, value);
        const response = await this.#fetch(`/v1/window${of(model)}`, { method: "POST", body: form, signal });
        return new Uint8Array(await response.arrayBuffer());
    }

    /** What these bytes of a window are, and how to go on after them. */
    async showWindow(model, bytes, signal) {
        const headers = { "Content-Type": "application/octet-stream" };
        return (await this.#fetch(`/v1/window/show${of(model)}`, { method: "POST", headers, body: bytes, signal })).json();
    }

    /**
     * Streams a completion. Yields arrays of { byte, p, top, drafted }, { finish }, { usage } and { seed }.
     * Throws ServerError where the server refuses, fails, or breaks off.
     */
    async *complete(body, signal) {
        const response = await this.#post("/v1/completions", body, signal);
        const seed = response.headers.get("x-holozero-seed");
        if (seed) yield [{ seed }];
        try {
            for await (const batch of eventBatches(response.body)) {
                const done = batch.at(-1) === "[DONE]";
                const found = (done ? batch.slice(0, -1) : batch).flatMap(parts);
                // What came before an error is shown before it.
                yield found.filter(part => !part.error);
                const failed = found.find(part => part.error);
                if (failed) throw new ServerError(`The server broke off: ${failed.error}`);
                if (done) return;
            }
        } catch (error) {
            if (error.name === "AbortError" || error instanceof ServerError) throw error;
            throw new ServerError(CUT);
        }
        throw new ServerError(CUT);
    }
}

/** What one event of a completion's stream holds. */
export function parts(data) {
    const event = JSON.parse(data);
    if (event.error) return [{ error: event.error.message }];
    const found = [];
    const choice = event.choices?.[0];
    const logprobs = choice?.logprobs;
    for (const [i, byte] of (logprobs?.token_ids ?? []).entries()) {
        const p = logprobs.token_logprobs[i] === null ? null : Math.exp(logprobs.token_logprobs[i]);
        found.push({ byte, p, top: logprobs.top_logprobs?.[i] ?? null, drafted: logprobs.drafted?.[i] ?? false });
    }
    if (choice?.finish_reason) found.push({ finish: choice.finish_reason });
    if (event.usage) found.push({ usage: event.usage });
    return found;
}
