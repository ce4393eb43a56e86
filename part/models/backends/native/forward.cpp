// ParT's forward pass for inference, on packed tokens: without padding, one group of jets at a time, so that a group's
// activations stay in the cache.
//
// The scales and shifts of norms are folded into the linear layers that follow them (folding.py). Training has its own
// copy of the blocks (training_blocks.h), which also records what the backward pass needs; keeping that out of here is
// part of this pass's speed.
//
// Shapes: T tokens of a group, F features, D channels, H heads of d channels, n tokens of a jet.

#include "attention.h"
#include "pair_bias.h"
#include <numeric>

// The fields of the next three structs mirror _InferenceBlock, _Embedding and _InferenceNet of forward.py.
struct InferenceBlock {
    Linear qkv, class_query, out, up, down; // class_query: of a class block; its input, the token, is not normalised
    const float *post_scale, *post_shift, *residual;
    int64_t biased; // whether it has the interaction bias
};

// The embedding of a collection of tokens. first: the first of its features among the inputs.
struct Embedding {
    int64_t inputs, first, layers;
    const float *scale, *shift;
    const Linear *linears;
};

struct InferenceNet {
    int64_t width, heads, layers, class_layers, collections, pair_layers, self_pairs, head_layers, classes;
    const float *token; // null: the mean over a jet's tokens takes its place
    const Embedding *embed;
    const Linear *pair, *head; // the last layer of the head gives the logits
    const InferenceBlock *blocks, *class_blocks;
};

// Jets that pass through the network together.
struct InferenceGroup {
    std::vector<float> features, momenta; // (T, F), (T, 4)
    std::vector<int64_t> lengths;
    int64_t tokens, inputs;
};

// What follows the attention in a block: the output projection of the heads is added to x (rows, D), then comes the
// feed-forward part.
static void residual_and_ffn(const InferenceBlock &block, float *x, int64_t rows, int64_t width,
                             const float *head_output, Workspace &s) {
    float *projected = s.get(s.b, rows * width), *normed = s.get(s.a, rows * width);
    apply_linear<IDENTITY>(block.out, head_output, rows, projected, s);
    normalise(projected, rows, width, projected);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++)
            x[r * width + i] += projected[r * width + i] * block.post_scale[i] + block.post_shift[i];
    normalise(x, rows, width, normed);
    float *hidden = s.get(s.hidden, rows * block.up.outputs);
    apply(block.up, normed, rows, hidden, s);
    normalise(hidden, rows, block.up.outputs, hidden);
    apply_linear<IDENTITY>(block.down, hidden, rows, projected, s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++)
            x[r * width + i] = x[r * width + i] * block.residual[i] + projected[r * width + i];
}

// Features (rows, inputs) of tokens of one collection, which are overwritten -> residual stream (rows, D).
static void embed_rows(const Embedding &embedding, float *x, int64_t rows, float *state, Workspace &s) {
    int64_t inputs = embedding.inputs;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t f = 0; f < inputs; f++)
            x[t * inputs + f] = x[t * inputs + f] * embedding.scale[f] + embedding.shift[f];
    for (int64_t l = 0; l < embedding.layers; l++) {
        const Linear &layer = embedding.linears[l];
        float *normed = s.get(s.a, rows * layer.inputs);
        normalise(x, rows, layer.inputs, normed);
        x = l + 1 == embedding.layers ? state : s.get(l % 2 ? s.b : s.hidden, rows * layer.outputs);
        apply(layer, normed, rows, x, s);
    }
}

