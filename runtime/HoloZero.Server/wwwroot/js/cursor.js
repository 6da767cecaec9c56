// One place in a row of many, moved by keys. To assistive technology it is a slider that says what it stands on.

/**
 * @param {HTMLElement} element gets role slider and the focus
 * @param {{ count: () => number, rowLength: () => number, words: (i: number) => string, moved: (i: number) => void }} what
 */
export function makeCursor(element, { count, rowLength, words, moved }) {
    let at = 0;
    element.setAttribute("role", "slider");
    element.tabIndex = 0;

    const tell = () => {
        const n = count();
        element.setAttribute("aria-valuemin", n === 0 ? "0" : "1");
        element.setAttribute("aria-valuemax", String(n));
        element.setAttribute("aria-valuenow", String(n === 0 ? 0 : at + 1));
        element.setAttribute("aria-valuetext", n === 0 ? "nothing yet" : words(at));
    };
    const go = i => {
        const n = count();
        if (n === 0) return;
        at = Math.max(0, Math.min(n - 1, i));
        tell();
        moved(at);
    };

    element.addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step = {
            ArrowRight: 1, ArrowLeft: -1, ArrowDown: rowLength(), ArrowUp: -rowLength(),
            PageDown: 8 * rowLength(), PageUp: -8 * rowLength(), Home: -Infinity, End: Infinity,
        }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        go(at + step);
    });
    element.addEventListener("focus", () => {
        if (element.matches(":focus-visible")) go(at);
    });
    tell();
    return { tell, get at() { return at; }, set at(i) { at = i; tell(); } };
}
