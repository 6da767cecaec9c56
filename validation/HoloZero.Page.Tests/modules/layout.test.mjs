import assert from "node:assert/strict";
import test from "node:test";
import { Continuation, percent, surpriseStep } from "../../../runtime/HoloZero.Server/wwwroot/js/continuation.js";
import { eigen, principalAxes } from "../../../runtime/HoloZero.Server/wwwroot/js/projection.js";
import { RowBreaker } from "../../../runtime/HoloZero.Server/wwwroot/js/rows.js";

const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

test("eigenvectors are what the definition says", () => {
    const matrix = [[4, 1, -2, 0], [1, 3, 0, 1], [-2, 0, 5, 2], [0, 1, 2, 1]];
    const found = eigen(matrix);
    near(found.reduce((sum, pair) => sum + pair.value, 0), 13);
    for (const { value, vector } of found) {
        matrix.forEach((row, i) => near(row.reduce((sum, x, j) => sum + x * vector[j], 0), value * vector[i]));
        near(Math.hypot(...vector), 1);
    }
    assert.deepEqual(found.map(pair => pair.value), found.map(pair => pair.value).toSorted((a, b) => b - a));
});

test("a cloud on a line has one axis, and a column that never changes takes no part", () => {
    const { points, shares, axes } = principalAxes(Array.from({ length: 9 }, (_, i) => [i, 7, -2 * i]), 2);
    near(shares[0], 1);
    near(shares[1], 0);
    near(axes[0][1], 0);
    points.forEach((point, i) => near(point[0], (i - 4) * points[5][0]));
});

test("rows hold every byte once, break after newlines and between words", () => {
    const text = new TextEncoder().encode("In the beginning\nGod created averyveryverylongword and so on, and on.");
    const whole = new RowBreaker(12);
    whole.extend(i => text[i], text.length);
    const growing = new RowBreaker(12);
    for (let end = 1; end <= text.length; end++) growing.extend(i => text[i], end);
    assert.deepEqual(growing.starts, whole.starts);

    const rows = Array.from({ length: whole.count },
        (_, row) => new TextDecoder().decode(text.subarray(whole.starts[row], whole.end(row))));
    assert.equal(rows.join(""), new TextDecoder().decode(text));
    assert.ok(rows.every(row => row.length <= 12));
    assert.deepEqual(rows.slice(0, 3), ["In the ", "beginning\n", "God created "]);
});

test("a text that ends with a newline has no empty row, and no text has no row", () => {
    const breaker = new RowBreaker(10);
    assert.equal(breaker.count, 0);
    breaker.extend(() => 0x0a, 1);
    assert.equal(breaker.count, 1);
});

test("a continuation keeps what came, however much", () => {
    const continuation = new Continuation();
    for (let i = 0; i < 1000; i++) continuation.add({ byte: i & 255, p: i % 2 ? 0.5 : 0.25, top: null, drafted: i % 4 === 0 });
    assert.deepEqual(Array.from(continuation.bytes), Array.from({ length: 1000 }, (_, i) => i & 255));
    assert.deepEqual(continuation.at(4), { byte: 4, p: 0.25, drafted: true, top: null });
    near(continuation.bitsPerByte, 1.5);
    assert.equal(continuation.draftedCount, 250);
});

test("probabilities read well from certain to absurd", () => {
    assert.deepEqual([1, 0.996, 0.5, 0.0999, 0.0666, 0.001, 0.0001, Number.NaN].map(percent),
        ["100", "99", "50", "10", "6.7", "0.1", "<.1", "–"]);
    assert.deepEqual([1, 0.5, 0.2, 0.1, 0.01].map(surpriseStep), [0, 1, 2, 3, 4]);
});
