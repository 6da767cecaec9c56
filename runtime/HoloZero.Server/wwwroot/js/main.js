// Puts the parts together: prompt and settings go to the server, what comes back goes to the views.
import { Server, ServerError } from "./api.js";
import { ByteGrid } from "./byte-grid.js";
import { concat } from "./bytes.js";
import { Composer } from "./composer.js";
import { Continuation } from "./continuation.js";
import { FeatureFeed } from "./features.js";
import { HeatMap } from "./heatmap.js";
import { inspect, inspectNothing } from "./inspector.js";
import { watchModels } from "./models.js";
import { element, problem } from "./page.js";
import { announce, Readouts } from "./readouts.js";
import { Senses } from "./senses.js";
import { completionBody, readSettings } from "./settings.js";
import { shellLine } from "./shell-line.js";
import { Sky } from "./sky.js";
import { HexView, TextView } from "./text-views.js";
import { WindowView } from "./window-view.js";

/** Bytes of the prompt that are shown before the first one written. */
const LEAD = 96;
/** ms of work after which the browser gets its turn. */
const BUSY = 10;
const rest = () => new Promise(resolve => setTimeout(resolve));

const server = new Server();
const readouts = new Readouts();
const sky = new Sky();
const heatMap = new HeatMap(byte => sky.select(byte));
const textView = new TextView();
const hexView = new HexView();
let continuation = new Continuation();
let running = null;
// What the last run asked, so that the line in the shell and "continue" speak of the same.
let asked = null;

const grid = new ByteGrid(i => {
    if (i === null || i >= continuation.length) return;
    const one = continuation.at(i);
    inspect(one, asked?.settings.logprobs ?? 5);
    sky.select(one.byte);
});
const features = new FeatureFeed(server, sky, heatMap);
const models = watchModels(server, () => {
    features.refresh(models.slotBytes());
    senses.refresh();
    showLine();
});
const composer = new Composer(bytes => {
    sky.setPrompt(bytes);
    features.show(bytes, models.slotBytes(), composer.window?.continuation.prefix_slots);
    showLine();
}, (kind, file) => (kind ? senses.take(kind, file) : senses.clear()));
const writtenWindow = new WindowView(element("written-window"));
let bytesBefore = null;
const senses = new Senses(server, window => {
    // As many bytes as make the next window whole, as long as there is one.
    const field = element("settings").elements.max_tokens;
    if (window) bytesBefore ??= field.value;
    const most = window ? Math.min(window.continuation.max_tokens, Number(field.max) || Infinity) : bytesBefore;
    if (most !== null) field.value = most;
    if (!window) bytesBefore = null;
    composer.window = window;
});

function currentSettings() {
    try {
        const settings = readSettings(element("settings"));
        problem("settings-problem", null);
        return settings;
    } catch (error) {
        problem("settings-problem", error.message);
        return null;
    }
}

/** What going on after a window asks for beside the settings; a continuation keeps the prefix that it began with. */
function windowing(window) {
    if (!window) return {};
    const { prefix_slots, stream_bytes, max_prefix_slots } = window.continuation;
    return { prefix_slots, stream_bytes, max_prefix_slots };
}

/** The line repeats the last run while prompt and settings are those it had; else it shows what would be sent. */
function showLine() {
    const settings = currentSettings();
    if (settings === null) return;
    if (!element("settings").elements.seed.value && asked?.settings.seed !== undefined && settings.seed !== undefined) {
        settings.seed = asked.settings.seed;
    }
    const kind = document.querySelector("input[name=line-kind]:checked").value;
    const [prompt, window] = asked?.continued ? [asked.prompt, asked.window] : [composer.bytes, composer.window];
    Object.assign(settings, windowing(window));
    const { line, words } = shellLine(kind, location.origin, prompt, settings, server.key !== "");
    element("line").textContent = line;
    element("line-words").textContent = words;
}

async function beginNew() {
    if (running) return;
    await senses.settled();
    const settings = currentSettings();
    const wrong = senses.problem ?? composer.problem ?? (settings === null ? element("settings-problem").textContent : null);
    if (running || wrong !== null) {
        if (wrong !== null) problem("problem", wrong);
        return;
    }
    if (composer.bytes.length === 0) {
        problem("problem", "The prompt is empty. Write something for the model to go on from.");
        return;
    }
    continuation = new Continuation(composer.bytes.slice(-LEAD));
    grid.show(continuation);
    textView.show(continuation);
    hexView.show(continuation);
    inspectNothing();
    writtenWindow.show(null);
    asked = { prompt: composer.bytes, origin: composer.bytes, window: composer.window, continued: false,
        settings: { ...settings, ...windowing(composer.window) } };
    run();
}

function continueRun() {
    const settings = currentSettings();
    if (running || settings === null) return;
    asked = { ...asked, prompt: concat(asked.origin, continuation.bytes), continued: true,
        settings: { ...settings, ...windowing(asked.window) } };
    run();
}

