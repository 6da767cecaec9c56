// The form's values as a request, for both endpoints. What is left empty is left out: the server's default applies.

const NUMBERS = ["temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty"];

/** A line of the stop field as text. Throws an Error that says which escape is unknown. */
export function unescape(line) {
    return line.replace(/\\(x[0-7][0-9a-f]|.?)/gi, (whole, code) => {
        if (code === "n") return "\n";
        if (code === "t") return "\t";
        if (code === "r") return "\r";
        if (code === "\\") return "\\";
        if (/^x[0-7][0-9a-f]$/i.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
        throw new Error(`Stop: “${whole}” is not understood; use \\n, \\t, \\r, \\\\ or \\x00 to \\x7f.`);
    });
}

/** "10:-100, 32:1.5" as { "10": -100, "32": 1.5 }; null for nothing. */
export function parseBias(text) {
    const entries = text.split(/[\s,]+/).filter(Boolean).map(part => {
        const match = /^(\d{1,3}):([+-]?\d+(?:\.\d+)?)$/.exec(part);
        if (!match || Number(match[1]) > 255 || Math.abs(Number(match[2])) > 100) {
            throw new Error(`Byte bias: “${part}” is not understood; write byte:amount, such as 10:-100. Amounts go from −100 to 100.`);
        }
        return [match[1], Number(match[2])];
    });
    return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** The settings as values by their names in the API. Throws an Error in words for the first that is wrong. */
export function readSettings(form) {
    const wrong = [...form.elements].find(field => field.willValidate && !field.checkValidity());
    if (wrong) throw new Error(`${labelOf(wrong)}: ${wrong.validationMessage}`);
    const text = name => form.elements[name].value.trim();
    const settings = { max_tokens: Number(text("max_tokens")), logprobs: Number(text("logprobs")) };
    if (text("model")) settings.model = text("model");
    for (const name of NUMBERS) {
        if (text(name) !== "") settings[name] = Number(text(name));
    }
    const stop = form.elements.stop.value.split("\n").filter(line => line !== "").map(unescape);
    if (stop.length > 4) throw new Error("Stop: at most 4 lines.");
    if (stop.length > 0) settings.stop = stop;
    const bias = parseBias(text("logit_bias"));
    if (bias) settings.logit_bias = bias;
    // A greedy request draws nothing; any other gets its seed here, so that the curl line gives the same bytes.
    if (text("seed") !== "") settings.seed = text("seed");
    else if (settings.temperature !== 0) settings.seed = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    return settings;
}

const labelOf = field => (field.closest("label")?.querySelector("span")?.firstChild.textContent ?? field.name).trim();

/** The body for POST /v1/completions, answered in pieces. */
export function completionBody({ seed, ...settings }, prompt) {
    const model = settings.model ? { model: settings.model } : {};
    return {
        ...model, prompt: Array.from(prompt), ...settings, ...seed === undefined ? {} : { seed: Number(seed) },
        stream: true, stream_options: { include_usage: true },
    };
}

const hexOf = text => Array.from(new TextEncoder().encode(text), byte => byte.toString(16).padStart(2, "0")).join("");

/** What POST /v1/bytes has no name for. */
const COMPLETIONS_ALONE = ["presence_penalty", "frequency_penalty", "logit_bias"];
const DRAWS = ["temperature", "top_p", "top_k", "min_p", "seed"];

/** The query for POST /v1/bytes: pairs in order; null where it has no name for a setting. */
export function bytesQuery(settings) {
    if (COMPLETIONS_ALONE.some(name => settings[name] !== undefined && settings[name] !== 0)) return null;
    const greedy = settings.temperature === 0;
    const query = [];
    for (const [name, value] of Object.entries(settings)) {
        if (name === "logprobs" || COMPLETIONS_ALONE.includes(name) || (greedy && DRAWS.includes(name))) continue;
        if (name === "max_tokens") query.push(["max_bytes", String(value)]);
        else if (name === "stop") query.push(...value.map(text => ["stop", hexOf(text)]));
        else query.push([name, String(value)]);
    }
    return greedy ? [...query, ["greedy", "true"]] : query;
}
