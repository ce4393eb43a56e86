// The interaction bias of a group of jets, forward and backward: between particles, or from particles to slots.
//
// Shapes: n particles of a jet, P pairs, K slots, H heads.

#pragma once
#include "pair_bias.h"
#include "training_net.h"

// Calls each(pair, its position in the bias, its mirrored position or the same again) for all pairs of a jet.
template <class Each>
static void for_each_pair(const TrainingNet &net, const TrainingGroup &jets, int64_t n, Each each) {
    int64_t pair = 0;
    for (int64_t i = 0; i < n; i++)
        if (jets.slot_features)
            for (int64_t s = 0; s < net.slots; s++, pair++) each(pair, s * padded(n) + i, s * padded(n) + i);
        else
            for (int64_t j = 0; j <= i; j++, pair++) each(pair, i * padded(n) + j, j * padded(n) + i);
}

static int64_t pair_count(const TrainingNet &net, const TrainingGroup &jets, int64_t n) {
    return jets.slot_features ? n * net.slots : n * (n + 1) / 2;
}

// Pair features of particles and slots (n, K, 4) -> bias [H][K][padded n].
static void slot_bias(const TrainingNet &net, const TrainingGroup &jets, const float *features, int64_t n, float *bias,
                      Tape &tape, Worker &worker) {
    int64_t rows = pair_count(net, jets, n), outputs = net.pair[net.pair_layers - 1].padded_out;
    const float *x = features;
    for (int64_t l = 0; l < net.pair_layers; l++) {
        float *y = reserve(l % 2 ? tape.b : tape.a, rows * net.pair[l].padded_out);
        apply_linear<GELU>(net.pair[l].forward, x, rows, y, worker.s);
        x = y;
    }
    for_each_pair(net, jets, n, [&](int64_t pair, int64_t position, int64_t) {
        for (int64_t h = 0; h < net.heads; h++) bias[h * net.slots * padded(n) + position] = x[pair * outputs + h];
    });
}

// From the gradient of a jet's bias to those of the pair MLP and, unless d_features is null, of the pair features. The
// MLP's activations are computed again: to keep them for all pairs would take more memory than the cache holds.
static void pair_mlp_backward(const TrainingNet &net, const TrainingGroup &jets, const float *features, int64_t n,
                              const float *d_bias, float *d_features, Tape &tape, Worker &worker) {
    int64_t pairs = pair_count(net, jets, n), layers = net.pair_layers, outputs = net.pair[layers - 1].padded_out;
    int64_t head_size = jets.bias_keys(net, n) * padded(n);
    float *d_output = reserve_zeros(tape.c, pairs * outputs);
    for_each_pair(net, jets, n, [&](int64_t pair, int64_t position, int64_t mirrored) {
        for (int64_t h = 0; h < net.heads; h++)
            d_output[pair * outputs + h] = d_bias[h * head_size + position] +
                                           (position == mirrored ? 0 : d_bias[h * head_size + mirrored]);
    });
    for (int64_t start = 0; start < pairs; start += PAIR_CHUNK) {
        int64_t rows = std::min(PAIR_CHUNK, pairs - start);
        const float *x = features + 4 * start;
        for (int64_t l = 0; l < layers; l++) {
            float *y = reserve(tape.embed_linear[l], rows * net.pair[l].padded_out);
            apply_linear<IDENTITY>(net.pair[l].forward, x, rows, y, worker.s);
            x = reserve(tape.embed_normed[l], rows * net.pair[l].padded_out);
            gelu_forward(y, rows * net.pair[l].padded_out, tape.embed_normed[l].data());
        }
        float *d = d_output + start * outputs;
        for (int64_t l = layers - 1; l >= 0; l--) {
            gelu_backward(tape.embed_linear[l].data(), rows * net.pair[l].padded_out, d);
            float *next = l || d_features ? reserve(l % 2 ? tape.b : tape.a, rows * net.pair[l].padded_in) : nullptr;
            linear_backward(net.pair[l], d, l ? tape.embed_normed[l - 1].data() : features + 4 * start, rows, next,
                            worker);
            d = next;
        }
        for (int64_t r = 0; d && r < rows; r++)
            std::copy_n(d + r * net.pair[0].padded_in, 4, d_features + 4 * (start + r));
    }
}

// The values of all pairs (P, H) of a group -> their places in the bias.
static void place_values(const TrainingNet &net, const TrainingGroup &jets, float *bias) {
    const float *values = jets.pair_values;
    for (int64_t n : jets.lengths) {
        int64_t head_size = n * padded(n);
        for_each_pair(net, jets, n, [&](int64_t pair, int64_t position, int64_t mirrored) {
            for (int64_t h = 0; h < net.heads; h++)
                bias[h * head_size + position] = bias[h * head_size + mirrored] = values[pair * net.heads + h];
        });
        values += pair_count(net, jets, n) * net.heads, bias += net.heads * head_size;
    }
}

static void collect_value_gradients(const TrainingNet &net, const TrainingGroup &jets, const float *d_bias) {
    float *d_values = jets.d_pair_values;
    for (int64_t n : jets.lengths) {
        int64_t head_size = n * padded(n);
        for_each_pair(net, jets, n, [&](int64_t pair, int64_t position, int64_t mirrored) {
            for (int64_t h = 0; h < net.heads; h++)
                d_values[pair * net.heads + h] = d_bias[h * head_size + position] +
                                                 (position == mirrored ? 0 : d_bias[h * head_size + mirrored]);
        });
        d_values += pair_count(net, jets, n) * net.heads, d_bias += net.heads * head_size;
    }
}

// The bias of a group, jet after jet, in the tape; its gradient begins as zeros.
static void group_bias(const TrainingNet &net, const TrainingGroup &jets, Tape &tape, Worker &worker) {
    int64_t size = 0;
    for (int64_t n : jets.lengths) size += net.heads * jets.bias_keys(net, n) * padded(n);
    float *bias = reserve_zeros(tape.bias, size);
    reserve_zeros(tape.d_bias, size);
    if (jets.pair_values) return place_values(net, jets, bias);
    const float *v = jets.momenta, *features = jets.slot_features;
    std::vector<Linear> mlp;
    for (int64_t l = 0; l < net.pair_layers; l++) mlp.push_back(net.pair[l].forward), mlp.back().activation = GELU;
    for (int64_t n : jets.lengths) {
        if (features) slot_bias(net, jets, features, n, bias, tape, worker), features += 4 * n * net.slots;
        else pair_bias(mlp.data(), net.pair_layers, net.heads, v, n, bias, worker.s);
        v += 4 * n, bias += net.heads * jets.bias_keys(net, n) * padded(n);
    }
}

static void group_bias_backward(const TrainingNet &net, const TrainingGroup &jets, Tape &tape, Worker &worker) {
    if (jets.pair_values) return collect_value_gradients(net, jets, tape.d_bias.data());
    const float *v = jets.momenta, *d_bias = tape.d_bias.data(), *features = jets.slot_features;
    float *d_features = jets.d_slot_features;
    for (int64_t n : jets.lengths) {
        int64_t pairs = pair_count(net, jets, n);
        float *of_jet = worker.s.get(worker.s.features, 4 * pairs + W);
        if (features) std::copy_n(features, 4 * pairs, of_jet), features += 4 * pairs; // loads read whole vectors
        else own_pair_features(v, n, worker.s);
        pair_mlp_backward(net, jets, of_jet, n, d_bias, d_features, tape, worker);
        v += 4 * n, d_bias += net.heads * jets.bias_keys(net, n) * padded(n);
        if (d_features) d_features += 4 * pairs;
    }
}
