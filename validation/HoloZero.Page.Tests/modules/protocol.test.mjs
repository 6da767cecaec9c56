import assert from "node:assert/strict";
import test from "node:test";
import { alternatives, END, inWords, parts } from "../../../runtime/HoloZero.Server/wwwroot/js/api.js";
import { EventParser, eventBatches } from "../../../runtime/HoloZero.Server/wwwroot/js/sse.js";

const STREAM = ": heartbeat\n\ndata: {\"a\":1}\r\n\r\nevent: x\n"
    + "data:two\ndata:  lines\n\nid: 3\n\ndata\n\ndata: 태초\r\rdata: [DONE]\n\n";
const EVENTS = ["{\"a\":1}", "two\n lines", "", "태초", "[DONE]"];

test("events are the same wherever the stream is cut", async () => {
    const bytes = new TextEncoder().encode(STREAM);
    for (let cut = 0; cut <= bytes.length; cut++) {
        const body = new ReadableStream({
            start(controller) {
                controller.enqueue(bytes.slice(0, cut));
                controller.enqueue(bytes.slice(cut));
                controller.close();
            },
        });
        const events = [];
        for await (const batch of eventBatches(body)) events.push(...batch);
        assert.deepEqual(events, EVENTS, `cut at ${cut}`);
    }
});

test("an event that is not ended by an empty line is none", () => {
    assert.deepEqual(new EventParser().push("data: half\n"), []);
});

test("a chunk's bytes come with probabilities, alternatives and drafts", () => {
    const found = parts(JSON.stringify({
        choices: [{
            text: "", finish_reason: "length",
            logprobs: {
                tokens: ["5", "bytes:\\xed"], token_ids: [0x35, 0xed],
                token_logprobs: [Math.log(0.5), Math.log(0.25)], drafted: [false, true],
                top_logprobs: [{ 5: Math.log(0.5), " ": Math.log(0.3) },
                    { "bytes:\\xed": Math.log(0.25), a: Math.log(0.7), "<eos>": Math.log(0.01) }],
            },
        }], usage: null,
    }));
    assert.deepEqual(found.map(part => part.byte), [0x35, 0xed, undefined]);
    assert.ok(Math.abs(found[1].p - 0.25) < 1e-12);
    assert.deepEqual(alternatives(found[1].top).map(other => other.id), [0x61, 0xed, END]);
    assert.deepEqual([found[0].drafted, found[1].drafted, found[2].finish], [false, true, "length"]);
    assert.deepEqual(parts("{\"choices\":[],\"usage\":{\"prompt_tokens\":3}}"), [{ usage: { prompt_tokens: 3 } }]);
    assert.deepEqual(parts("{\"choices\":[{\"text\":\"x\",\"logprobs\":null,\"finish_reason\":null}]}"), []);
    assert.deepEqual(parts("{\"error\":{\"message\":\"The model stopped.\"}}"), [{ error: "The model stopped." }]);
});

test("alternatives are told by byte, the likeliest first", () => {
    assert.deepEqual(alternatives({ 0: -3, "bytes:\\x80": -1, "\u0000": -2 }).map(other => other.id), [0x80, 0x00, 0x30]);
    assert.deepEqual(alternatives(null), []);
});

test("refusals are told in words, with the server's own and the time to wait", () => {
    assert.match(inWords(429, "256 requests wait.", 3), /busy.*Try again in 3 s.*256 requests wait/);
    assert.match(inWords(503, "", null), /loading/);
    assert.match(inWords(400, "temperature is -1", null), /HTTP 400.*temperature is -1/);
});
