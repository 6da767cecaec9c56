// Decodes token by token with llama.cpp on the processor, greedily and from an empty context, and prints what a token took as JSON.
//   node llama.mjs THREADS FILE.gguf TOKENS ROUNDS
import fs from "node:fs";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const [threads, file, tokens, rounds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const context = await model.createContext({contextSize: tokens + 64, threads, batchSize: 512});
const sequence = context.getSequence();

const median = (values) => {
    const sorted = Float64Array.from(values).sort();
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

async function round() {
    await sequence.clearHistory();
    const times = [];
    let before = 0;
    for await (const _ of sequence.evaluate([1], {temperature: 0, yieldEogToken: true})) {
        const now = performance.now();
        // The first token came out of the call that filled the context, as our first byte does.
        if (before > 0) times.push(now - before);
        if (times.length === tokens) break;
        before = performance.now();
    }
    if (times.length < tokens) throw new Error(`llama.cpp ended after ${times.length} tokens`);
    times.sort((a, b) => a - b);
    return {median: median(times), p99: times[Math.ceil(0.99 * tokens) - 1], mean: times.reduce((a, b) => a + b) / tokens};
}

await round();
const results = [];
for (let i = 0; i < rounds; i++) results.push(await round());
// Of the libraries built for several processors one is loaded: its name says for which.
const maps = fs.existsSync("/proc/self/maps") ? fs.readFileSync("/proc/self/maps", "utf8") : "";
console.log(JSON.stringify({
    threads, tokens, rounds,
    median_milliseconds: median(results.map((r) => r.median)),
    p99_milliseconds: median(results.map((r) => r.p99)),
    mean_milliseconds: median(results.map((r) => r.mean)),
    file_bytes: fs.statSync(file).size,
    node_version: process.version,
    node_llama_cpp_version: JSON.parse(fs.readFileSync(new URL("node_modules/node-llama-cpp/package.json", import.meta.url))).version,
    llama_cpp_release: llama.llamaCppRelease.release,
    cpu_library: /libggml-cpu[^/\s]*/.exec(maps)?.[0] ?? "unknown",
    cpu_features: [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map((match) => match[1]).join(" "),
}));
process.exit(0);
