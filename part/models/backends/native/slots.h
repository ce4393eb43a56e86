// LinParT's slots: learned mixtures of a jet's particles, weighted by their rank in pT, which replace the particles as
// keys and values.
//
// Shapes: n particles, K slots, R ranks, D channels, H heads.

#pragma once
#include "attention.h"

// The mixing weights (K, R) restricted to the ranks of one jet's particles, and their transpose.
struct SlotMixing {
    std::vector<float> weights, transposed; // (K, n), (n, K)
    int64_t slots, n;
    SlotMixing(const float *all_ranks, int64_t slots, int64_t ranks, const int64_t *rank, int64_t n)
        : weights(slots * n), transposed(slots * n), slots(slots), n(n) {
        for (int64_t s = 0; s < slots; s++)
            for (int64_t i = 0; i < n; i++)
                weights[s * n + i] = transposed[i * slots + s] = all_ranks[s * ranks + rank[i]];
    }
};

// y (rows, columns) = x (rows, inputs) w (inputs, columns), or += if `add`. columns are a multiple of W.
static void matmul(MatrixView x, int64_t rows, MatrixView w, int64_t inputs, float *y, int64_t stride, int64_t columns,
                   bool add) {
    const float zeros[W] = {};
    for (int64_t c = 0; c < columns; c += W) {
        MatrixView start = add ? MatrixView{y + c, stride} : MatrixView{zeros, 0};
        panel<Float32, IDENTITY, 1, 1>(x, rows, {w.data + c, w.stride}, inputs, start, y + c, stride);
    }
}

// Keys and values of particles (n, 2 D) -> of slots (K, 2 D).
static void mix_keys_and_values(const SlotMixing &m, MatrixView kv, int64_t columns, float *y) {
    matmul({m.weights.data(), m.n}, m.slots, kv, m.n, y, columns, columns, false);
}

// Bias to particles [H][n][padded n] -> bias to slots [H][K][padded n].
static void mix_bias(const SlotMixing &m, int64_t heads, const float *bias, float *y) {
    int64_t stride = padded(m.n);
    for (int64_t h = 0; h < heads; h++, bias += m.n * stride, y += m.slots * stride)
        matmul({m.weights.data(), m.n}, m.slots, {bias, stride}, m.n, y, stride, stride, false);
}

// The backward pass of both: the gradients of keys and values d_kv (n, 2 D), of the bias, and of the mixing weights
// d_mixing (K, R) are added to. bias: null where the model's bias is to slots from the start and was not mixed.
static void mix_backward(const SlotMixing &m, int64_t heads, MatrixView kv, int64_t columns, const float *d_slots,
                         float *d_kv, const float *bias, const float *d_slot_bias, float *d_bias, const int64_t *rank,
                         int64_t ranks, float *d_mixing) {
    int64_t stride = padded(m.n), n = m.n, slots = m.slots;
    matmul({m.transposed.data(), slots}, n, {d_slots, columns}, slots, d_kv, kv.stride, columns, true);
    for (int64_t h = 0; bias && h < heads; h++)
        matmul({m.transposed.data(), slots}, n, {d_slot_bias + h * slots * stride, stride}, slots,
               d_bias + h * n * stride, stride, stride, true);
    for (int64_t s = 0; s < slots; s++)
        for (int64_t i = 0; i < n; i++) {
            Vec total = {};
            const float *d_slot = d_slots + s * columns, *particle = kv.data + i * kv.stride;
            for (int64_t c = 0; c < columns; c += W) total += load(d_slot + c) * load(particle + c);
            for (int64_t h = 0; bias && h < heads; h++)
                for (int64_t c = 0; c < stride; c += W)
                    total += load(d_slot_bias + (h * slots + s) * stride + c) * load(bias + (h * n + i) * stride + c);
            d_mixing[s * ranks + rank[i]] += sum(total);
        }
}
