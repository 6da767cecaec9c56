// Which bytes stand in which row, found once as bytes come: only the last row can change.

/** Breaks at newlines and, where it can, after a space. Row i holds the indices starts[i] to starts[i + 1]. */
export class RowBreaker {
    #columns;

    /** @param {number} columns bytes in a row at most */
    constructor(columns) {
        this.#columns = Math.max(1, columns);
        this.starts = [0];
        this.length = 0;
    }

    get count() {
        return this.length === 0 ? 0 : this.starts.length - (this.starts.at(-1) === this.length ? 1 : 0);
    }

    /** Takes the bytes from this.length to the end of what at(i) tells. */
    extend(at, end) {
        for (; this.length < end; this.length++) {
            const start = this.starts.at(-1);
            if (this.length - start >= this.#columns) this.starts.push(this.#breakBefore(at, start));
            if (at(this.length) === 0x0a) this.starts.push(this.length + 1);
        }
    }

    end(row) {
        return row + 1 < this.starts.length ? this.starts[row + 1] : this.length;
    }

    #breakBefore(at, start) {
        // A space that hangs over the end goes with its word; a word longer than half a row is cut.
        for (let i = this.length; i > start + this.#columns / 2; i--) {
            if (at(i - 1) === 0x20) return i;
        }
        return this.length;
    }
}
