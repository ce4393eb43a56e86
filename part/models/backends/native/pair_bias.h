// The interaction bias of a jet: the features of each pair of particles i >= j, and the small MLP over them.
//
// Shapes: n particles, P = n (n + 1) / 2 pairs in the order of i, then j; H heads.

#pragma once
#include "linear.h"

struct Kinematics {
    float px, py, pz, energy, pt, rapidity, phi;
};

// E² - p² cancels in float32, so the order of operations in the next two functions is part of the weights' meaning: it is
// that of part/models/pair_features.py, and each product is rounded before it is added (no fused multiply-add).
#define ROUND_PRODUCTS __attribute__((optimize("fp-contract=off"), noinline))

// Four-momenta (n, 4) -> kinematics (n).
ROUND_PRODUCTS static void kinematics(const float *v, int64_t n, Kinematics *particles) {
    for (int64_t i = 0; i < n; i++, v += 4) {
        float px = v[0], py = v[1], pz = v[2], energy = v[3], minus = energy - pz, plus = energy + pz;
        float ratio = 1 + (2 * pz) / (minus < 1e-20f ? 1e-20f : minus);
        // Where rounding leaves no logarithm, the rapidity is that of the mirrored particle with the other sign.
        float rapidity = ratio <= 0 ? -0.5f * std::log(1 + (-2 * pz) / (plus < 1e-20f ? 1e-20f : plus))
                                    : 0.5f * std::log(ratio);
        particles[i] = {px, py, pz, energy, std::sqrt(px * px + py * py), rapidity, std::atan2(py, px)};
    }
}

// kT, z, Δ and m² of the pairs (P, 4): of each particle with those up to itself or, unless m is 0, with m others.
ROUND_PRODUCTS static void pair_features(const Kinematics *particles, int64_t n, const Kinematics *others, int64_t m,
                                         float *y) {
    constexpr float PI = 3.14159265f, TWO_PI = 6.28318531f, FLOOR = 1e-8f;
    for (int64_t i = 0; i < n; i++) {
        const Kinematics a = particles[i];
        for (int64_t j = 0; j < (m ? m : i + 1); j++, y += 4) {
            const Kinematics &b = others[j];
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

// Four-momenta (n, 4) -> the logarithms of the features of all pairs (P, 4), in the workspace.
static const float *own_pair_features(const float *v, int64_t n, Workspace &s) {
    int64_t size = 2 * n * (n + 1);
    Kinematics *particles = (Kinematics *)s.get(s.particles, 7 * n);
    float *features = s.get(s.features, size);
    kinematics(v, n, particles);
    pair_features(particles, n, particles, 0, features);
    take_logarithms(features, size);
    return features;
}

// Calls each(pair, outputs of the MLP) for the features (P, inputs) of P pairs.
template <class Each>
static void pair_mlp(const Linear *mlp, int64_t layers, const float *features, int64_t pairs, Workspace &s, Each each) {
    int64_t outputs = mlp[layers - 1].outputs;
    for (int64_t start = 0; start < pairs; start += PAIR_CHUNK) {
        int64_t rows = std::min(PAIR_CHUNK, pairs - start);
        const float *x = features + start * mlp[0].inputs;
        for (int64_t l = 0; l < layers; l++) {
            float *y = s.get(l % 2 ? s.b : s.a, rows * mlp[l].outputs);
            apply(mlp[l], x, rows, y, s);
            x = y;
        }
        for (int64_t r = 0; r < rows; r++) each(start + r, x + r * outputs);
    }
}

// Four-momenta (n, 4) of a jet -> bias [H][n][padded n], which is symmetric.
static void pair_bias(const Linear *mlp, int64_t layers, int64_t heads, const float *v, int64_t n, float *bias,
                      Workspace &s) {
    int64_t i = 0, j = 0, stride = padded(n);
    pair_mlp(mlp, layers, own_pair_features(v, n, s), n * (n + 1) / 2, s, [&](int64_t, const float *values) {
        for (int64_t h = 0; h < heads; h++)
            bias[(h * n + i) * stride + j] = bias[(h * n + j) * stride + i] = values[h];
        if (j++ == i) i++, j = 0;
    });
}
