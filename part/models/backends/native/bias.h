// The bias of a group of jets, forth and back, between particles or from slots to them.
//
// Shapes: n particles of a jet, P pairs, H heads.

#pragma once
#include "net.h"
#include "pairs.h"

// Calls each(pair, one place in the bias, and the other or the same) for all pairs of a jet of n particles.
template <class Each> static void for_pairs(const Net &net, const Jets &jets, int64_t n, Each each) {
    int64_t pair = 0;
    for (int64_t i = 0; i < n; i++)
        if (jets.to_slots)
            for (int64_t s = 0; s < net.slots; s++, pair++) each(pair, s * padded(n) + i, s * padded(n) + i);
        else
            for (int64_t j = 0; j <= i; j++, pair++) each(pair, i * padded(n) + j, j * padded(n) + i);
}

static int64_t pairs_of(const Net &net, const Jets &jets, int64_t n) {
    return jets.to_slots ? n * net.slots : n * (n + 1) / 2;
}

// Pair features of particles and slots -> bias [H][slots][padded n].
static void slot_bias(const Net &net, const Jets &jets, const float *features, int64_t n, float *bias, Tape &tape,
                      Worker &k) {
    int64_t rows = pairs_of(net, jets, n), last = net.pair[net.pairs - 1].tall;
    const float *x = features;
    for (int64_t l = 0; l < net.pairs; l++) {
        float *y = room(l % 2 ? tape.b : tape.a, rows * net.pair[l].tall);
        apply<GELU>(net.pair[l].there, x, rows, y, k.s);
        x = y;
    }
    for_pairs(net, jets, n, [&](int64_t pair, int64_t at, int64_t) {
        for (int64_t h = 0; h < net.heads; h++) bias[h * net.slots * padded(n) + at] = x[pair * last + h];
    });
}

// From the bias's gradient of a jet to the small network's, and to the features' if wanted: it goes forth once more.
static void pair_back(const Net &net, const Jets &jets, const float *features, int64_t n, const float *d_bias,
                      float *d_features, Tape &tape, Worker &k) {
    constexpr int64_t AT_ONCE = 128; // as in pair_bias
    int64_t pairs = pairs_of(net, jets, n), layers = net.pairs, last = net.pair[layers - 1].tall;
    int64_t of_head = jets.keys(net, n) * padded(n);
    float *d_last = zeros(tape.c, pairs * last);
    for_pairs(net, jets, n, [&](int64_t pair, int64_t one, int64_t other) {
        for (int64_t h = 0; h < net.heads; h++)
            d_last[pair * last + h] = d_bias[h * of_head + one] + (one == other ? 0 : d_bias[h * of_head + other]);
    });
    for (int64_t start = 0; start < pairs; start += AT_ONCE) {
        int64_t rows = std::min(AT_ONCE, pairs - start);
        const float *x = features + 4 * start;
        for (int64_t l = 0; l < layers; l++) {
            float *y = room(tape.embed_maps[l], rows * net.pair[l].tall);
            apply<PLAIN>(net.pair[l].there, x, rows, y, k.s);
            x = room(tape.embed_normed[l], rows * net.pair[l].tall);
            gelus(y, rows * net.pair[l].tall, tape.embed_normed[l].data());
        }
        float *d = d_last + start * last;
        for (int64_t l = layers - 1; l >= 0; l--) {
            gelus_back(tape.embed_maps[l].data(), rows * net.pair[l].tall, d);
            float *next = l || d_features ? room(l % 2 ? tape.b : tape.a, rows * net.pair[l].wide) : nullptr;
            back(net.pair[l], d, l ? tape.embed_normed[l - 1].data() : features + 4 * start, rows, next, k);
            d = next;
        }
        for (int64_t r = 0; d && r < rows; r++) std::copy_n(d + r * net.pair[0].wide, 4, d_features + 4 * (start + r));
    }
}

// A group's pair bias, jet after jet, and back.
static void biases(const Net &net, const Jets &jets, Tape &tape, Worker &k) {
    int64_t size = 0;
    for (int64_t n : jets.lengths) size += net.heads * jets.keys(net, n) * padded(n);
    float *bias = zeros(tape.bias, size);
    zeros(tape.d_bias, size);
    const float *v = jets.momenta, *features = jets.to_slots;
    std::vector<Linear> maps;
    for (int64_t l = 0; l < net.pairs; l++) maps.push_back(net.pair[l].there);
    for (int64_t n : jets.lengths) {
        if (features) slot_bias(net, jets, features, n, bias, tape, k), features += 4 * n * net.slots;
        else pair_bias(maps.data(), net.pairs, net.heads, v, n, bias, k.s);
        v += 4 * n, bias += net.heads * jets.keys(net, n) * padded(n);
    }
}

static void biases_back(const Net &net, const Jets &jets, Tape &tape, Worker &k) {
    const float *v = jets.momenta, *d_bias = tape.d_bias.data(), *features = jets.to_slots;
    float *d_features = jets.d_to_slots;
    for (int64_t n : jets.lengths) {
        int64_t pairs = pairs_of(net, jets, n);
        float *own = k.s.get(k.s.features, 4 * pairs + W), *particles = k.s.get(k.s.particles, 7 * n);
        if (features) std::copy_n(features, 4 * pairs, own), features += 4 * pairs; // vectors are read whole
        else pair_numbers(v, n, (Cylindrical *)particles, own), logarithms(own, 4 * pairs);
        pair_back(net, jets, own, n, d_bias, d_features, tape, k);
        v += 4 * n, d_bias += net.heads * jets.keys(net, n) * padded(n);
        if (d_features) d_features += 4 * pairs;
    }
}