// Features (T, F), which are overwritten -> residual stream (T, D). With several collections the last features are
// flags, the largest of which says to which collection a token belongs.
static void embed(const InferenceNet &net, InferenceGroup &jets, float *state, Workspace &s) {
    if (net.collections == 1) return embed_rows(net.embed[0], jets.features.data(), jets.tokens, state, s);
    std::vector<int64_t> tokens;
    for (int64_t c = 0; c < net.collections; c++) {
        const Embedding &embedding = net.embed[c];
        float *x = s.get(s.features, jets.tokens * embedding.inputs);
        tokens.clear();
        for (int64_t t = 0; t < jets.tokens; t++) {
            const float *inputs = jets.features.data() + t * jets.inputs, *end = inputs + jets.inputs;
            if (std::max_element(end - net.collections, end) - (end - net.collections) != c) continue;
            std::copy_n(inputs + embedding.first, embedding.inputs, x + tokens.size() * embedding.inputs);
            tokens.push_back(t);
        }
        int64_t rows = tokens.size();
        float *embedded = s.get(s.particles, rows * net.width);
        embed_rows(embedding, x, rows, embedded, s);
        for (int64_t r = 0; r < rows; r++) std::copy_n(embedded + r * net.width, net.width, state + tokens[r] * net.width);
    }
}

// The mean over the states (n, D) of each jet's tokens.
static void mean_states(const InferenceNet &net, const InferenceGroup &jets, const float *state, float *mean) {
    for (int64_t n : jets.lengths) {
        std::fill_n(mean, net.width, 0.f);
        for (int64_t t = 0; t < n; t++, state += net.width)
            for (int64_t i = 0; i < net.width; i++) mean[i] += state[i];
        for (int64_t i = 0; i < net.width; i++) mean[i] /= std::max<int64_t>(1, n);
        mean += net.width;
    }
}

// A particle block on the residual stream (T, D). bias: that of the jets, one after another, or null.
static void particle_block(const InferenceNet &net, const InferenceBlock &block, const InferenceGroup &jets,
                           const float *bias, float *state, Workspace &s) {
    int64_t width = net.width, tokens = jets.tokens, first = 0;
    float *normed = s.get(s.a, tokens * width), *qkv = s.get(s.qkv, tokens * 3 * width);
    float *head_output = s.get(s.head_output, tokens * width);
    normalise(state, tokens, width, normed);
    apply_linear<IDENTITY>(block.qkv, normed, tokens, qkv, s);
    for (int64_t n : jets.lengths) {
        MatrixView q = {qkv + first * 3 * width, 3 * width};
        MatrixView k = {q.data + width, q.stride}, v = {k.data + width, q.stride};
        attend(net.heads, width, q, n, k, v, n, bias, head_output + first * width, s);
        first += n;
        if (bias) bias += net.heads * n * padded(n);
    }
    residual_and_ffn(block, state, tokens, width, head_output, s);
}

// A class block: each jet's class token (D) is the query, the token itself and the jet's particles (n, D) are the keys.
static void class_block(const InferenceNet &net, const InferenceBlock &block, const InferenceGroup &jets,
                        const float *state, float *token, Workspace &s) {
    int64_t width = net.width, count = jets.lengths.size(), keys = jets.tokens + count;
    float *normed = s.get(s.a, keys * width), *kv = s.get(s.qkv, keys * 2 * width), *row = normed;
    float *head_output = s.get(s.head_output, count * width), *q = s.get(s.hidden, count * width);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise(token + b * width, 1, width, row);
        normalise(state, n, width, row + width);
        row += (1 + n) * width;
        state += n * width;
    }
    apply_linear<IDENTITY>(block.qkv, normed, keys, kv, s, width, 3 * width);
    apply_linear<IDENTITY>(block.class_query, token, count, q, s);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        MatrixView k = {kv, 2 * width}, v = {kv + width, 2 * width};
        attend(net.heads, width, {q + b * width, width}, 1, k, v, n, nullptr, head_output + b * width, s);
        kv += n * 2 * width;
    }
    residual_and_ffn(block, token, count, width, head_output, s);
}

// The interaction bias of a group, jet after jet.
static float *pair_biases(const InferenceNet &net, const InferenceGroup &jets, Workspace &s) {
    int64_t size = 0;
    for (int64_t n : jets.lengths) size += net.heads * n * padded(n);
    float *bias = s.get(s.bias, size), *of_jet = bias;
    const float *v = jets.momenta.data();
    for (int64_t n : jets.lengths) {
        pair_bias(net.pair, net.pair_layers, net.heads, net.self_pairs, v, n, of_jet, s);
        v += 4 * n;
        of_jet += net.heads * n * padded(n);
    }
    return bias;
}

