// What enters the blocks in inference: the embedded tokens and the interaction bias of a group of jets.
//
// Shapes: see inference_net.h.

#pragma once
#include "inference_net.h"
#include "landmarks.h"

// Features (rows, inputs) of tokens of one collection, which are overwritten -> residual stream (rows, D).
static void embed_rows(const Embedding &embedding, float *x, int64_t rows, float *state, int64_t stride, Workspace &s) {
    int64_t inputs = embedding.inputs;
    for (int64_t t = 0; t < rows && !embedding.layers; t++) {
        std::copy_n(x + t * inputs, inputs, state + t * stride);
        std::fill(state + t * stride + inputs, state + (t + 1) * stride, 0.f);
    }
    for (int64_t t = 0; t < rows && embedding.layers; t++)
        for (int64_t f = 0; f < inputs; f++)
            x[t * inputs + f] = x[t * inputs + f] * embedding.scale[f] + embedding.shift[f];
    for (int64_t l = 0; l < embedding.layers; l++) {
        const NormedLayer &layer = embedding.linears[l];
        float *y = l + 1 == embedding.layers ? state : s.get(l % 2 ? s.b : s.hidden, rows * layer.linear.outputs);
        apply(layer, x, rows, s.get(s.a, rows * layer.linear.inputs), y, s);
        x = y;
    }
}

// Features (T, F), which are overwritten -> residual stream (T, D). With several collections the last features are
// flags, the largest of which says to which collection a token belongs.
static void embed(const InferenceNet &net, InferenceGroup &jets, float *state, Workspace &s) {
    int64_t stride = net.stride;
    if (net.collections == 1) return embed_rows(net.embed[0], jets.features.data(), jets.tokens, state, stride, s);
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
        float *embedded = s.get(s.particles, rows * stride);
        embed_rows(embedding, x, rows, embedded, stride, s);
        for (int64_t r = 0; r < rows; r++) std::copy_n(embedded + r * stride, stride, state + tokens[r] * stride);
    }
}

// The keys that a bias has in a jet of n particles.
static int64_t bias_keys(const InferenceNet &net, int64_t n) { return net.landmarks ? net.slots : n + net.global_token; }

// The bias [H][key][query] of one jet, from momenta v (n, 4) or given features of its pairs. Logits from and to a
// global token, which is first, have a bias of 0.
static void bias_of_jet(const InferenceNet &net, int64_t heads, const float *v, const float *pairs,
                        const int64_t *rank, int64_t n, float *bias, Workspace &s) {
    int64_t keys = bias_keys(net, n), stride = padded(n + net.global_token), skipped = net.global_token;
    const auto each_head = [&](int64_t query, int64_t key, const float *values) {
        for (int64_t h = 0; h < heads; h++) bias[(h * keys + key) * stride + query] = values ? values[h] : 0;
    };
    if (net.landmarks) {
        const float *features = landmark_features(net.shares, net.slots, net.ranks, rank, v, n, s);
        return pair_mlp(net.pair, net.pair_layers, features, n * net.slots, s, [&](int64_t pair, const float *values) {
            each_head(pair / net.slots, pair % net.slots, values);
        });
    }
    if (!net.given_pairs) pairs = own_pair_features(v, n, s);
    int64_t i = 0, j = 0, count = net.symmetric ? n * (n + 1) / 2 : n * n;
    pair_mlp(net.pair, net.pair_layers, pairs, count, s, [&](int64_t, const float *values) {
        each_head(i + skipped, j + skipped, values);
        if (net.symmetric && i != j) each_head(j + skipped, i + skipped, values);
        if (j++ == (net.symmetric ? i : n - 1)) i++, j = 0;
    });
    for (int64_t k = 0; k < n && net.symmetric && !net.self_pairs; k++) each_head(k + skipped, k + skipped, nullptr);
    for (int64_t k = 0; k <= n && skipped; k++) each_head(0, k, nullptr), each_head(k, 0, nullptr);
}

// The bias of a group, jet after jet.
static float *group_bias(const InferenceNet &net, const InferenceGroup &jets, Workspace &s) {
    int64_t heads = net.blocks[0].heads, size = 0, first = 0;
    for (int64_t n : jets.lengths) size += heads * bias_keys(net, n) * padded(n + net.global_token);
    float *bias = s.get(s.bias, size), *of_jet = bias;
    const float *pairs = jets.pairs;
    for (int64_t n : jets.lengths) {
        bias_of_jet(net, heads, jets.momenta.data() + 4 * first, pairs, jets.ranks.data() + first, n, of_jet, s);
        of_jet += heads * bias_keys(net, n) * padded(n + net.global_token);
        if (net.given_pairs) pairs += net.pair[0].inputs * (net.symmetric ? n * (n + 1) / 2 : n * n);
        first += n;
    }
    return bias;
}
