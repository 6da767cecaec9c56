// The judge is a shell: what it hands to printf and to a program is what was quoted.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { bytesLine, completionsLine, printfFormat, quote } from "../../../runtime/HoloZero.Server/wwwroot/js/curl.js";
import { bytesQuery, completionBody, parseBias, unescape } from "../../../runtime/HoloZero.Server/wwwroot/js/settings.js";
import { shellLine } from "../../../runtime/HoloZero.Server/wwwroot/js/shell-line.js";

const SHELLS = ["sh", "bash", "dash"].filter(shell => spawnSync(shell, ["-c", "true"]).status === 0);

function run(shell, script) {
    const done = spawnSync(shell, ["-c", script], { env: { ...process.env, HOLOZERO_API_KEY: "secret" } });
    assert.equal(done.status, 0, done.stderr.toString());
    return new Uint8Array(done.stdout);
}

test("printf prints every byte, beside every kind of neighbour", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const nasty = new TextEncoder().encode("-n '$(id)' `id` \"$HOME\" \\ \\n %s %% !! \\0 7\n\n");
    const digitsAfter = Uint8Array.from([0, 0x31, 0xff, 0x37, 0x37, 0x5c, 0x30, 0x25, 0x64]);
    for (const shell of SHELLS) {
        for (const bytes of [all, nasty, digitsAfter, Uint8Array.of(0x2d), new Uint8Array()]) {
            assert.deepEqual(run(shell, `printf ${printfFormat(bytes)}`), bytes, shell);
        }
    }
});

test("a quoted word is one word and no more than text", () => {
    const text = "it's $HOME `id` \\ \"x\"\n!";
    for (const shell of SHELLS) {
        assert.equal(new TextDecoder().decode(run(shell, `printf %s ${quote(text)}`)), text);
    }
});

test("a line hands curl the bytes, the query and a key that is not in it", () => {
    const prompt = Uint8Array.of(0, 0x27, 0xff, 0x0a);
    const line = bytesLine("http://127.0.0.1:1", prompt, [["max_bytes", "5"], ["model", "a b&c"]], true);
    assert.doesNotMatch(line, /secret/);
    const script = `curl() { printf '%s\\n' "$@"; cat; }\n${line}`;
    for (const shell of SHELLS) {
        const out = run(shell, script);
        const words = new TextDecoder("latin1").decode(out);
        assert.match(words, /Authorization: Bearer secret\n/);
        assert.match(words, /\nhttp:\/\/127\.0\.0\.1:1\/v1\/bytes\?max_bytes=5&model=a\+b%26c\n/);
        assert.deepEqual(out.subarray(-4), prompt);
    }
});

test("the completions line hands curl the same JSON", () => {
    const body = completionBody({ model: "it's", max_tokens: 3, stop: ["'\n"], seed: "7" }, Uint8Array.of(1, 2));
    for (const shell of SHELLS) {
        const out = new TextDecoder().decode(run(shell, `curl() { printf '%s\\n' "$@"; }\n${completionsLine("http://h", body, false)}`));
        assert.deepEqual(JSON.parse(out.split("\n").find(part => part.startsWith("{"))), body);
    }
    assert.deepEqual(body.prompt, [1, 2]);
    assert.equal(body.seed, 7);
});

test("settings become the query of the raw endpoint, or none where it lacks a name", () => {
    const settings = { max_tokens: 9, logprobs: 5, model: "demo", temperature: 0.7, top_k: 40, stop: ["\n\n", "é"], seed: "3" };
    assert.deepEqual(bytesQuery(settings), [["max_bytes", "9"], ["model", "demo"], ["temperature", "0.7"], ["top_k", "40"],
        ["stop", "0a0a"], ["stop", "c3a9"], ["seed", "3"]]);
    assert.deepEqual(bytesQuery({ max_tokens: 9, temperature: 0, top_k: 3, repetition_penalty: 1.1 }),
        [["max_bytes", "9"], ["repetition_penalty", "1.1"], ["greedy", "true"]]);
    assert.equal(bytesQuery({ max_tokens: 9, presence_penalty: 1 }), null);
    const biased = shellLine("bytes", "http://h", Uint8Array.of(65), { max_tokens: 9, logit_bias: { 10: -1 } }, false);
    assert.match(biased.line, /v1\/completions/);
    assert.match(shellLine("bytes", "http://h", new Uint8Array(20_000), { max_tokens: 9 }, false).line, /^curl .*@prompt\.bin/);
});

test("stop lines and bias are read or refused in words", () => {
    assert.equal(unescape("a\\n\\t\\\\\\x41"), "a\n\t\\A");
    assert.throws(() => unescape("\\q"), /\\q/);
    assert.throws(() => unescape("\\xff"), /not understood/);
    assert.deepEqual(parseBias("10:-100, 32:1.5"), { 10: -100, 32: 1.5 });
    assert.equal(parseBias(" "), null);
    for (const wrong of ["256:1", "10", "10:101", "x:1"]) assert.throws(() => parseBias(wrong), /not understood/);
});
