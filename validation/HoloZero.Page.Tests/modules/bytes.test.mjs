// UTF-8 is held against the platform's own decoder: what it takes for a character is one, all else is none.
import assert from "node:assert/strict";
import test from "node:test";
import { characterAround, characterLength, classOf, CLASSES, concat, describe, editableText, fromHex, glyph, isUnfinished, pieces, toHex }
    from "../../../runtime/HoloZero.Server/wwwroot/js/bytes.js";

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const bytesOf = text => new TextEncoder().encode(text);

/** Whether these bytes, all of them, are one character. */
function isOneCharacter(bytes) {
    const text = lenient.decode(bytes);
    return [...text].length === 1 && (text !== "\ufffd" || bytes.join() === "239,191,189");
}

test("every one and two bytes, and three and four on the borders", () => {
    const edges = [0x7f, 0x80, 0xbf, 0xc0];
    const check = (...bytes) => {
        const array = Uint8Array.from(bytes);
        assert.equal(characterLength(array, 0) === array.length, isOneCharacter(array), bytes.join(" "));
    };
    for (let a = 0; a < 256; a++) {
        check(a);
        for (let b = 0; b < 256; b++) {
            check(a, b);
            if (a < 0xdf) continue;
            for (const c of edges) {
                check(a, b, c);
                if (a >= 0xef) for (const d of edges) check(a, b, c, d);
            }
        }
    }
});

test("every byte of a character leads back to its start, and a stray one to none", () => {
    const text = bytesOf("a한é😀z");
    const starts = [0, 1, 1, 1, 4, 4, 6, 6, 6, 6, 10];
    starts.forEach((start, i) => assert.equal(characterAround(text, i).start, start));
    assert.deepEqual(characterAround(Uint8Array.of(0x41, 0x80, 0xc3), 1), { start: 1, length: 0 });
    assert.deepEqual(characterAround(Uint8Array.of(0x41, 0x80, 0xc3), 2), { start: 2, length: 0 });
});

test("a character that is still coming is unfinished, a broken one is not", () => {
    for (const text of ["é", "한", "😀", "\u0800", "\u{10000}", "\u{10ffff}", "\ud7ff"]) {
        const bytes = bytesOf(text);
        for (let cut = 1; cut < bytes.length; cut++) assert.equal(isUnfinished(bytes.subarray(0, cut), 0), true, `${text} cut at ${cut}`);
        assert.equal(isUnfinished(bytes, 0), false);
    }
    for (const broken of [[0xff], [0xc0], [0x80], [0xe0, 0x80], [0xed, 0xa0], [0xf4, 0x90], [0xf0, 0x8f], [0x41]]) {
        assert.equal(isUnfinished(Uint8Array.from(broken), 0), false, broken.join(" "));
    }
});

test("pieces lose nothing, whatever the bytes", () => {
    let seed = 1;
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let round = 0; round < 500; round++) {
        const bytes = Uint8Array.from({ length: 40 }, () => (random() < 0.5 ? 0x80 + random() * 128 : random() * 256));
        const back = concat(...pieces(bytes).map(part => (part.text === undefined ? Uint8Array.of(part.byte) : bytesOf(part.text))));
        assert.deepEqual(back, bytes);
    }
});

test("text that a field gives back unchanged is editable, NUL, CR and broken UTF-8 are not", () => {
    for (const text of ["", "And the LORD", "태초에\n\t하나님", "\ufeffwith a mark"]) assert.equal(editableText(bytesOf(text)), text);
    for (const bytes of [[0], [0x41, 0x0d, 0x0a], [0xff], [0xc3], [0x1b]]) assert.equal(editableText(Uint8Array.from(bytes)), null);
});

test("hexadecimal comes back, and what is none is told", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    assert.deepEqual(fromHex(toHex(all)), all);
    assert.deepEqual(fromHex("41 00,FF\n0a0b"), Uint8Array.of(0x41, 0, 0xff, 0x0a, 0x0b));
    assert.throws(() => fromHex("41 zz"), /zz.*not hexadecimal/);
    assert.throws(() => fromHex("41 0"), /odd number/);
});

test("each byte has one class, a face and a name", () => {
    const counts = new Array(CLASSES.length).fill(0);
    for (let byte = 0; byte < 256; byte++) {
        counts[classOf(byte)]++;
        assert.ok(glyph(byte).length >= 1 && glyph(byte).length <= 2);
        assert.ok(describe(byte).endsWith(`, ${byte}`));
    }
    // 52 letters, 10 digits, 32 marks, 128 above, space and tab, LF and CR, 30 other controls.
    assert.deepEqual(counts, [52, 10, 32, 128, 2, 2, 30]);
    assert.equal(describe(0x2c), "comma, 0x2c, 44");
    assert.equal(describe(0x7e), "tilde, 0x7e, 126");
});