// The logits (jets, classes) of a group.
static void forward_group(const InferenceNet &net, InferenceGroup &jets, float *logits, Workspace &s) {
    int64_t width = net.width, count = jets.lengths.size();
    float *state = s.get(s.state, jets.tokens * width), *token = s.get(s.token, count * width);
    embed(net, jets, state, s);
    const float *bias = net.pair_layers ? pair_biases(net, jets, s) : nullptr;
    for (int64_t l = 0; l < net.layers; l++)
        particle_block(net, net.blocks[l], jets, net.blocks[l].biased ? bias : nullptr, state, s);
    if (!net.token) mean_states(net, jets, state, token);
    for (int64_t b = 0; b < count && net.token; b++) std::copy_n(net.token, width, token + b * width);
    for (int64_t l = 0; l < net.class_layers; l++) class_block(net, net.class_blocks[l], jets, state, token, s);
    float *out = s.get(s.a, count * width);
    normalise(token, count, width, out);
    for (int64_t l = 0; l < net.head_layers; l++) {
        const float *x = out;
        out = s.get(l % 2 ? s.hidden : s.b, count * net.head[l].outputs);
        apply(net.head[l], x, count, out, s);
    }
    int64_t outputs = net.head[net.head_layers - 1].outputs;
    for (int64_t b = 0; b < count; b++) std::copy_n(out + b * outputs, net.classes, logits + b * net.classes);
}

// The first jet of each group, and the number of jets at the end. A group has enough tokens to fill a layer's tiles and
// few enough to stay in the cache, or fewer where there are not enough groups for all threads. lengths: of all jets.
static std::vector<int64_t> group_starts(const std::vector<int64_t> &lengths, int64_t threads) {
    int64_t total = std::accumulate(lengths.begin(), lengths.end(), int64_t(0)), tokens = 0;
    int64_t enough = std::min<int64_t>(160, total / threads);
    std::vector<int64_t> starts = {0};
    for (size_t b = 0; b < lengths.size(); b++) {
        tokens += lengths[b];
        if (tokens >= enough || b + 1 == lengths.size()) starts.push_back(b + 1), tokens = 0;
    }
    return starts;
}

// x (B, N, F), v (B, N, 4), mask (B, N) -> logits (B, C). Returns how many bytes were allocated besides these arrays.
extern "C" int64_t forward(const InferenceNet *net, const float *x, const float *v, const bool *mask, float *logits,
                           int64_t jets, int64_t particles, int64_t inputs, int64_t threads) {
    std::vector<int64_t> lengths(jets);
    for (int64_t b = 0; b < jets; b++) lengths[b] = std::count(mask + b * particles, mask + (b + 1) * particles, true);
    const std::vector<int64_t> starts = group_starts(lengths, threads);
    const int64_t groups = starts.size() - 1;
    int64_t bytes = 0;
#pragma omp parallel num_threads(std::max<int64_t>(1, std::min(threads, groups))) reduction(+ : bytes)
    {
        [[maybe_unused]] TileScope tiles;
        Workspace workspace;
        InferenceGroup group;
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < groups; g++) {
            group.features.clear(), group.momenta.clear();
            for (int64_t i = starts[g] * particles; i < starts[g + 1] * particles; i++)
                if (mask[i]) {
                    group.features.insert(group.features.end(), x + i * inputs, x + (i + 1) * inputs);
                    group.momenta.insert(group.momenta.end(), v + i * 4, v + (i + 1) * 4);
                }
            group.features.resize(group.features.size() + W); // loads read whole vectors
            group.lengths.assign(lengths.begin() + starts[g], lengths.begin() + starts[g + 1]);
            group.tokens = group.momenta.size() / 4, group.inputs = inputs;
            forward_group(*net, group, logits + starts[g] * net->classes, workspace);
        }
        bytes = workspace.bytes() + sizeof(float) * (group.features.capacity() + group.momenta.capacity());
    }
    return bytes;
}

// Returns whether this processor multiplies bfloat16 values. To be called before a pass in bf16: it enables AMX.
extern "C" int prepare_bf16() {
#ifdef __AVX512BF16__
    request_amx();
    return 1;
#else
    return 0;
#endif
}
