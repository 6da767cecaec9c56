// One byte of the continuation: how likely it was and what else could have stood there.
import { alternatives, END } from "./api.js";
import { describe, glyph } from "./bytes.js";
import { percent } from "./continuation.js";
import { element } from "./page.js";

const PLACES = ["the likeliest", "second", "third", "fourth", "fifth"];

/** Shows what is known of one byte; `asked` alternatives were asked for, and the chosen byte comes even where it is none of them. */
export function inspect({ byte, p, top, drafted }, asked) {
    const others = alternatives(top);
    element("inspector-empty").hidden = true;
    element("inspector-byte").hidden = false;
    element("inspected-glyph").textContent = face(byte);
    element("inspected-words").textContent = describe(byte);
    element("inspected-p").textContent = `${percent(p)} %`;
    const rank = others.findIndex(other => other.id === byte);
    element("inspected-rank").textContent = rank < 0 || asked === 0 ? "" : rank < asked ? PLACES[rank] : `not among the ${asked} likeliest`;
    element("inspected-draft").hidden = !drafted;
    const most = Math.max(...others.map(other => other.p), 1e-9);
    element("others").replaceChildren(...others.map(other => line(other, byte, most)));
}

/** Shows that nothing is pointed at. */
export function inspectNothing() {
    element("inspector-empty").hidden = false;
    element("inspector-byte").hidden = true;
}

const face = id => (id === 0x20 ? "␣" : id === END ? "end" : glyph(id));

function line({ id, p }, chosen, most) {
    const item = document.createElement("li");
    item.className = id === chosen ? "chosen" : "";
    const what = document.createElement("b");
    what.textContent = face(id);
    what.title = id === END ? "the model's own end" : describe(id);
    const bar = document.createElement("i");
    bar.style.setProperty("--p", String(p / most));
    const share = document.createElement("span");
    share.textContent = `${percent(p)} %`;
    const said = document.createElement("span");
    said.className = "visually-hidden";
    said.textContent = `${id === END ? "end" : describe(id)}${id === chosen ? ", chosen" : ""}: `;
    item.append(said, what, bar, share);
    what.setAttribute("aria-hidden", "true");
    return item;
}
