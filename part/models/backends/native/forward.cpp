// ParT's forward pass on packed tokens: no padding, a group of jets at a time, so that all of it stays in the cache.
//
// Norms' weights are folded into the linear maps that follow (forward.py).
//
// Shapes: T tokens of a group, F features, D channels, H heads of d channels, n tokens of a jet.

#include "attention.h"
#include "pairs.h"
#include <numeric>

struct Block {
    Linear qkv, ask, out, up, down; // ask: of a class block, the queries of the token, which is not normalised
    const float *post_scale, *post_shift, *residual;
};

struct Net {
    int64_t width, heads, layers, class_layers, embeds, pairs, classes;
    const float *input_scale, *input_shift, *token;
    const Linear *embed, *pair;
    const Block *blocks, *class_blocks;
    Linear head;
};

// Jets that go through the network together.
struct Jets {
    std::vector<float> features, momenta; // (T, F), (T, 4)
    std::vector<int64_t> lengths;
    int64_t tokens;
};

// What follows the attention in a block: x (rows, D) takes what the heads wrote, then the feed-forward part.
static void finish(const Block &block, float *x, int64_t rows, int64_t width, const float *mixed, Buffers &s) {
    float *wrote = s.get(s.b, rows * width), *normed = s.get(s.a, rows * width);
    apply<PLAIN>(block.out, mixed, rows, wrote, s);
    normalise(wrote, rows, width, wrote);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++)
            x[r * width + i] += wrote[r * width + i] * block.post_scale[i] + block.post_shift[i];
    normalise(x, rows, width, normed);
    float *hidden = s.get(s.hidden, rows * block.up.outputs);
    apply<GELU>(block.up, normed, rows, hidden, s);
    normalise(hidden, rows, block.up.outputs, hidden);
    apply<PLAIN>(block.down, hidden, rows, wrote, s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++)
            x[r * width + i] = x[r * width + i] * block.residual[i] + wrote[r * width + i];
}

// Features (T, F), which are changed, -> states (T, D).
static void embed(const Net &net, Jets &jets, float *state, Buffers &s) {
    float *x = jets.features.data();
    int64_t inputs = net.embed[0].inputs;
    for (int64_t t = 0; t < jets.tokens; t++)
        for (int64_t f = 0; f < inputs; f++)
            x[t * inputs + f] = x[t * inputs + f] * net.input_scale[f] + net.input_shift[f];
    for (int64_t l = 0; l < net.embeds; l++) {
        const Linear &map = net.embed[l];
        float *normed = s.get(s.a, jets.tokens * map.inputs);
        normalise(x, jets.tokens, map.inputs, normed);
        x = l + 1 == net.embeds ? state : s.get(l % 2 ? s.b : s.hidden, jets.tokens * map.outputs);
        apply<GELU>(map, normed, jets.tokens, x, s);
    }
}

// A particle block on the states (T, D); bias: the jets' in a row, or null.
static void mix(const Net &net, const Block &block, const Jets &jets, const float *bias, float *state, Buffers &s) {
    int64_t width = net.width, tokens = jets.tokens, first = 0;
    float *normed = s.get(s.a, tokens * width), *qkv = s.get(s.qkv, tokens * 3 * width);
    float *mixed = s.get(s.mixed, tokens * width);
    normalise(state, tokens, width, normed);
    apply<PLAIN>(block.qkv, normed, tokens, qkv, s);
    for (int64_t n : jets.lengths) {
        Rows q = {qkv + first * 3 * width, 3 * width}, k = {q.at + width, q.stride}, v = {k.at + width, q.stride};
        attend(net.heads, width, q, n, k, v, n, bias, mixed + first * width, s);
        first += n;
        if (bias) bias += net.heads * n * padded(n);
    }
    finish(block, state, tokens, width, mixed, s);
}

// A class block: each jet's token (D) asks itself and the jet's states (n, D).
static void ask(const Net &net, const Block &block, const Jets &jets, const float *state, float *token, Buffers &s) {
    int64_t width = net.width, count = jets.lengths.size(), answering = jets.tokens + count;
    float *normed = s.get(s.a, answering * width), *kv = s.get(s.qkv, answering * 2 * width), *row = normed;
    float *mixed = s.get(s.mixed, count * width), *q = s.get(s.hidden, count * width);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise(token + b * width, 1, width, row);
        normalise(state, n, width, row + width);
        row += (1 + n) * width;
        state += n * width;
    }
    apply<PLAIN>(block.qkv, normed, answering, kv, s, width, 3 * width);
    apply<PLAIN>(block.ask, token, count, q, s);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        Rows k = {kv, 2 * width}, v = {kv + width, 2 * width};
        attend(net.heads, width, {q + b * width, width}, 1, k, v, n, nullptr, mixed + b * width, s);
        kv += n * 2 * width;
    }
    finish(block, token, count, width, mixed, s);
}