/** Shows what was written after a window as a window, once it is a whole one. */
async function showWritten({ window, settings }, written) {
    if (!window) return;
    const length = window.continuation.begun.length + window.continuation.max_tokens;
    const bytes = concat(Uint8Array.from(window.continuation.begun), written.bytes);
    if (bytes.length < length) return;
    try {
        const shown = await server.showWindow(settings.model, bytes.slice(0, length));
        // Meanwhile another run may have begun.
        if (written === continuation) writtenWindow.show(shown);
    } catch (error) {
        if (written === continuation) problem("problem", error instanceof ServerError ? error.message : "What was written cannot be shown as a window.");
    }
}

async function run() {
    const abort = new AbortController();
    running = abort;
    showRunning(true);
    problem("problem", null);
    showLine();
    readouts.begin(performance.now());
    const place = element("continuation");
    place.scrollIntoView({ block: place.offsetHeight > innerHeight ? "start" : "nearest" });
    let seed = asked.settings.seed;
    let reason = null;
    let scheduled = false;
    let rested = performance.now();
    const frame = () => {
        scheduled = false;
        showGrowth(false);
    };
    try {
        for await (const batch of server.complete(completionBody(asked.settings, asked.prompt), abort.signal)) {
            const before = continuation.length;
            for (const part of batch) {
                if (part.byte !== undefined && part.byte < 256) continuation.add(part);
                else if (part.usage) readouts.cached(part.usage.prompt_tokens_details?.cached_tokens ?? 0);
                else if (part.finish) reason = part.finish;
                else if (part.seed) seed = part.seed;
            }
            if (continuation.length > before) readouts.came(performance.now(), continuation.length - before);
            if (!scheduled) requestAnimationFrame(frame);
            scheduled = true;
            if (performance.now() - rested > BUSY) {
                await rest();
                rested = performance.now();
            }
        }
    } catch (error) {
        if (error.name === "AbortError") reason = "stopped";
        else if (error instanceof ServerError) problem("problem", error.message);
        else {
            problem("problem", "Something in this page failed. Reload it and try again.");
            console.error(error);
        }
    }
    running = null;
    showGrowth(true);
    showRunning(false);
    grid.tell();
    if (reason !== null) readouts.ended(continuation, reason, seed);
    else announce(`It broke off after ${continuation.length} bytes.`);
    await showWritten(asked, continuation);
}

function showGrowth(ended) {
    const view = document.querySelector("input[name=view]:checked").value;
    if (view === "bytes") grid.grow();
    else if (view === "hex") hexView.grow();
    else textView.grow(ended);
    sky.setWritten(continuation.bytes);
    // After what reads places on the page: text that changes before it would be laid out twice.
    readouts.show(performance.now(), continuation);
}

function showRunning(is) {
    document.body.classList.toggle("running", is);
    const focused = document.activeElement;
    const pairs = [["write", "stop"], ["continue", "stop-here"]];
    for (const [begin, end] of pairs) {
        const [shown, gone] = is ? [element(end), element(begin)] : [element(begin), element(end)];
        shown.hidden = false;
        shown.disabled = false;
        // Who pressed one of them finds the other under the same finger, and the page stays where it is.
        if (focused === gone) shown.focus({ preventScroll: true });
        gone.hidden = true;
    }
    for (const id of ["continue", "copy-text", "save"]) element(id).disabled = is || continuation.length === 0;
}

function showView(view) {
    element("byte-grid").hidden = view !== "bytes";
    element("text-view").hidden = view !== "text";
    element("hex-view").hidden = view !== "hex";
    element("scale").classList.toggle("off", view !== "bytes");
    const ended = running === null;
    if (view === "text") textView.grow(ended);
    if (view === "hex") hexView.grow();
    if (view === "bytes") grid.grow();
}

function save(bytes, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copy(text, what) {
    try {
        await navigator.clipboard.writeText(text);
        announce(`${what} copied.`);
        element("ending").textContent = `${what} copied.`;
    } catch {
        announce("This browser does not let the page copy. Select the text instead.");
    }
}

for (const id of ["composer", "settings"]) {
    element(id).addEventListener("submit", event => {
        event.preventDefault();
        beginNew();
    });
}
element("prompt").addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        beginNew();
    }
});
document.addEventListener("keydown", event => {
    if (event.key === "Escape" && running) running.abort();
});
for (const id of ["stop", "stop-here"]) element(id).addEventListener("click", () => running?.abort());
element("continue").addEventListener("click", continueRun);
element("copy-text").addEventListener("click", () => copy(new TextDecoder().decode(continuation.bytes), "Text"));
element("save").addEventListener("click", () => save(continuation.bytes.slice(), "continuation.bin"));
element("copy-line").addEventListener("click", () => copy(element("line").textContent, "Line"));
element("save-prompt").addEventListener("click", () => save(composer.bytes, "prompt.bin"));
element("key").addEventListener("input", event => {
    server.key = event.target.value;
    showLine();
});
element("key").addEventListener("change", () => models.retry());
for (const radio of document.querySelectorAll("input[name=view]")) radio.addEventListener("change", () => showView(radio.value));
for (const radio of document.querySelectorAll("input[name=line-kind]")) radio.addEventListener("change", showLine);
for (const field of element("settings").elements) field.addEventListener("input", showLine);
grid.show(continuation);
textView.show(continuation);
hexView.show(continuation);
composer.begin();
