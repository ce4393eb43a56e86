// LinParT's slots: learned mixtures of a jet's particles, by their ranks in pT, that stand for them as keys and values.
//
// Shapes: n particles, K slots, D channels, H heads.

#pragma once
#include "attention.h"

// A jet's part of the weights (K, ranks), and the same turned.
struct Mixing {
    std::vector<float> weights, turned; // (K, n), (n, K)
    int64_t slots, n;
    Mixing(const float *all, int64_t slots, int64_t ranks, const int64_t *rank, int64_t n)
        : weights(slots * n), turned(slots * n), slots(slots), n(n) {
        for (int64_t s = 0; s < slots; s++)
            for (int64_t i = 0; i < n; i++) weights[s * n + i] = turned[i * slots + s] = all[s * ranks + rank[i]];
    }
};

// y (rows, columns) = or += x (rows, inputs) w (inputs, columns); columns are a multiple of W.
static void multiply(Rows x, int64_t rows, Rows w, int64_t inputs, float *y, int64_t stride, int64_t columns,
                     bool add) {
    const float nothing[W] = {};
    for (int64_t c = 0; c < columns; c += W) {
        Rows start = add ? Rows{y + c, stride} : Rows{nothing, 0};
        panel<Float32, PLAIN, 1, 1>(x, rows, {w.at + c, w.stride}, inputs, start, y + c, stride);
    }
}

// Keys and values (n, 2 D) -> of slots (K, 2 D).
static void to_slots(const Mixing &m, Rows kv, int64_t columns, float *y) {
    multiply({m.weights.data(), m.n}, m.slots, kv, m.n, y, columns, columns, false);
}

// A bias to particles [H][n][padded n] -> to slots [H][K][padded n].
static void bias_to_slots(const Mixing &m, int64_t heads, const float *bias, float *y) {
    int64_t wide = padded(m.n);
    for (int64_t h = 0; h < heads; h++, bias += m.n * wide, y += m.slots * wide)
        multiply({m.weights.data(), m.n}, m.slots, {bias, wide}, m.n, y, wide, wide, false);
}

// Both backwards: d_kv (n, 2 D), d_bias and the gradient of all weights (K, ranks) are added to. bias: null, if it was
// to slots from the beginning.
static void from_slots(const Mixing &m, int64_t heads, Rows kv, int64_t columns, const float *d_slots, float *d_kv,
                       const float *bias, const float *d_slot_bias, float *d_bias, const int64_t *rank, int64_t ranks,
                       float *d_weights) {
    int64_t wide = padded(m.n), n = m.n, slots = m.slots;
    multiply({m.turned.data(), slots}, n, {d_slots, columns}, slots, d_kv, kv.stride, columns, true);
    for (int64_t h = 0; bias && h < heads; h++)
        multiply({m.turned.data(), slots}, n, {d_slot_bias + h * slots * wide, wide}, slots, d_bias + h * n * wide,
                 wide, wide, true);
    for (int64_t s = 0; s < slots; s++)
        for (int64_t i = 0; i < n; i++) {
            Vec total = {};
            const float *of_slot = d_slots + s * columns, *of_particle = kv.at + i * kv.stride;
            for (int64_t c = 0; c < columns; c += W) total += load(of_slot + c) * load(of_particle + c);
            for (int64_t h = 0; bias && h < heads; h++)
                for (int64_t c = 0; c < wide; c += W)
                    total += load(d_slot_bias + (h * slots + s) * wide + c) * load(bias + (h * n + i) * wide + c);
            d_weights[s * ranks + rank[i]] += sum(total);
        }
}
