// The interaction bias of a jet: the features of each pair of particles i >= j, and the small MLP over them.
//
// Shapes: n particles, P = n (n + 1) / 2 pairs in the order of i, then j; H heads.

#pragma once
#include "linear.h"

struct Kinematics {
    float px, py, pz, energy, pt, rapidity, phi;
};

// Four-momenta (n, 4) -> kT, z, Δ and m² of the pairs (P, 4). E² - p² cancels in float32, so the order of operations
// is part of the weights' meaning: it is that of part/models/pair.py, and each product is rounded before it is added (no
// fused multiply-add).
__attribute__((optimize("fp-contract=off"), noinline))
static void pair_features(const float *v, int64_t n, Kinematics *particles, float *y) {
    constexpr float PI = 3.14159265f, TWO_PI = 6.28318531f, FLOOR = 1e-8f;
    for (int64_t i = 0; i < n; i++, v += 4) {
        float px = v[0], py = v[1], pz = v[2], energy = v[3], minus = energy - pz;
        float rapidity = 0.5f * std::log(1 + (2 * pz) / (minus < 1e-20f ? 1e-20f : minus));
        particles[i] = {px, py, pz, energy, std::sqrt(px * px + py * py), rapidity, std::atan2(py, px)};
    }
    for (int64_t i = 0; i < n; i++) {
        const Kinematics a = particles[i];
        for (int64_t j = 0; j <= i; j++, y += 4) {
            const Kinematics &b = particles[j];
            float turn = a.phi - b.phi + PI, dy = a.rapidity - b.rapidity;
            float dphi = (turn < 0 ? turn + TWO_PI : turn >= TWO_PI ? turn - TWO_PI : turn) - PI;
            float delta = std::sqrt(dy * dy + dphi * dphi), softer = b.pt < a.pt ? b.pt : a.pt, sum_pt = a.pt + b.pt;
            float px = a.px + b.px, py = a.py + b.py, pz = a.pz + b.pz, energy = a.energy + b.energy;
            y[0] = softer * delta;
            y[1] = softer / (sum_pt < FLOOR ? FLOOR : sum_pt);
            y[2] = delta;
            y[3] = energy * energy - (px * px + py * py + pz * pz);
        }
    }
}

// Replaces the pair features by their logarithms.
static void take_logarithms(float *y, int64_t size) {
    const Vec floor = broadcast(1e-8f);
    for (int64_t i = 0; i < size; i += W) {
        Vec x = load(y + i);
        store(y + i, logarithm(x < floor ? floor : x));
    }
}

constexpr int64_t PAIR_CHUNK = 128; // pairs whose hidden layers fit into the first-level cache

// Four-momenta (n, 4) of a jet -> bias [H][n][padded n], which is symmetric. mlp: its layers. self_pairs: whether a
// particle has a bias with itself, which is otherwise 0.
static void pair_bias(const Linear *mlp, int64_t layers, int64_t heads, bool self_pairs, const float *v, int64_t n,
                      float *bias, Workspace &s) {
    int64_t pairs = n * (n + 1) / 2, i = 0, j = 0, outputs = mlp[layers - 1].outputs, stride = padded(n);
    float *features = s.get(s.features, 4 * pairs), *particles = s.get(s.particles, 7 * n);
    pair_features(v, n, (Kinematics *)particles, features);
    take_logarithms(features, 4 * pairs);
    for (int64_t start = 0; start < pairs; start += PAIR_CHUNK) {
        int64_t rows = std::min(PAIR_CHUNK, pairs - start);
        const float *x = features + 4 * start;
        for (int64_t l = 0; l < layers; l++) {
            float *y = s.get(l % 2 ? s.b : s.a, rows * mlp[l].outputs);
            apply(mlp[l], x, rows, y, s);
            x = y;
        }
        for (int64_t r = 0; r < rows; r++) {
            for (int64_t h = 0; h < heads; h++)
                bias[(h * n + i) * stride + j] = bias[(h * n + j) * stride + i] = x[r * outputs + h];
            if (j++ == i) i++, j = 0;
        }
    }
    for (int64_t h = 0; h < heads && !self_pairs; h++)
        for (int64_t k = 0; k < n; k++) bias[(h * n + k) * stride + k] = 0;
}
