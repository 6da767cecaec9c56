// Shows the rows of a tall list that can be seen, and no others: thousands of bytes cost what a screenful costs.

const OVERSCAN = 2;

export class VirtualRows {
    #pane;
    #spacer;
    #rowHeight = 1;
    #shown = new Map();
    #render;

    /**
     * @param {HTMLElement} pane scrolls @param {(row: number) => HTMLElement} render makes a row
     */
    constructor(pane, render) {
        this.#pane = pane;
        this.#render = render;
        this.#spacer = document.createElement("div");
        this.#spacer.className = "rows";
        pane.replaceChildren(this.#spacer);
        pane.addEventListener("scroll", () => this.update(), { passive: true });
        this.count = 0;
    }

    /** Forgets every row that is shown. */
    reset(rowHeight) {
        this.#rowHeight = rowHeight;
        this.#shown.clear();
        this.#spacer.replaceChildren();
    }

    /** Whether the end is in sight, so that new rows should pull it along. */
    get atEnd() {
        return this.#pane.scrollTop + this.#pane.clientHeight >= this.#spacer.offsetHeight - this.#rowHeight * 1.5;
    }

    /** Before update, while nothing but the height has changed: the browser lays out once. */
    scrollToEnd() {
        this.#stretch();
        this.#pane.scrollTop = this.count * this.#rowHeight;
    }

    /** Brings a row into sight, in the pane and with it in the page. */
    scrollTo(row) {
        const top = row * this.#rowHeight;
        if (top < this.#pane.scrollTop) this.#pane.scrollTop = top;
        const bottom = top + this.#rowHeight - this.#pane.clientHeight;
        if (bottom > this.#pane.scrollTop) this.#pane.scrollTop = bottom + 8;
        this.update();
        this.#shown.get(row)?.scrollIntoView({ block: "nearest" });
    }

    #stretch() {
        const height = `${this.count * this.#rowHeight}px`;
        if (this.#spacer.style.height !== height) this.#spacer.style.setProperty("height", height);
    }

    /** Makes what is to be seen; rows from `stale` on are made anew. */
    update(stale = Infinity) {
        this.#stretch();
        const { scrollTop, clientHeight } = this.#pane;
        const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - OVERSCAN);
        const last = Math.min(this.count - 1, Math.ceil((scrollTop + clientHeight) / this.#rowHeight) + OVERSCAN);
        for (const [row, element] of this.#shown) {
            if (row >= first && row <= last && row < stale) continue;
            element.remove();
            this.#shown.delete(row);
        }
        for (let row = first; row <= last; row++) {
            if (this.#shown.has(row)) continue;
            const element = this.#render(row);
            element.style.setProperty("transform", `translateY(${row * this.#rowHeight}px)`);
            this.#shown.set(row, element);
            this.#spacer.append(element);
        }
    }
}
