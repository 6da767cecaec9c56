// Writes a model for llama.cpp of the size of HoLo_ZeRo: llama architecture, d 512, 8 layers, vocabulary 258, 25.57 million parameters,
// seeded random weights, of which matrices are f32, q8_0 or q4_0.   node make-gguf.mjs f32|q8|q4 FILE
import fs from "node:fs";

const [kind, file] = process.argv.slice(2);
const [width, layers, heads, hidden, vocabulary] = [512, 8, 8, 1376, 258];
const block = 32;
const types = {f32: 0, q4: 2, q8: 8};
if (!(kind in types) || !file) {
    console.error("usage: node make-gguf.mjs f32|q8|q4 FILE");
    process.exit(2);
}

// mulberry32; four sums of it make a bell with a deviation of 0.02.
let state = 1;
function uniform() {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const bell = () => 0.02 * Math.sqrt(3) * (uniform() + uniform() + uniform() + uniform() - 2);

const bits = new DataView(new ArrayBuffer(4));
function half(x) {
    bits.setFloat32(0, x);
    const u = bits.getUint32(0);
    const [sign, exponent, mantissa] = [(u >>> 16) & 0x8000, ((u >>> 23) & 0xff) - 112, u & 0x7fffff];
    if (exponent <= 0 || exponent >= 31) throw new Error(`${x} is no normal number in half precision`);
    // To the nearest, ties to even; a carry out of the mantissa raises the exponent, as it should.
    const [kept, rest] = [mantissa >>> 13, mantissa & 0x1fff];
    return sign | ((exponent << 10) + kept + (rest > 0x1000 || (rest === 0x1000 && kept & 1) ? 1 : 0));
}

function q8(weights) {
    const out = Buffer.alloc(weights.length / block * (2 + block));
    for (let start = 0, at = 0; start < weights.length; start += block, at += 2 + block) {
        const values = weights.subarray(start, start + block);
        const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127;
        out.writeUInt16LE(half(scale), at);
        values.forEach((x, i) => out.writeInt8(Math.max(-127, Math.min(127, Math.round(x / scale))), at + 2 + i));
    }
    return out;
}

function q4(weights) {
    const out = Buffer.alloc(weights.length / block * (2 + block / 2));
    for (let start = 0, at = 0; start < weights.length; start += block, at += 2 + block / 2) {
        const values = weights.subarray(start, start + block);
        // The value of the greatest size becomes -8 exactly.
        const scale = values.reduce((most, x) => Math.abs(x) > Math.abs(most) ? x : most, 0) / -8;
        const level = (x) => Math.max(0, Math.min(15, Math.floor(x / scale + 8.5)));
        out.writeUInt16LE(half(scale), at);
        for (let i = 0; i < block / 2; i++) out[at + 2 + i] = level(values[i]) | (level(values[i + block / 2]) << 4);
    }
    return out;
}

const u32 = (x) => { const b = Buffer.alloc(4); b.writeUInt32LE(x); return b; };
const u64 = (x) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(x)); return b; };
const f32 = (x) => { const b = Buffer.alloc(4); b.writeFloatLE(x); return b; };
const text = (x) => Buffer.concat([u64(Buffer.byteLength(x)), Buffer.from(x)]);
const array = (type, values, write) => Buffer.concat([u32(type), u64(values.length), ...values.map(write)]);
const [U32, I32, F32, TEXT, ARRAY] = [4, 5, 6, 8, 9];
const entry = (key, type, value) => Buffer.concat([text(key), u32(type), value]);
const padding = (length) => Buffer.alloc((block - length % block) % block);

const tokens = ["<unk>", "<s>", "</s>",
    ...Array.from({length: vocabulary - 3}, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`)];
const metadata = [
    entry("general.architecture", TEXT, text("llama")),
    entry("general.name", TEXT, text("random")),
    entry("llama.context_length", U32, u32(2048)),
    entry("llama.embedding_length", U32, u32(width)),
    entry("llama.block_count", U32, u32(layers)),
    entry("llama.feed_forward_length", U32, u32(hidden)),
    entry("llama.attention.head_count", U32, u32(heads)),
    entry("llama.attention.head_count_kv", U32, u32(heads)),
    entry("llama.rope.dimension_count", U32, u32(width / heads)),
    entry("llama.attention.layer_norm_rms_epsilon", F32, f32(1e-5)),
    entry("llama.vocab_size", U32, u32(vocabulary)),
    entry("tokenizer.ggml.model", TEXT, text("llama")),
    entry("tokenizer.ggml.tokens", ARRAY, array(TEXT, tokens, text)),
    entry("tokenizer.ggml.scores", ARRAY, array(F32, tokens, () => f32(0))),
    // Unknown, two of control, bytes.
    entry("tokenizer.ggml.token_type", ARRAY, array(I32, tokens.map((_, i) => [2, 3, 3][i] ?? 6), u32)),
    entry("tokenizer.ggml.bos_token_id", U32, u32(1)),
    entry("tokenizer.ggml.eos_token_id", U32, u32(2)),
];

const [descriptions, parts] = [[], []];
let offset = 0;
function add(name, ...shape) {
    const isMatrix = shape.length > 1;
    const weights = Float32Array.from({length: shape.reduce((a, b) => a * b)}, () => isMatrix ? bell() : 1);
    const data = isMatrix && kind === "q8" ? q8(weights) : isMatrix && kind === "q4" ? q4(weights) : Buffer.from(weights.buffer);
    descriptions.push(Buffer.concat([text(name), u32(shape.length), ...shape.toReversed().map(u64),
        u32(isMatrix ? types[kind] : types.f32), u64(offset)]));
    parts.push(data, padding(data.length));
    offset += data.length + padding(data.length).length;
}

add("token_embd.weight", vocabulary, width);
add("output_norm.weight", width);
add("output.weight", vocabulary, width);
for (let layer = 0; layer < layers; layer++) {
    const name = (part) => `blk.${layer}.${part}.weight`;
    add(name("attn_norm"), width);
    for (const part of ["attn_q", "attn_k", "attn_v", "attn_output"]) add(name(part), width, width);
    add(name("ffn_norm"), width);
    add(name("ffn_gate"), hidden, width);
    add(name("ffn_up"), hidden, width);
    add(name("ffn_down"), width, hidden);
}

const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(descriptions.length), u64(metadata.length), ...metadata, ...descriptions]);
fs.writeFileSync(`${file}.partial`, Buffer.concat([head, padding(head.length), ...parts]));
fs.renameSync(`${file}.partial`, file);
