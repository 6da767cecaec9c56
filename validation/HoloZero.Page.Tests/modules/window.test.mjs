import assert from "node:assert/strict";
import test from "node:test";
import { kindOf } from "../../../runtime/HoloZero.Server/wwwroot/js/senses.js";
import { places } from "../../../runtime/HoloZero.Server/wwwroot/js/window-view.js";

const SHOWN = {
    picture: { start: 0, length: 256, width: 16, height: 16 }, sound: { start: 257, length: 256, samples_per_second: 8000 },
    caption: { start: 514, length: 24 },
    marks: [{ start: 256, expected: 254, found: 254 }, { start: 513, expected: 254, found: 7 }, { start: 538, expected: 255, found: 255 }],
};

test("every byte of a window has a name, and no byte two", () => {
    const named = places(SHOWN);
    assert.deepEqual(named.map(({ start, length }) => [start, length]), [[0, 256], [256, 1], [257, 256], [513, 1], [514, 24], [538, 1]]);
    assert.equal(named[1].name, "mark 254");
    assert.equal(named[3].name, "mark 254, but here is 7");
});

test("a dropped file is a picture, a sound, or bytes like any other", () => {
    assert.equal(kindOf({ type: "image/png", name: "a" }), "picture");
    assert.equal(kindOf({ type: "audio/x-wav", name: "a" }), "sound");
    assert.equal(kindOf({ type: "", name: "a.WAV" }), "sound");
    assert.equal(kindOf({ type: "", name: "all.bin" }), null);
    assert.equal(kindOf({ type: "text/plain", name: "wav" }), null);
});