// A group's pair bias, jet after jet.
static float *pair_biases(const Net &net, const Jets &jets, Buffers &s) {
    int64_t room = 0;
    for (int64_t n : jets.lengths) room += net.heads * n * padded(n);
    float *bias = s.get(s.bias, room), *at = bias;
    const float *v = jets.momenta.data();
    for (int64_t n : jets.lengths) {
        pair_bias(net.pair, net.pairs, net.heads, v, n, at, s);
        v += 4 * n;
        at += net.heads * n * padded(n);
    }
    return bias;
}

// -> logits (jets, classes).
static void group(const Net &net, Jets &jets, float *logits, Buffers &s) {
    int64_t width = net.width, count = jets.lengths.size();
    float *state = s.get(s.state, jets.tokens * width), *token = s.get(s.token, count * width);
    embed(net, jets, state, s);
    const float *bias = net.pairs ? pair_biases(net, jets, s) : nullptr;
    for (int64_t l = 0; l < net.layers; l++) mix(net, net.blocks[l], jets, bias, state, s);
    for (int64_t b = 0; b < count; b++) std::copy_n(net.token, width, token + b * width);
    for (int64_t l = 0; l < net.class_layers; l++) ask(net, net.class_blocks[l], jets, state, token, s);
    float *normed = s.get(s.a, count * width), *out = s.get(s.b, count * net.head.outputs);
    normalise(token, count, width, normed);
    apply<PLAIN>(net.head, normed, count, out, s);
    for (int64_t b = 0; b < count; b++)
        std::copy_n(out + b * net.head.outputs, net.classes, logits + b * net.classes);
}

// Where groups of jets begin, and the end: each of so many tokens that they stay in the cache, and fewer where there
// are not enough of them for all threads. lengths: of all jets.
static std::vector<int64_t> cut(const std::vector<int64_t> &lengths, int64_t threads) {
    int64_t total = std::accumulate(lengths.begin(), lengths.end(), int64_t(0)), tokens = 0;
    int64_t enough = std::min<int64_t>(160, total / threads);
    std::vector<int64_t> starts = {0};
    for (size_t b = 0; b < lengths.size(); b++) {
        tokens += lengths[b];
        if (tokens >= enough || b + 1 == lengths.size()) starts.push_back(b + 1), tokens = 0;
    }
    return starts;
}

// x (B, N, F), v (B, N, 4), mask (B, N) -> logits (B, C). It tells how many bytes it needed beside these.
extern "C" int64_t forward(const Net *net, const float *x, const float *v, const bool *mask, float *logits,
                           int64_t jets, int64_t particles, int64_t inputs, int64_t threads) {
    std::vector<int64_t> lengths(jets);
    for (int64_t b = 0; b < jets; b++) lengths[b] = std::count(mask + b * particles, mask + (b + 1) * particles, true);
    const std::vector<int64_t> starts = cut(lengths, threads);
    const int64_t groups = starts.size() - 1;
    int64_t bytes = 0;
#pragma omp parallel num_threads(std::max<int64_t>(1, std::min(threads, groups))) reduction(+ : bytes)
    {
        [[maybe_unused]] Tiles tiles;
        Buffers scratch;
        Jets some;
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < groups; g++) {
            some.features.clear(), some.momenta.clear();
            for (int64_t i = starts[g] * particles; i < starts[g + 1] * particles; i++)
                if (mask[i]) {
                    some.features.insert(some.features.end(), x + i * inputs, x + (i + 1) * inputs);
                    some.momenta.insert(some.momenta.end(), v + i * 4, v + (i + 1) * 4);
                }
            some.features.resize(some.features.size() + W); // vectors are read whole
            some.lengths.assign(lengths.begin() + starts[g], lengths.begin() + starts[g + 1]);
            some.tokens = some.momenta.size() / 4;
            group(*net, some, logits + starts[g] * net->classes, scratch);
        }
        bytes = scratch.bytes() + sizeof(float) * (some.features.capacity() + some.momenta.capacity());
    }
    return bytes;
}

// Whether this processor multiplies bfloat16 numbers. To be asked before it is to.
extern "C" int prepare_bf16() {
#ifdef __AVX512BF16__
    ask_for_tiles();
    return 1;
#else
    return 0;
#endif
}
