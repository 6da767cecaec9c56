// Which models there are, and whether the chosen one is ready: asked often while it loads, seldom afterwards.
import { element } from "./page.js";

const SOON = 1000;
const LATER = 15_000;

const WORDS = { ready: "ready", loading: "the model is loading", gone: "the server cannot be reached", key: "an API key is needed" };

/** Fills the list of models and tells `changed` whenever what is known of them changes. */
export function watchModels(server, changed) {
    const select = element("model");
    let models = [];
    let state = "unknown";
    let timer = 0;

    const chosen = () => models.find(model => model.id === select.value);

    const limit = () => {
        const most = chosen()?.holozero?.max_tokens;
        if (most) document.querySelector("[name=max_tokens]").max = most;
    };

    const show = next => {
        element("state").dataset.state = next;
        const own = chosen()?.holozero;
        const facts = next === "ready" && own?.parameters
            ? `, ${(own.parameters / 1e6).toFixed(1)} million parameters, ${own.variant}; 0 of them at the door` : "";
        const words = `${WORDS[next]}${facts}`;
        if (element("state-words").textContent !== words) element("state-words").textContent = words;
    };

    const list = found => {
        models = found;
        const ids = found.map(model => model.id);
        if ([...select.options].map(option => option.value).join("\n") === ids.join("\n")) return;
        select.replaceChildren(...ids.map(id => new Option(id, id)));
    };

    const ask = async () => {
        clearTimeout(timer);
        let next = await server.readiness();
        let found = models;
        if (next !== "gone") {
            try {
                found = await server.models();
            } catch (error) {
                next = error.status === 401 ? "key" : next;
            }
        }
        const before = `${state} ${JSON.stringify(models)}`;
        list(found);
        limit();
        state = next;
        show(next);
        if (`${state} ${JSON.stringify(models)}` !== before) changed();
        timer = setTimeout(ask, next === "ready" ? LATER : SOON);
    };

    select.addEventListener("change", () => {
        limit();
        show(state);
        changed();
    });
    ask();
    return {
        /** K of the chosen model: bytes a prefix slot; null while it is not known. */
        slotBytes: () => chosen()?.holozero?.slot_bytes ?? null,
        retry: ask,
    };
}
